//! Conformance of summaries of monitors, and of their runs by time.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Written, instant, number, on_every_backend, time};
use crate::Settings;
use crate::domain::{EnvironmentStatus, Status};
use crate::store::{Activity, Buckets, RunMark};

/// The four hours from 08:00 on, by ten minutes.
fn buckets() -> Buckets {
    Buckets { since: instant("08:00:00"), length: SignedDuration::from_mins(10), count: 24 }
}

fn activity(written: &Written, slug: &str) -> Vec<Activity> {
    written.queries.activity(&[slug.to_owned()], buckets()).unwrap()
}

fn marks(runs: &[RunMark]) -> Vec<(Status, String, Option<String>)> {
    runs.iter().map(|run| (run.status, time(run.started), run.ended.map(time))).collect()
}

fn at(instant: Timestamp) -> String {
    time(instant)
}

#[test]
fn a_summary_has_the_newest_run_and_the_newest_failure() {
    on_every_backend(&Settings::default(), |written| {
        assert_eq!(written.queries.summaries().unwrap(), []);
        written.send("b-job", "production", 1, "ok");
        written.send("a-job", "staging", 2, "error");
        written.send("a-job", "production", 3, "ok");
        written.advance("10:01:00");
        written.send("a-job", "staging", 4, "in_progress");
        written.put("/monitors/b-job/", &json!({"status": "disabled", "isMuted": true}));
        let found = written.queries.summaries().unwrap();
        let shown: Vec<_> = found
            .iter()
            .flat_map(|monitor| monitor.environments.iter().map(move |row| (monitor, row)))
            .map(|(monitor, row)| {
                let slug = monitor.slug.as_str();
                (slug, monitor.enabled, row.name.as_str(), row.muted, row.status, row.newest, row.failing)
            })
            .collect();
        let (well, error) = (EnvironmentStatus::Ok, EnvironmentStatus::Error);
        assert_eq!(
            shown,
            [
                ("a-job", true, "production", false, well, Some(Status::Ok), None),
                ("a-job", true, "staging", false, error, Some(Status::InProgress), Some(Status::Error)),
                ("b-job", false, "production", true, well, Some(Status::Ok), None),
            ]
        );
        let view = written.queries.monitor("a-job").unwrap().unwrap();
        assert_eq!(
            view.environments.iter().map(|row| row.failing).collect::<Vec<_>>(),
            [Some(Status::Error), None]
        );
    });
}

#[test]
fn monitors_are_found_by_their_slugs_and_come_in_order() {
    on_every_backend(&Settings::default(), |written| {
        for (number, slug) in (1..).zip(["c", "a", "b"]) {
            written.send(slug, "production", number, "ok");
        }
        let named = |slugs: &[&str]| -> Vec<String> {
            let slugs: Vec<String> = slugs.iter().map(|slug| (*slug).to_owned()).collect();
            let found = written.queries.monitors_named(&slugs).unwrap();
            found.iter().map(|view| view.monitor.slug.to_string()).collect()
        };
        assert_eq!(named(&["c", "a", "nobody", "\"'"]), ["a", "c"]);
        assert_eq!(named(&[]), Vec::<String>::new());
    });
}

#[test]
fn a_bucket_has_its_failures_by_kind_and_else_one_run() {
    on_every_backend(&Settings::default(), |written| {
        let finished = |number: u32, status: &str| {
            written.send_payload(&json!({"monitor_slug": "job", "status": status, "duration": 1.5,
                "check_in_id": format!("{number:032x}"),
                "monitor_config": {"schedule": {"type": "crontab", "value": "0 0 1 1 *"}, "max_runtime": 30}}));
        };
        // The runs from 10:00 went well, except one in progress before them, which times out at 10:31.
        finished(1, "in_progress");
        written.advance("10:01:00");
        finished(2, "ok");
        written.advance("10:02:00");
        finished(3, "ok");
        // The runs from 10:10 are a failure between two successes, twice.
        for (number, minute, status) in [(4, 10, "ok"), (5, 11, "error"), (6, 12, "ok"), (7, 13, "error")] {
            written.advance(&format!("10:{minute}:00"));
            finished(number, status);
        }
        // The runs from 10:20 are one in progress before one that went well.
        written.advance("10:20:00");
        finished(8, "in_progress");
        written.advance("10:21:00");
        finished(9, "ok");
        let found = activity(written, "job");
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((one.monitor_slug.as_str(), one.environment.as_str()), ("job", "production"));
        let ended = |time: &str| Some(time.to_owned());
        let before: Vec<_> = vec![
            (Status::Ok, "10:01:00".to_owned(), ended("10:01:01")),
            (Status::Error, "10:11:00".to_owned(), ended("10:11:01")),
            (Status::Ok, "10:21:00".to_owned(), ended("10:21:01")),
        ];
        assert_eq!(marks(&one.runs), before);
        assert_eq!(one.durations_ms, [1_500; 7]);
        // The run of 10:00 has timed out, and the bucket shows that.
        written.advance("10:32:00");
        let after = marks(&activity(written, "job")[0].runs);
        assert_eq!(after[0].0, Status::Timeout);
        assert_eq!(after[1..], before[1..]);
    });
}

#[test]
fn a_run_that_began_before_the_buckets_reaches_into_them() {
    on_every_backend(&Settings::default(), |written| {
        written.send("job", "production", 1, "in_progress");
        written.send("other", "production", 2, "ok");
        let later = Buckets { since: instant("10:30:00"), ..buckets() };
        let found = |slug: &str| written.queries.activity(&[slug.to_owned()], later).unwrap();
        assert_eq!(marks(&found("job")[0].runs), [(Status::InProgress, "10:00:00".to_owned(), None)]);
        assert_eq!(marks(&found("other")[0].runs), []);
        written.advance("11:00:00");
        written.send("job", "production", 1, "ok");
        assert_eq!(
            marks(&found("job")[0].runs),
            [(Status::Ok, "10:00:00".to_owned(), Some("11:00:00".to_owned()))]
        );
    });
}

#[test]
fn of_a_short_while_failures_come_before_other_runs() {
    on_every_backend(&Settings::default(), |written| {
        for (number, status) in (1..).zip(["ok", "ok", "error", "ok", "error"]) {
            written.send("job", "production", number, status);
            written.advance(&format!("10:0{number}:00"));
        }
        written.send("job", "staging", 9, "ok");
        let found = |environment: Option<&str>, since: &str, until: &str, limit: u32| -> Vec<u128> {
            let (since, until) = (instant(since), instant(until));
            let found = written.queries.runs_between("job", environment, since, until, limit).unwrap();
            found.iter().map(|view| number(view.check_in.guid)).collect()
        };
        assert_eq!(found(None, "10:00:00", "11:00:00", 10), [3, 5, 1, 2, 4, 9]);
        assert_eq!(found(None, "10:00:00", "11:00:00", 3), [3, 5, 1]);
        assert_eq!(found(Some("production"), "10:01:00", "10:04:00", 10), [3, 2, 4]);
        assert_eq!(found(Some("nowhere"), "10:00:00", "11:00:00", 10), [0_u128; 0]);
        assert_eq!(
            written
                .queries
                .runs_between("nobody", None, instant("10:00:00"), instant("11:00:00"), 9)
                .unwrap(),
            []
        );
    });
}

#[test]
fn refused_payloads_of_all_monitors_come_last_received_first() {
    on_every_backend(&Settings::default(), |written| {
        written.send("job", "production", 1, "ok");
        written.advance("10:01:00");
        written.send_payload(&json!({"monitor_slug": "nobody", "status": "ok"}));
        written.advance("10:03:00");
        written.send("job", "production", 2, "done");
        let found = |since: &str, limit: u32| -> Vec<(Option<String>, String)> {
            let rows = written.queries.refused(instant(since), limit).unwrap();
            rows.into_iter().map(|row| (row.monitor_slug, at(row.received))).collect()
        };
        let job = (Some("job".to_owned()), "10:03:00".to_owned());
        let all = found("09:00:00", 10);
        assert_eq!((all.len(), &all[0]), (2, &job), "{all:?}");
        assert_eq!(all[1].0, None);
        assert_eq!(found("09:00:00", 1), [job]);
        assert_eq!(found("10:03:00", 10), []);
    });
}
