//! Case 67: without a DSN a run allocates nothing.
#![expect(unsafe_code, reason = "an allocator is unsafe to write, and this one counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::ready;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all is left to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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

/// How often `run` allocates.
fn allocations(run: impl Fn()) -> usize {
    let before = ALLOCATIONS.get();
    for _ in 0..100 {
        run();
    }
    ALLOCATIONS.get() - before
}

fn poll(future: impl Future<Output = Result<u8, String>>) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Ok(7)));
}

#[test]
fn without_a_dsn_a_run_allocates_nothing() {
    let _crons = crons::init(crons::ClientOptions::new().dsn(""));
    assert_eq!(allocations(|| assert_eq!(job(7), Ok(7))), 0);
    assert_eq!(allocations(|| assert_eq!(configured(7), Some(7))), 0);
    assert_eq!(allocations(|| poll(later(7))), 0);
    assert_eq!(allocations(|| poll(opaque(7))), 0);
    assert_eq!(allocations(|| drop(Box::new(7))), 100, "the count is one");
}
