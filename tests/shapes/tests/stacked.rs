//! Tests of cases 30 and 42 to 46: the attribute among others, above and below them.
#![deny(warnings)]

use std::panic::Location;

use crons::CheckIn;
use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use futures_util::future::{BoxFuture, LocalBoxFuture};

fn statuses(check_ins: &[CheckIn]) -> Vec<crons::CheckInStatus> {
    check_ins.iter().map(|check_in| check_in.status).collect()
}

/// Asserts that a future that fails reports one failed run.
fn assert_fails(run: impl Future<Output = Result<u8, String>>) {
    let check_ins = pollster::block_on(with_captured_check_ins_async(run));
    assert_eq!(statuses(&check_ins), [InProgress, Error]);
}

#[async_trait::async_trait]
trait Nightly {
    async fn by_reference(&self, name: &str) -> Result<u8, String>;
    async fn by_value(mut self, name: String) -> Result<u8, String>
    where
        Self: Sized;
    #[crons::monitor(slug = "default")]
    async fn default(&mut self, mut n: u8) -> Result<u8, String> {
        n += 1;
        tokio::task::yield_now().await;
        Err(n.to_string())
    }
    async fn generic<T: Send + Sync + std::fmt::Display>(&self, value: &T) -> Result<u8, String>;
}

struct Job(u8);

#[async_trait::async_trait]
impl Nightly for Job {
    #[crons::monitor(slug = "by-reference")]
    async fn by_reference(&self, name: &str) -> Result<u8, String> {
        tokio::task::yield_now().await;
        if self.0 == 0 {
            return Err(name.to_owned());
        }
        Ok(self.0)
    }

    #[crons::monitor(slug = "by-value")]
    async fn by_value(mut self, name: String) -> Result<u8, String> {
        self.0 += 1;
        tokio::task::yield_now().await;
        name.parse::<u8>().map_err(|error| error.to_string())
    }

    #[crons::monitor(slug = "generic")]
    async fn generic<T: Send + Sync + std::fmt::Display>(&self, value: &T) -> Result<u8, String> {
        tokio::task::yield_now().await;
        Err(value.to_string())
    }
}

#[async_trait::async_trait(?Send)]
trait Local {
    #[crons::monitor(slug = "local")]
    async fn local(&self) -> Result<u8, String> {
        Err("no".into())
    }
}

#[async_trait::async_trait(?Send)]
impl Local for Job {}

#[test]
fn under_async_trait_the_future_is_watched() {
    assert_fails(Job(0).by_reference("x"));
    assert_fails(Job(0).by_value("x".into()));
    assert_fails(Job(0).generic(&3));
    assert_fails(Job(0).local());
    let mut job = Job(0);
    assert_fails(job.default(1));
}

#[crons::monitor]
fn boxed(n: &u8) -> BoxFuture<'_, Result<u8, String>> {
    Box::pin(async move { Err(n.to_string()) })
}

#[crons::monitor]
fn boxed_local(n: &u8) -> LocalBoxFuture<'_, Result<u8, String>> {
    Box::pin(async move { Err(n.to_string()) })
}

#[crons::monitor]
fn boxed_by_combinator<'a>(n: &'a u8) -> futures_util::future::BoxFuture<'a, Result<u8, String>> {
    futures_util::FutureExt::boxed(async move { Err(n.to_string()) })
}

#[test]
fn the_box_future_of_futures_is_seen() {
    assert_fails(boxed(&1));
    assert_fails(boxed_local(&1));
    assert_fails(boxed_by_combinator(&1));
}

#[tracing::instrument]
#[crons::monitor]
async fn below_instrument(n: u8) -> Result<u8, String> {
    Err(n.to_string())
}

#[crons::monitor]
#[tracing::instrument(skip_all, err)]
async fn above_instrument(n: u8) -> Result<u8, String> {
    tokio::task::yield_now().await;
    Err(n.to_string())
}

#[tracing::instrument(ret)]
#[crons::monitor]
fn sync_below_instrument(n: u8) -> Result<u8, String> {
    Err(n.to_string())
}

#[crons::monitor]
#[tracing::instrument]
fn sync_above_instrument(n: u8) -> Result<u8, String> {
    Err(n.to_string())
}

#[test]
fn instrument_may_stand_above_or_below() {
    assert_fails(below_instrument(1));
    assert_fails(above_instrument(1));
    for job in [sync_below_instrument, sync_above_instrument] {
        assert_eq!(statuses(&with_captured_check_ins(|| job(1))), [InProgress, Error]);
    }
}

#[crons::monitor]
#[tokio::main(flavor = "current_thread")]
async fn above_main() -> Result<(), String> {
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
#[crons::monitor]
async fn below_main() -> Result<(), String> {
    Ok(())
}

#[test]
fn main_may_stand_above_or_below() {
    for main in [above_main, below_main] {
        assert_eq!(statuses(&with_captured_check_ins(|| assert!(main().is_ok()))), [InProgress, Fine]);
    }
}

#[crons::monitor]
#[tokio::test]
async fn above_tokio_test() -> Result<(), String> {
    tokio::task::yield_now().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
#[crons::monitor]
async fn below_tokio_test() -> Result<(), String> {
    tokio::task::yield_now().await;
    Ok(())
}

#[crons::monitor]
#[test]
#[should_panic(expected = "as it should")]
fn above_should_panic() {
    panic!("as it should");
}

#[test]
#[should_panic(expected = "as it should")]
#[crons::monitor]
fn below_should_panic() {
    panic!("as it should");
}

#[crons::monitor(slug = "above")]
#[crons::monitor(slug = "below")]
fn twice() {}

#[test]
fn two_monitors_on_one_function_are_two_runs() {
    let check_ins = with_captured_check_ins(twice);
    let slugs: Vec<_> = check_ins.iter().map(|check_in| check_in.monitor_slug.as_str()).collect();
    assert_eq!(
        slugs,
        ["below", "above", "above", "below"],
        "the lower one is expanded last, around the other"
    );
}

/// The attributes are kept in this order.
#[must_use = "as it says"]
#[deprecated(note = "as it says")]
#[inline(never)]
#[cold]
#[track_caller]
#[crons::monitor]
fn attributed() -> &'static Location<'static> {
    Location::caller()
}

#[test]
#[expect(deprecated, reason = "that is what is tested")]
fn other_attributes_stay_and_the_body_has_no_caller_location() {
    let caller = with_captured_check_ins(|| {
        // A limit that is documented: the body is a closure, and closures do not pass their caller on.
        assert_ne!(attributed().line(), line!());
    });
    assert_eq!(caller.len(), 2);
}
