//! Conformance of monitors and their environments.

use serde_json::json;

use super::{Written, instant, on_every_backend, time};
use crate::Settings;
use crate::store::EnvironmentView;

fn slugs(written: &Written) -> Vec<String> {
    written.queries.summaries().unwrap().into_iter().map(|monitor| monitor.slug).collect()
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
        // Slugs are in the order of bytes: `-` comes before `_`.
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
        let page = written.queries.monitors_named(&["job".to_owned()]).unwrap();
        assert_eq!(page, std::slice::from_ref(&view), "the list has the same as the query of one");

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
        let id = written.queries.monitor("job").unwrap().unwrap().monitor.guid;
        assert_eq!(written.queries.slug_of(id).unwrap().as_deref(), Some("job"));
        assert_eq!(written.queries.slug_of(uuid::Uuid::nil()).unwrap(), None);
        for other in ["", "jo", "JOB", "job-1", "job%"] {
            assert!(!written.queries.has_monitor(other).unwrap(), "{other}");
            assert!(written.queries.monitor(other).unwrap().is_none(), "{other}");
        }
        written.put("/monitors/job/", &json!({"status": "disabled"}));
        assert!(!written.queries.monitor("job").unwrap().unwrap().monitor.enabled);
        written.queries.check().unwrap();
    });
}

#[test]
fn all_that_a_person_sets_is_kept() {
    on_every_backend(&Settings::default(), |written| {
        let config = json!({"schedule": [2, "hour"], "timezone": "Europe/Vienna", "checkin_margin": 3});
        let new =
            json!({"name": "A \"b\"", "slug": "job", "owner": "team:ops", "isMuted": true, "config": config});
        let path = written.url(&format!("{}/monitors/", super::API));
        assert_eq!(written.agent.post(path).send(new.to_string()).unwrap().status(), 201);
        let view = written.queries.monitor("job").unwrap().unwrap();
        assert_eq!((view.monitor.name(), view.monitor.owner.as_deref()), ("A \"b\"", Some("team:ops")));
        assert_eq!(view.monitor.configured.by, crate::domain::Author::Person);
        assert_eq!(view.monitor.configured.at, instant("10:00:00"));
        assert_eq!(view.monitor.config.checkin_margin, Some(3));
        assert!(view.is_muted() && view.environments.is_empty() && !view.monitor.upserting);
        written.send("job", "production", 1, "error");
        written.advance("10:05:00");
        let usage = || written.queries.usage(Some("other"), instant("09:00:00"), super::FIRST).unwrap().items;
        written.put("/monitors/job/", &json!({"slug": "other", "name": null, "config": {"max_runtime": 7}}));
        let renamed = written.queries.monitor("other").unwrap().unwrap();
        assert_eq!((renamed.monitor.name(), renamed.monitor.guid), ("other", view.monitor.guid));
        assert_eq!(renamed.monitor.configured.at, instant("10:05:00"));
        assert_eq!(renamed.environments.len(), 1);
        assert_eq!(usage().iter().map(|row| row.count).sum::<u32>(), 1);
        let summary = &written.queries.summaries().unwrap()[0];
        assert_eq!((summary.id, summary.name.as_str()), (view.monitor.guid, "other"));
        assert_eq!(summary.environments[0].last_check_in, Some(instant("10:00:00")));
    });
}
