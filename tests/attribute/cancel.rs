//! Tests of a future that is dropped before its end, or never polled.

use std::future::pending;
use std::time::Duration;

use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use crons::{CheckIn, CheckInStatus};
use tokio::time::timeout;

fn statuses(check_ins: &[CheckIn]) -> Vec<CheckInStatus> {
    check_ins.iter().map(|check_in| check_in.status).collect()
}

#[crons::monitor]
async fn by_default() {
    pending::<()>().await;
}

#[crons::monitor(on_cancel = "error")]
async fn as_error() {
    pending::<()>().await;
}

#[crons::monitor(on_cancel = "ok")]
async fn as_ok() {
    pending::<()>().await;
}

#[crons::monitor(on_cancel = "ignore")]
async fn ignored() {
    pending::<()>().await;
}

#[crons::monitor(on_cancel = "ok")]
fn returned() -> impl Future<Output = ()> {
    pending()
}

/// The check-ins that are captured while `job` is polled, and dropped at its deadline.
async fn cancelled(job: impl Future<Output = ()>) -> Vec<CheckIn> {
    with_captured_check_ins_async(async {
        assert!(timeout(Duration::from_secs(60), job).await.is_err());
    })
    .await
    .check_ins
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_is_an_error_with_a_duration() {
    let check_ins = cancelled(by_default()).await;
    assert_eq!(statuses(&check_ins), [InProgress, Error]);
    assert_eq!(check_ins[0].check_in_id, check_ins[1].check_in_id);
    assert!(check_ins[1].duration.is_some());

    assert_eq!(statuses(&cancelled(as_error()).await), [InProgress, Error]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_is_a_success_if_so_said() {
    assert_eq!(statuses(&cancelled(as_ok()).await), [InProgress, Fine]);
    assert_eq!(statuses(&cancelled(returned()).await), [InProgress, Fine]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_is_withdrawn_if_it_is_to_be_ignored() {
    let check_ins = cancelled(ignored()).await;
    assert_eq!(statuses(&check_ins), [InProgress]);
}

#[tokio::test]
async fn the_loser_of_a_select_is_an_error() {
    let check_ins = with_captured_check_ins_async(async {
        tokio::select! {
            biased;
            () = by_default() => unreachable!("it is never ready"),
            () = std::future::ready(()) => {}
        }
    });
    assert_eq!(statuses(&check_ins.await), [InProgress, Error]);
}

#[crons::monitor]
fn boxed() -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(pending())
}

#[test]
fn a_future_that_is_never_polled_sends_nothing() {
    let captured = with_captured_check_ins(|| {
        drop(by_default());
        drop(returned());
        drop(boxed());
    });
    assert_eq!(captured.check_ins, []);
}
