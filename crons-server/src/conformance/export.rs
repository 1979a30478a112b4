//! The export, and what deletion leaves of it.

use super::{Written, number, on_every_backend};
use crate::Settings;
use crate::store::CheckInFilter;

fn write(written: &Written) {
    written.send("pear", "a", 1, "error");
    written.send("apple", "b", 2, "in_progress");
    written.send("apple", "a", 3, "error");
    written.advance("10:00:10");
    written.send("pear", "a", 4, "error");
    written.send("apple", "b", 2, "error");
}

#[test]
fn an_export_has_all_of_a_monitor_or_of_all_in_order_of_arrival() {
    on_every_backend(&Settings::default(), |written| {
        write(written);
        for (slug, runs, environments, incidents, occurrences) in [
            (
                None,
                vec![1, 2, 3, 4],
                vec!["pear/a", "apple/b", "apple/a"],
                vec!["pear", "apple", "apple"],
                vec![1, 3, 4, 2],
            ),
            (Some("apple"), vec![2, 3], vec!["apple/b", "apple/a"], vec!["apple", "apple"], vec![3, 2]),
            (Some("fig"), vec![], vec![], vec![], vec![]),
        ] {
            let export = written.queries.export(slug).unwrap();
            let found: Vec<_> = export.check_ins.iter().map(|(.., run)| number(run.guid)).collect();
            assert_eq!(found, runs, "{slug:?}");
            let found: Vec<_> =
                export.environments.iter().map(|(slug, row)| format!("{slug}/{}", row.name)).collect();
            assert_eq!(found, environments, "{slug:?}");
            let found: Vec<_> = export.incidents.iter().map(|(slug, ..)| slug.as_str()).collect();
            assert_eq!(found, incidents, "{slug:?}");
            let found: Vec<_> = export.occurrences.iter().map(|(.., row)| number(row.check_in)).collect();
            assert_eq!(found, occurrences, "{slug:?}");
            assert!(export.last_heartbeat.is_some());
        }
    });
}

#[test]
fn what_is_deleted_is_in_no_query_and_is_purged_soon() {
    on_every_backend(&Settings::default(), |written| {
        write(written);
        assert!(!written.queries.has_deleted().unwrap());
        let incident =
            written.queries.incidents(super::incidents_of("pear"), super::FIRST).unwrap().items.remove(0);
        written.delete("/monitors/pear/");
        written.delete("/monitors/apple/?environment=b");
        let queries = &written.queries;
        assert!(!queries.has_monitor("pear").unwrap());
        assert!(queries.check_ins("pear", &CheckInFilter::default(), super::FIRST).unwrap().is_none());
        assert!(queries.incident(incident.incident.guid).unwrap().is_none());
        assert_eq!(queries.incidents(super::incidents_of("pear"), super::FIRST).unwrap().items, []);
        let monitors = queries.summaries().unwrap();
        assert_eq!((monitors.len(), monitors[0].environments.len()), (1, 1));
        let export = queries.export(None).unwrap();
        let found: Vec<_> = export.check_ins.iter().map(|(.., run)| number(run.guid)).collect();
        assert_eq!((found, export.environments.len(), export.incidents.len()), (vec![3], 1, 1));
        super::eventually(|| !queries.has_deleted().unwrap());
    });
}
