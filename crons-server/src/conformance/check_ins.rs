//! Conformance of lists of check-ins.

use super::{FIRST, Written, in_pages, instant, number, on_every_backend};
use crate::Settings;
use crate::store::{CheckInFilter, StatsQuery, StatsView};

/// The numbers and environments of the check-ins of `job`.
fn listed(written: &Written, environment: Option<&str>) -> Vec<(u128, String)> {
    let environments = environment.into_iter().map(str::to_owned).collect();
    listed_by(written, &CheckInFilter { environments, ..CheckInFilter::default() })
}

fn listed_by(written: &Written, filter: &CheckInFilter) -> Vec<(u128, String)> {
    in_pages(|page| {
        let page = written.queries.check_ins("job", filter, page).unwrap().unwrap();
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
        // The end of a run changes no place: the start decides.
        written.send("job", "b", 1, "ok");
        let row = |number: u128, environment: &str| (number, environment.to_owned());
        assert_eq!(listed(written, None), [row(4, "b"), row(2, "a"), row(1, "b"), row(3, "a")]);
        assert_eq!(listed(written, Some("b")), [row(4, "b"), row(1, "b")]);
        assert_eq!(listed(written, Some("c")), []);
        assert!(written.queries.check_ins("nothing", &CheckInFilter::default(), FIRST).unwrap().is_none());
    });
}

#[test]
fn check_ins_are_found_by_environment_time_and_id() {
    on_every_backend(&Settings::default(), |written| {
        for (number, (time, environment)) in
            (1..).zip([("10:00:00", "a"), ("10:00:10", "b"), ("10:00:20", "c"), ("10:00:30", "a")])
        {
            written.advance(time);
            written.send("job", environment, number, "ok");
        }
        let numbers = |environments: &[&str], since: Option<&str>, until: Option<&str>| -> Vec<u128> {
            let environments = environments.iter().map(|name| (*name).to_owned()).collect();
            let filter = CheckInFilter { environments, since: since.map(instant), until: until.map(instant) };
            listed_by(written, &filter).into_iter().map(|(number, _)| number).collect()
        };
        assert_eq!(numbers(&["a", "c"], None, None), [4, 3, 1]);
        assert_eq!(numbers(&[], Some("10:00:10"), Some("10:00:20")), [3, 2], "both ends included");
        assert_eq!(numbers(&[], Some("10:00:11"), None), [4, 3]);
        assert_eq!(numbers(&["b"], None, Some("10:00:09")), Vec::<u128>::new());
        let found = |slug: &str, id: u128| written.queries.check_in(slug, uuid::Uuid::from_u128(id)).unwrap();
        assert_eq!(found("job", 3).map(|view| view.environment).as_deref(), Some("c"));
        assert!(found("job", 7).is_none() && found("other", 3).is_none());
    });
}

#[test]
fn a_check_in_is_read_as_it_was_written() {
    on_every_backend(&Settings::default(), |written| {
        written.send("job", "a", 1, "in_progress");
        written.advance("10:01:30");
        written.send("job", "a", 1, "ok");
        let page = written.queries.check_ins("job", &CheckInFilter::default(), FIRST).unwrap().unwrap();
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

#[test]
fn the_first_trace_that_a_run_names_is_kept() {
    on_every_backend(&Settings::default(), |written| {
        let report = |number: u32, status: &str, trace: Option<u128>| {
            let trace = trace.map(|trace| format!("{trace:032x}"));
            written.send_payload(&serde_json::json!({
                "monitor_slug": "job", "status": status, "check_in_id": format!("{number:032x}"),
                "contexts": {"trace": {"trace_id": trace}},
                "monitor_config": {"schedule": {"type": "crontab", "value": "0 0 1 1 *"}},
            }));
        };
        report(1, "in_progress", None);
        report(1, "ok", Some(77));
        report(2, "in_progress", Some(78));
        report(2, "error", Some(79));
        report(3, "ok", Some(3));
        written.advance("10:01:00");
        report(4, "ok", None);
        report(5, "ok", Some(0));
        let page = written.queries.check_ins("job", &CheckInFilter::default(), FIRST).unwrap().unwrap();
        let mut traces: Vec<_> = page
            .items
            .iter()
            .map(|view| (number(view.check_in.guid), view.check_in.trace.map(number)))
            .collect();
        traces.sort_unstable();
        assert_eq!(traces, [(1, Some(77)), (2, Some(78)), (3, Some(3)), (4, None), (5, None)]);
    });
}

#[test]
fn check_ins_are_counted_by_bucket_environment_and_status() {
    on_every_backend(&Settings::default(), |written| {
        written.send("job", "b", 1, "ok");
        written.send("job", "a", 2, "in_progress");
        written.advance("10:00:30");
        written.send("job", "a", 2, "ok");
        written.send("job", "a", 3, "error");
        written.advance("10:01:00");
        written.send("job", "a", 4, "in_progress");
        written.send("other", "a", 5, "ok");
        let stats = |slugs: &[&str], environments: &[&str], until: &str| -> Vec<String> {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let query = StatsQuery {
                slugs: owned(slugs),
                environments: owned(environments),
                since: instant("10:00:00"),
                until: instant(until),
                resolution: 60,
            };
            let row = |view: StatsView| {
                let StatsView { monitor_slug, environment, bucket, status, count, duration_ms, timed } = view;
                let minute = (bucket - instant("10:00:00").as_second()) / 60;
                let status = status.as_str();
                format!("{monitor_slug} {minute} {environment} {status} {count}, {timed} took {duration_ms}")
            };
            written.queries.stats(&query).unwrap().into_iter().map(row).collect()
        };
        assert_eq!(
            stats(&["job", "nothing"], &[], "10:02:00"),
            [
                "job 0 a error 1, 0 took 0",
                "job 0 a ok 1, 1 took 30000",
                "job 0 b ok 1, 0 took 0",
                "job 1 a in_progress 1, 0 took 0",
            ]
        );
        assert_eq!(stats(&["other", "job"], &["b"], "10:01:00"), ["job 0 b ok 1, 0 took 0"]);
        assert_eq!(stats(&["other"], &[], "10:01:00"), Vec::<String>::new(), "the end is left out");
        let durations = written.queries.last_durations().unwrap();
        assert_eq!(durations, [("job".to_owned(), "a".to_owned(), 30_000)]);
    });
}
