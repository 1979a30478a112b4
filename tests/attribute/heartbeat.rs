//! Tests of `heartbeat = true`: a run is reported once, at its end.

use std::future::pending;
use std::panic::{catch_unwind, resume_unwind};
use std::time::Duration;

use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use crons::{CheckIn, CheckInStatus, MonitorConfig};

fn statuses(check_ins: &[CheckIn]) -> Vec<CheckInStatus> {
    check_ins.iter().map(|check_in| check_in.status).collect()
}

#[crons::monitor(heartbeat = true, interval = "1 minute")]
fn import(rows: Result<u8, ()>) -> Result<u8, ()> {
    rows
}

#[crons::monitor(heartbeat = true)]
fn panics() {
    resume_unwind(Box::new(7));
}

#[crons::monitor(heartbeat = true)]
async fn hangs() {
    pending::<()>().await;
}

#[crons::monitor(heartbeat = true, on_cancel = "ignore")]
async fn hangs_and_does_not_count() {
    pending::<()>().await;
}

#[crons::monitor(heartbeat = false)]
fn is_none() {}

#[test]
fn one_check_in_says_all() {
    for (rows, verdict) in [(Ok(1), Fine), (Err(()), Error)] {
        let check_ins = with_captured_check_ins(|| assert_eq!(import(rows), rows));
        assert_eq!(statuses(&check_ins), [verdict]);
        assert!(check_ins[0].check_in_id.is_some());
        assert!(check_ins[0].duration.is_some(), "its length is known all the same");
        assert_eq!(check_ins[0].monitor_config, Some(MonitorConfig::interval("1 minute").unwrap()));
    }
    let ids = with_captured_check_ins(|| (import(Ok(1)), import(Ok(1))));
    assert_ne!(ids[0].check_in_id, ids[1].check_in_id);
}

#[test]
fn a_panic_is_one_error() {
    let check_ins = with_captured_check_ins(|| assert!(catch_unwind(panics).is_err()));
    assert_eq!(statuses(&check_ins), [Error]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_is_one_error_or_nothing() {
    let minute = Duration::from_secs(60);
    let check_ins = with_captured_check_ins_async(tokio::time::timeout(minute, hangs())).await;
    assert_eq!(statuses(&check_ins), [Error]);
    let run = tokio::time::timeout(minute, hangs_and_does_not_count());
    assert_eq!(with_captured_check_ins_async(run).await.check_ins, [], "there is no begin that wants an end");
}

#[test]
fn false_is_as_if_it_were_left_out() {
    assert_eq!(statuses(&with_captured_check_ins(is_none)), [InProgress, Fine]);
}
