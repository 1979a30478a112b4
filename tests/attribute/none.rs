//! Tests of `on_none`: the outcome of a `None`.

use std::pin::Pin;

use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use crons::{CheckIn, CheckInStatus};

type Found<T> = Option<T>;

fn statuses(check_ins: &[CheckIn]) -> Vec<CheckInStatus> {
    check_ins.iter().map(|check_in| check_in.status).collect()
}

#[crons::monitor]
fn left_out(found: Option<u8>) -> Option<u8> {
    found
}

#[crons::monitor(on_none = "error")]
fn error(found: Option<u8>) -> Option<u8> {
    let first = found?;
    Some(first + 1)
}

#[crons::monitor(on_none = "ok")]
fn ok(found: Option<u8>) -> Option<u8> {
    found
}

#[crons::monitor(on_none = "ignore")]
fn ignore(found: Option<u8>) -> Option<u8> {
    found
}

#[crons::monitor(on_none = "ignore", heartbeat = true)]
fn ignored_heartbeat(found: Option<u8>) -> Option<u8> {
    found
}

#[crons::monitor(on_none = "error")]
fn alias<T>(found: Found<T>) -> Found<T> {
    found
}

#[crons::monitor(on_none = "error")]
fn in_a_result(found: Result<Option<u8>, String>) -> Result<Option<u8>, String> {
    found
}

#[crons::monitor(on_none = "error")]
async fn in_a_future(found: Option<&u8>) -> Option<&u8> {
    std::future::ready(()).await;
    found
}

#[crons::monitor(on_none = "error")]
fn boxed(found: Option<u8>) -> Pin<Box<dyn Future<Output = Option<u8>>>> {
    Box::pin(std::future::ready(found))
}

#[test]
fn a_none_is_a_success_unless_it_is_said_otherwise() {
    assert_eq!(statuses(&with_captured_check_ins(|| left_out(None))), [InProgress, Fine]);
    assert_eq!(statuses(&with_captured_check_ins(|| ok(None))), [InProgress, Fine]);
    assert_eq!(statuses(&with_captured_check_ins(|| error(None))), [InProgress, Error]);
    assert_eq!(statuses(&with_captured_check_ins(|| alias::<u8>(None))), [InProgress, Error]);
    assert_eq!(statuses(&with_captured_check_ins(|| in_a_result(Ok(None)))), [InProgress, Error]);
}

#[test]
fn a_none_that_is_ignored_is_a_run_that_took_place() {
    assert_eq!(statuses(&with_captured_check_ins(|| ignore(None))), [InProgress, Fine]);
    assert_eq!(statuses(&with_captured_check_ins(|| ignored_heartbeat(None))), [Fine]);
}

#[test]
fn a_value_is_a_success_and_an_err_stays_one() {
    for job in [left_out, error, ok, ignore, alias] {
        assert_eq!(
            statuses(&with_captured_check_ins(|| assert!(job(Some(1)).is_some()))),
            [InProgress, Fine]
        );
    }
    assert_eq!(statuses(&with_captured_check_ins(|| in_a_result(Ok(Some(1))))), [InProgress, Fine]);
    assert_eq!(statuses(&with_captured_check_ins(|| in_a_result(Err(String::new())))), [InProgress, Error]);
}

#[test]
fn the_none_of_a_future_is_seen() {
    let check_ins = pollster::block_on(with_captured_check_ins_async(async {
        assert_eq!((in_a_future(None).await, in_a_future(Some(&1)).await), (None, Some(&1)));
        assert_eq!((boxed(None).await, boxed(Some(1)).await), (None, Some(1)));
    }));
    assert_eq!(statuses(&check_ins), [InProgress, Error, InProgress, Fine].repeat(2));
}
