//! Conformance of incidents, and of their occurrences.

use uuid::Uuid;

use super::{Written, in_pages, instant, number, on_every_backend, time};
use crate::Settings;
use crate::store::{IncidentFilter, IncidentView};

/// The monitor and the start of each incident that the filter takes.
fn listed(written: &Written, filter: IncidentFilter<'_>) -> Vec<(String, String)> {
    in_pages(|page| {
        let page = written.queries.incidents(filter, page).unwrap();
        let row = |view: IncidentView| {
            (format!("{}/{}", view.monitor_slug, view.environment), time(view.incident.started_at))
        };
        (page.items.into_iter().map(row).collect(), page.more)
    })
}

fn write(written: &Written) {
    written.send("apple", "a", 1, "error");
    written.send("pear", "a", 2, "error");
    written.send("apple", "b", 3, "error");
    written.advance("10:00:10");
    written.send("apple", "a", 4, "ok");
    written.send("pear", "a", 5, "error");
    written.advance("10:00:20");
    written.send("apple", "a", 6, "error");
}

#[test]
fn incidents_come_newest_first_ties_by_later_opening() {
    on_every_backend(&Settings::default(), |written| {
        write(written);
        let all = IncidentFilter::default();
        let row = |place: &str, start: &str| (place.to_owned(), start.to_owned());
        let [again, apple_b, pear, apple] = [
            row("apple/a", "10:00:20"),
            row("apple/b", "10:00:00"),
            row("pear/a", "10:00:00"),
            row("apple/a", "10:00:00"),
        ];
        for (case, filter, expected) in [
            ("all", all, vec![&again, &apple_b, &pear, &apple]),
            (
                "of a monitor",
                IncidentFilter { monitor_slug: Some("apple"), ..all },
                vec![&again, &apple_b, &apple],
            ),
            (
                "of an environment",
                IncidentFilter { environment: Some("a"), ..all },
                vec![&again, &pear, &apple],
            ),
            ("open", IncidentFilter { resolved: Some(false), ..all }, vec![&again, &apple_b, &pear]),
            ("resolved", IncidentFilter { resolved: Some(true), ..all }, vec![&apple]),
            (
                "before",
                IncidentFilter { before: Some(instant("10:00:20")), ..all },
                vec![&apple_b, &pear, &apple],
            ),
            ("none", IncidentFilter { monitor_slug: Some("fig"), ..all }, vec![]),
        ] {
            assert_eq!(listed(written, filter).iter().collect::<Vec<_>>(), expected, "{case}");
        }
    });
}

#[test]
fn an_incident_has_its_failures_oldest_first() {
    on_every_backend(&Settings::default(), |written| {
        write(written);
        let filter = IncidentFilter { monitor_slug: Some("pear"), ..IncidentFilter::default() };
        let found = written.queries.incidents(filter, super::FIRST).unwrap().items.remove(0);
        let detail = written.queries.incident(found.incident.guid).unwrap().unwrap();
        assert_eq!(detail.view, found);
        let failures: Vec<_> = detail.occurrences.iter().map(|failure| number(failure.check_in)).collect();
        assert_eq!(failures, [2, 5]);
        assert_eq!(detail.view.incident.failures.error, 2);
        assert!(written.queries.incident(Uuid::from_u128(7)).unwrap().is_none());
    });
}
