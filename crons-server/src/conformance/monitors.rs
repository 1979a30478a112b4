//! Monitors and their environments.

use serde_json::json;

use super::{Written, in_pages, instant, on_every_backend, time};
use crate::Settings;
use crate::store::EnvironmentView;

fn slugs(written: &Written) -> Vec<String> {
    in_pages(|page| {
        let page = written.queries.monitors(page).unwrap();
        (page.items.iter().map(|view| view.monitor.slug.to_string()).collect(), page.more)
    })
}

fn names(environments: &[EnvironmentView]) -> Vec<&str> {
    environments.iter().map(|view| view.environment.name.as_str()).collect()
}

#[test]
fn monitors_come_in_the_order_of_slugs() {
    on_every_backend(&Settings::default(), |written| {
        assert_eq!(slugs(written), Vec::<String>::new());
        for (number, slug) in (1..).zip(["pear", "fig-2", "fig", "apple", "fig_1"]) {
            written.send(slug, "production", number, "ok");
        }
        // In the order of bytes: `-` comes before `_`.
        assert_eq!(slugs(written), ["apple", "fig", "fig-2", "fig_1", "pear"]);
    });
}

#[test]
fn environments_that_need_attention_come_first() {
    on_every_backend(&Settings::default(), |written| {
        written.send("job", "new", 1, "in_progress");
        written.send("job", "well-b", 2, "ok");
        written.send("job", "well-a", 3, "ok");
        written.send("job", "muted", 4, "error");
        written.send("job", "failing", 5, "error");
        written.advance("10:00:10");
        written.send("job", "later", 6, "ok");
        written.send("job", "failing", 7, "error");
        written.put("/monitors/job/environments/muted/", &json!({"isMuted": true}));
        let view = written.queries.monitor("job").unwrap().unwrap();
        assert_eq!(names(&view.environments), ["failing", "later", "well-a", "well-b", "new", "muted"]);
        let page = written.queries.monitors(super::FIRST).unwrap();
        assert_eq!(page.items, std::slice::from_ref(&view), "the list has the same as the query of one");

        let failing = &view.environments[0];
        assert_eq!(failing.incident_since, Some(instant("10:00:00")));
        let newest = failing.newest.as_ref().unwrap();
        assert_eq!((super::number(newest.guid), time(newest.date_added).as_str()), (7, "10:00:10"));
        assert_eq!(view.environments[1].incident_since, None);
    });
}

#[test]
fn a_monitor_is_found_by_its_slug_and_no_other() {
    on_every_backend(&Settings::default(), |written| {
        written.send("job", "production", 1, "ok");
        assert!(written.queries.has_monitor("job").unwrap());
        for other in ["", "jo", "JOB", "job-1", "job%"] {
            assert!(!written.queries.has_monitor(other).unwrap(), "{other}");
            assert!(written.queries.monitor(other).unwrap().is_none(), "{other}");
        }
        written.put("/monitors/job/", &json!({"status": "disabled"}));
        assert!(!written.queries.monitor("job").unwrap().unwrap().monitor.enabled);
        written.queries.check().unwrap();
    });
}
