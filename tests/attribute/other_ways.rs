//! Tests of the three ways to watch a job without the attribute, each with all its outcomes.

use std::process::ExitCode;
use std::time::Duration;

use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use crons::{CheckIn, CheckInStatus, MonitorConfig, OnCancel, Slug, capture_check_in, monitor};

fn statuses(check_ins: &[CheckIn]) -> Vec<&'static str> {
    check_ins.iter().map(|check_in| check_in.status.as_str()).collect()
}

#[test]
fn a_closure_is_reported_by_what_it_returns() {
    type Job = fn();
    let cases: [(Job, &str); 5] = [
        (|| monitor("job").run(|| ()), "ok"),
        (|| _ = monitor("job").run(|| Ok::<_, ()>(1)), "ok"),
        (|| _ = monitor("job").run(|| Err::<(), _>(1)), "error"),
        (|| _ = monitor("job").run(|| ExitCode::SUCCESS), "ok"),
        (|| _ = monitor("job").run(|| ExitCode::FAILURE), "error"),
    ];
    for (job, status) in cases {
        assert_eq!(statuses(&with_captured_check_ins(job)), ["in_progress", status]);
    }
}

#[test]
fn a_panic_of_a_closure_is_an_error_and_goes_on_unchanged() {
    let check_ins = with_captured_check_ins(|| {
        let panic = std::panic::catch_unwind(|| monitor("job").run(|| -> () { std::panic::panic_any(42) }));
        assert_eq!(panic.unwrap_err().downcast_ref::<i32>(), Some(&42));
    });
    assert_eq!(statuses(&check_ins), ["in_progress", "error"]);
}

#[test]
fn a_future_is_reported_on_any_executor() {
    let check_ins = pollster::block_on(with_captured_check_ins_async(async {
        assert_eq!(monitor("job").run_async(async { Ok::<_, ()>(7) }).await, Ok(7));
    }));
    assert_eq!(statuses(&check_ins), ["in_progress", "ok"]);
    assert_eq!(check_ins[0].check_in_id, check_ins[1].check_in_id);
}

#[test]
fn a_future_that_is_never_polled_is_not_reported() {
    let captured = with_captured_check_ins(|| drop(monitor("job").run_async(async {})));
    assert_eq!(captured.check_ins, []);
}

#[tokio::test]
async fn a_future_that_is_dropped_midway_is_reported_as_told() {
    for (on_cancel, expected) in [
        (OnCancel::Error, &["in_progress", "error"][..]),
        (OnCancel::Ok, &["in_progress", "ok"]),
        (OnCancel::Ignore, &["in_progress"]),
    ] {
        let check_ins = with_captured_check_ins_async(async {
            let forever = monitor("job").on_cancel(on_cancel).run_async(std::future::pending::<()>());
            tokio::select! {
                biased;
                () = forever => {}
                () = std::future::ready(()) => {}
            }
        });
        assert_eq!(statuses(&check_ins.await), expected, "{on_cancel:?}");
    }
}

#[test]
fn a_guard_reports_the_verdict_it_is_given() {
    type Verdict = fn(crons::CheckInGuard);
    let cases: [(Verdict, &[&str]); 4] = [
        (crons::CheckInGuard::ok, &["in_progress", "ok"]),
        (crons::CheckInGuard::error, &["in_progress", "error"]),
        (crons::CheckInGuard::skip, &["in_progress"]),
        (drop, &["in_progress", "error"]),
    ];
    for (verdict, expected) in cases {
        assert_eq!(statuses(&with_captured_check_ins(|| verdict(monitor("job").start()))), expected);
    }
}

#[test]
fn nested_runs_have_their_own_ids_and_the_outer_ends_last() {
    let check_ins = with_captured_check_ins(|| {
        monitor("job").run(|| monitor("job").run(|| ()));
    });
    assert_eq!(statuses(&check_ins), ["in_progress", "in_progress", "ok", "ok"]);
    let ids: Vec<_> = check_ins.iter().map(|check_in| check_in.check_in_id.unwrap()).collect();
    assert_eq!((ids[0], ids[1]), (ids[3], ids[2]));
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn both_reports_carry_the_configuration() {
    let config = MonitorConfig::interval("10 minutes").unwrap();
    let check_ins = with_captured_check_ins(|| monitor("job").monitor_config(config.clone()).run(|| ()));
    let configs: Vec<_> = check_ins.iter().map(|check_in| check_in.monitor_config.as_ref()).collect();
    assert_eq!(configs, [Some(&config), Some(&config)]);
}

#[test]
fn a_slug_made_at_run_time_is_what_the_server_would_store() {
    for (written, stored) in [
        ("My Job: Nightly!", Some("my-job-nightly")),
        (&"a".repeat(60), Some(&*"a".repeat(50))),
        ("!!!", None),
    ] {
        let mut ran = false;
        let check_ins = with_captured_check_ins(|| monitor(written).run(|| ran = true));
        assert!(ran, "the job runs, whatever it is called");
        assert_eq!(check_ins.first().map(|check_in| check_in.monitor_slug.as_str()), stored);
    }
}

#[test]
fn by_hand_a_run_may_begin_and_end_anywhere() {
    let slug = Slug::parse("abc123").unwrap();
    let captured = with_captured_check_ins(|| {
        let id = capture_check_in(CheckIn::in_progress(slug.clone()));
        capture_check_in(CheckIn::ok(slug.clone()).check_in_id(id).duration(Duration::from_secs(123)));
    });
    let [begin, end] = captured.check_ins.try_into().unwrap();
    assert_eq!(begin.check_in_id, end.check_in_id);
    assert_eq!((end.status, end.duration), (CheckInStatus::Ok, Some(Duration::from_secs(123))));
    let id = begin.check_in_id.unwrap().to_string();
    assert!(id.len() == 32 && id.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    let wire = serde_json::to_value(&end).unwrap();
    let expected = serde_json::json!({
        "check_in_id": id, "monitor_slug": "abc123", "status": "ok", "duration": 123.0, "environment": "production",
    });
    assert_eq!(wire, expected);
}

#[test]
fn parallel_tests_do_not_see_each_other() {
    let here = with_captured_check_ins(|| {
        let elsewhere = std::thread::spawn(|| with_captured_check_ins(|| monitor("there").run(|| ())));
        assert_eq!(elsewhere.join().unwrap().len(), 2);
        monitor("here").run(|| ());
    });
    assert_eq!(here.len(), 2);
    assert!(here.iter().all(|check_in| check_in.monitor_slug.as_str() == "here"), "{here:?}");
}
