//! Tests that a run allocates nothing without a DSN.

use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::allocations;
use crate::support::child;

#[crons::monitor(slug = "job", schedule = "@daily", timezone = "Europe/Vienna", owner = "team:ops")]
fn job(n: u8) -> Result<u8, String> {
    Ok(n)
}

#[crons::monitor(monitor_config = made)]
fn configured(n: u8) -> Option<u8> {
    Some(n)
}

fn made() -> crons::MonitorConfig {
    unreachable!("nobody asks for it")
}

#[crons::monitor(interval = "1 hour")]
async fn later(n: u8) -> Result<u8, String> {
    ready(()).await;
    Ok(n)
}

#[crons::monitor]
fn opaque(n: u8) -> impl Future<Output = Result<u8, String>> {
    ready(Ok(n))
}

/// The number of allocations in 100 calls of `run`.
fn allocations(run: impl Fn()) -> usize {
    let before = allocations::so_far();
    for _ in 0..100 {
        run();
    }
    allocations::so_far() - before
}

fn poll(future: impl Future<Output = Result<u8, String>>) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Ok(7)));
}

#[test]
fn without_a_dsn_a_run_allocates_nothing() {
    if !child::is_alone() {
        return;
    }
    let _crons = crons::init(crons::ClientOptions::new().dsn(""));
    assert_eq!(allocations(|| assert_eq!(job(7), Ok(7))), 0);
    assert_eq!(allocations(|| assert_eq!(configured(7), Some(7))), 0);
    assert_eq!(allocations(|| poll(later(7))), 0);
    assert_eq!(allocations(|| poll(opaque(7))), 0);
    assert_eq!(allocations(|| drop(Box::new(7))), 100, "the count is one");
}
