//! The size of a monitored future (case 70): that of the future, and a guard.
#![expect(clippy::large_types_passed_by_value, reason = "that is what futures are to store once")]

use std::future::{Ready, ready};
use std::pin::Pin;

use crons::CheckInGuard;

/// The bytes that monitoring adds to a future of this type.
fn added(plain: usize, watched: usize) -> usize {
    assert!(plain <= watched, "{plain} bytes became {watched}");
    watched - plain
}

async fn plain(data: [u8; 4096]) -> u8 {
    ready(()).await;
    data[7]
}

#[crons::monitor]
async fn watched(data: [u8; 4096]) -> u8 {
    ready(()).await;
    data[7]
}

async fn plain_assigned(mut data: [u8; 4096]) -> u8 {
    data[7] = 1;
    ready(()).await;
    data[7]
}

#[crons::monitor]
async fn watched_assigned(mut data: [u8; 4096]) -> u8 {
    data[7] = 1;
    ready(()).await;
    data[7]
}

async fn plain_inside() -> u8 {
    let data = [7; 4096];
    ready(()).await;
    data[7]
}

#[crons::monitor(interval = "1 hour", heartbeat = true, on_cancel = "ignore")]
async fn watched_inside() -> u8 {
    let data = [7; 4096];
    ready(()).await;
    data[7]
}

#[crons::monitor(on_none = "error")]
fn opaque(data: [u8; 4096]) -> impl Future<Output = Option<[u8; 4096]>> {
    ready(Some(data))
}

#[crons::monitor]
fn boxed(data: [u8; 4096]) -> Pin<Box<dyn Future<Output = [u8; 4096]>>> {
    Box::pin(ready(data))
}

struct Job([u8; 4096]);

impl Job {
    async fn plain(self) -> u8 {
        ready(()).await;
        self.0[7]
    }

    #[crons::monitor(slug = "job")]
    async fn watched(self) -> u8 {
        ready(()).await;
        self.0[7]
    }
}

/// A guard, or in its place the monitor that is to be begun.
const MOST: usize = size_of::<CheckInGuard>();

#[test]
fn a_guard_is_all_that_is_added() {
    let data = [0; 4096];
    // The states of two futures, rounded up.
    let states = 2 * size_of::<usize>();
    assert!(added(size_of_val(&plain(data)), size_of_val(&watched(data))) <= MOST + states);
    assert!(added(size_of_val(&plain_assigned(data)), size_of_val(&watched_assigned(data))) <= MOST + states);
    assert!(added(size_of_val(&plain_inside()), size_of_val(&watched_inside())) <= MOST + states);
    assert!(added(size_of_val(&Job(data).plain()), size_of_val(&Job(data).watched())) <= MOST + states);
    assert!(added(size_of::<Ready<Option<[u8; 4096]>>>(), size_of_val(&opaque(data))) <= MOST + states);
    assert!(size_of_val(&*boxed(data)) <= size_of::<Ready<[u8; 4096]>>() + MOST + states);
}
