//! Threads that run jobs of all kinds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crons::{CheckIn, MonitorConfig, Slug, capture_check_in, monitor};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::books::{Books, Verdict};

pub fn run(books: &Books, thread: u64, seed: u64, until: Instant) {
    let mut dice = StdRng::seed_from_u64(seed.wrapping_add(thread));
    for number in 0.. {
        if Instant::now() >= until {
            return;
        }
        let slug = format!("soak-{thread}-{number}");
        let length = Duration::from_millis(dice.random_range(0..40));
        let verdict = one(&slug, dice.random_range(0..7), length);
        books.note_run(slug, verdict);
        std::thread::sleep(Duration::from_millis(dice.random_range(0..60)));
    }
}

/// A run of the kind that the dice have chosen.
fn one(slug: &str, kind: u32, length: Duration) -> Verdict {
    let work = || std::thread::sleep(length);
    match kind {
        0 => {
            monitor(slug).run(work);
            Verdict::Ok
        }
        1 => {
            let _ = monitor(slug).run(|| {
                work();
                Err::<(), _>("disk full")
            });
            Verdict::Error
        }
        2 => {
            let _ = catch_unwind(AssertUnwindSafe(|| {
                monitor(slug).run(|| -> () {
                    work();
                    panic!("out of memory");
                });
            }));
            Verdict::Error
        }
        3 => {
            cancelled(slug, work);
            Verdict::Error
        }
        4 => {
            let check_in = monitor(slug).start();
            work();
            check_in.skip();
            Verdict::Skipped
        }
        5 => {
            let config = MonitorConfig::interval("10 minutes").ok();
            let begun = config.map_or(monitor(slug), |config| monitor(slug).monitor_config(config)).start();
            work();
            begun.ok();
            Verdict::Ok
        }
        _ => by_hand(slug, work),
    }
}

/// A future that is dropped in the middle of its run.
fn cancelled(slug: &str, work: impl Fn()) {
    let job = pin!(monitor(slug).run_async(std::future::poll_fn(|_| {
        work();
        Poll::<()>::Pending
    })));
    let _ = job.poll(&mut Context::from_waker(Waker::noop()));
}

fn by_hand(slug: &str, work: impl Fn()) -> Verdict {
    if let Ok(slug) = Slug::parse(slug) {
        let begin = Instant::now();
        let id = capture_check_in(CheckIn::in_progress(slug.clone()));
        work();
        capture_check_in(CheckIn::error(slug).check_in_id(id).duration(begin.elapsed()));
    }
    Verdict::Error
}
