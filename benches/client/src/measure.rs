//! Rounds in which each contender takes a turn, so that a busy machine is busy for all.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::allocations;

/// A contender.
pub struct Contender<'a> {
    pub name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    settle: Box<dyn FnMut() + 'a>,
}

impl<'a> Contender<'a> {
    /// `run` is one run of a job.
    pub fn new<T>(name: &'static str, mut run: impl FnMut() -> T + 'a) -> Self {
        let run = move || {
            black_box(run());
        };
        Self { name, run: Box::new(run), settle: Box::new(|| ()) }
    }

    /// Sets the work after each turn, which is not measured: it waits until what was handed on has been dealt with.
    pub fn settle<T>(mut self, mut settle: impl FnMut() -> T + 'a) -> Self {
        self.settle = Box::new(move || {
            settle();
        });
        self
    }

    pub fn run(&mut self) {
        (self.run)();
    }

    pub fn wait(&mut self) {
        (self.settle)();
    }
}

/// Medians, for one run.
#[derive(Default)]
pub struct Cost {
    pub nanoseconds: f64,
    pub allocations: f64,
    pub bytes: f64,
}

/// The CPU time of this thread so far.
pub fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The cost of a run of each contender, in their order.
pub fn costs(contenders: &mut [Contender<'_>], rounds: usize, batch: u32) -> Vec<Cost> {
    let mut taken: Vec<[Vec<f64>; 3]> = contenders.iter().map(|_| Default::default()).collect();
    // The first round warms up.
    for round in 0..=rounds {
        for turn in 0..contenders.len() {
            let number = (turn + round) % contenders.len();
            let contender = &mut contenders[number];
            let (allocated, began) = (allocations::of_this_thread(), thread_time());
            for _ in 0..batch {
                contender.run();
            }
            let time = thread_time() - began;
            let now = allocations::of_this_thread();
            contender.wait();
            if round > 0 {
                let each = |total: f64| total / f64::from(batch);
                taken[number][0].push(each(time.as_secs_f64() * 1e9));
                taken[number][1].push(each((now.count - allocated.count) as f64));
                taken[number][2].push(each((now.bytes - allocated.bytes) as f64));
            }
        }
    }
    let costs = taken.into_iter().map(|[times, counts, bytes]| Cost {
        nanoseconds: median(times),
        allocations: median(counts),
        bytes: median(bytes),
    });
    costs.collect()
}

pub fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// Returns a quantile of `values`; 0 if there are none.
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * share) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}
