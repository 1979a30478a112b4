//! Lists of check-ins.

use super::{FIRST, Written, in_pages, number, on_every_backend};
use crate::Settings;

/// The numbers and environments of the check-ins of `job`.
fn listed(written: &Written, environment: Option<&str>) -> Vec<(u128, String)> {
    in_pages(|page| {
        let page = written.queries.check_ins("job", environment, page).unwrap().unwrap();
        let row = |view: crate::store::CheckInView| (number(view.check_in.guid), view.environment);
        (page.items.into_iter().map(row).collect(), page.more)
    })
}

#[test]
fn check_ins_come_newest_first_ties_by_later_arrival() {
    on_every_backend(&Settings::default(), |written| {
        written.send("other", "a", 90, "ok");
        written.send("job", "a", 3, "ok");
        written.send("job", "b", 1, "in_progress");
        written.send("job", "a", 2, "ok");
        written.advance("10:00:30");
        written.send("job", "b", 4, "ok");
        // The end of a run changes no place: what counts is the start.
        written.send("job", "b", 1, "ok");
        let row = |number: u128, environment: &str| (number, environment.to_owned());
        assert_eq!(listed(written, None), [row(4, "b"), row(2, "a"), row(1, "b"), row(3, "a")]);
        assert_eq!(listed(written, Some("b")), [row(4, "b"), row(1, "b")]);
        assert_eq!(listed(written, Some("c")), []);
        assert!(written.queries.check_ins("nothing", None, FIRST).unwrap().is_none());
    });
}

#[test]
fn a_check_in_is_read_as_it_was_written() {
    on_every_backend(&Settings::default(), |written| {
        written.send("job", "a", 1, "in_progress");
        written.advance("10:01:30");
        written.send("job", "a", 1, "ok");
        let page = written.queries.check_ins("job", None, FIRST).unwrap().unwrap();
        let run = &page.items[0].check_in;
        assert_eq!((run.status.as_str(), run.duration_ms), ("ok", Some(90_000)));
        let times =
            [Some(run.date_added), run.date_in_progress, Some(run.date_updated), Some(run.date_clock)];
        let times: Vec<_> = times.into_iter().flatten().map(super::time).collect();
        assert_eq!(times, ["10:00:00", "10:00:00", "10:01:30", "10:00:00"]);
        assert_eq!(run.config.max_runtime, Some(10_080));
    });
}

#[test]
fn runs_are_read_from_a_place_on_in_the_order_of_check_ins() {
    on_every_backend(&Settings::default(), |written| {
        written.send("other", "a", 90, "ok");
        for (number, environment) in [(3, "a"), (1, "b"), (2, "a"), (5, "b")] {
            written.send("job", environment, number, "ok");
        }
        written.advance("10:00:30");
        written.send("job", "b", 4, "ok");
        for environment in [None, Some("a"), Some("b"), Some("c")] {
            let mut found = Vec::new();
            let mut after = None;
            loop {
                let page = written.queries.runs("job", environment, after, 2).unwrap().unwrap();
                after = page.items.last().map(|view| view.place).or(after);
                found.extend(
                    page.items
                        .iter()
                        .map(|view| (number(view.run.check_in.guid), view.run.environment.clone())),
                );
                if !page.more {
                    break;
                }
                assert_eq!(page.items.len(), 2);
            }
            assert_eq!(found, listed(written, environment), "{environment:?}");
        }
        assert!(written.queries.runs("nothing", None, None, 2).unwrap().is_none());
    });
}
