//! The inbox under a model checker: `RUSTFLAGS="--cfg crons_model" cargo test -p crons-runtime --lib model`. It tries
//! thousands of interleavings of jobs, worker and flush, and finds lost wake-ups as deadlocks.

use std::collections::BTreeSet;
use std::sync::Arc;

use crons_types::{CheckInId, Slug};
use shuttle::thread;

use super::*;
use crate::record::event::RunEvent;
use crate::record::monitor::{MonitorInfo, MonitorRef};

const INTERLEAVINGS: usize = 20_000;

/// A stand-in for `tokio::sync::Notify`, with one permit.
#[derive(Default)]
struct Wake {
    permit: Mutex<bool>,
    given: Condvar,
}

impl Wake {
    fn give(&self) {
        *self.permit.lock().unwrap() = true;
        self.given.notify_one();
    }

    fn take(&self) {
        let mut permit = self.permit.lock().unwrap();
        while !*permit {
            permit = self.given.wait(permit).unwrap();
        }
        *permit = false;
    }
}

#[derive(Default)]
struct World {
    inbox: Inbox,
    wake: Wake,
    settled: Mutex<BTreeSet<u8>>,
}

impl World {
    fn push(&self, number: u8) {
        let monitor = MonitorRef::Made(Arc::new(MonitorInfo::new(Slug::parse("job").unwrap(), None)));
        let id = CheckInId::from_bytes([number; 16]);
        if self.inbox.push(QueuedCheckIn::new(id, monitor, RunEvent::Ok, Instant::now())) == Pushed::Wake {
            self.wake.give();
        }
    }

    /// Waits for everything that was pushed before. Returns whether it is settled.
    fn flush(&self) -> bool {
        self.inbox.flush(Duration::MAX, || self.wake.give())
    }

    /// Waits for everything that was pushed before, and for open runs. Returns whether all is settled, and no run is open.
    fn close(&self) -> bool {
        self.inbox.close_open_runs(Duration::MAX, || self.wake.give())
    }

    fn stop(&self) {
        self.inbox.stop();
        self.wake.give();
    }

    /// Does what the thread of the worker does, with a server that answers one request at each look.
    fn work(&self) {
        let (mut records, mut waiting) = (Vec::new(), Vec::new());
        loop {
            let earliest_epoch =
                waiting.iter().map(|record: &QueuedCheckIn| record.epoch).min().unwrap_or(u32::MAX);
            let stats = Stats { queued: waiting.len() as u64, ..Stats::default() };
            let orders =
                self.inbox.exchange(&mut records, Progress { earliest_epoch, stats, ..Progress::default() });
            if orders.stopped {
                return;
            }
            waiting.append(&mut records);
            match waiting.pop() {
                Some(record) => {
                    let new = self.settled.lock().unwrap().insert(record.id.as_bytes()[0]);
                    assert!(new, "a check-in was fetched twice");
                }
                None if orders.closing.is_none() && self.inbox.park() => self.wake.take(),
                None => {}
            }
        }
    }
}

/// Runs `jobs`, each on a thread of its own, against a worker, many times.
fn check(jobs: fn() -> Vec<fn(&World)>) {
    shuttle::check_random(
        move || {
            let world = Arc::new(World::default());
            let on_world = |job: fn(&World)| {
                let world = Arc::clone(&world);
                thread::spawn(move || job(&world))
            };
            let worker = on_world(World::work);
            let jobs: Vec<_> = jobs().into_iter().map(on_world).collect();
            for job in jobs {
                job.join().unwrap();
            }
            world.stop();
            worker.join().unwrap();
        },
        INTERLEAVINGS,
    );
}

#[test]
fn a_flush_ends_when_all_that_came_before_it_is_settled() {
    check(|| {
        vec![
            |world| {
                world.push(1);
                world.push(2);
                assert!(world.flush());
                let settled = world.settled.lock().unwrap();
                assert!(settled.contains(&1) && settled.contains(&2), "{settled:?}");
            },
            |world| {
                world.push(3);
                assert!(world.flush());
                assert!(world.settled.lock().unwrap().contains(&3));
                world.push(4);
            },
        ]
    });
}

#[test]
fn a_check_in_always_wakes_a_sleeping_worker() {
    check(|| {
        vec![|world| {
            for number in 1..=3 {
                world.push(number);
                // A check-in without a wake-up would never be settled, and this loop would never end.
                while !world.settled.lock().unwrap().contains(&number) {
                    thread::yield_now();
                }
            }
        }]
    });
}

#[test]
fn whoever_waits_is_released_when_the_client_ends() {
    check(|| {
        vec![
            |world| {
                world.push(1);
                world.flush();
            },
            |world| world.stop(),
        ]
    });
}

#[test]
fn closing_open_runs_waits_until_the_worker_has_closed_them() {
    check(|| {
        vec![
            |world| {
                world.push(1);
                assert!(world.close());
                assert!(world.settled.lock().unwrap().contains(&1));
                assert!(world.close());
            },
            |world| {
                world.push(2);
                assert!(world.close());
            },
        ]
    });
}
