//! Rounds in which each contender takes a turn, so that a busy machine is busy for all.

use std::time::{Duration, Instant};

/// The code that is timed. `None` in its place stands for a crate that does not take part.
pub type Job<'a> = Box<dyn FnMut() + 'a>;

/// The least duration of a turn, which is long enough for the clock.
const TURN: Duration = Duration::from_millis(1);

pub struct Median {
    pub nanoseconds: f64,
    /// The ratio to the first job, in the same round.
    pub ratio: f64,
}

/// The medians of `rounds`, for one of the `each` parts of a job.
pub fn medians(jobs: &mut [Option<Job<'_>>], rounds: usize, each: usize) -> Vec<Option<Median>> {
    let times: Vec<u32> = jobs.iter_mut().map(|job| job.as_mut().map_or(0, calibrate)).collect();
    let mut taken = vec![Vec::new(); jobs.len()];
    for round in 0..rounds {
        for turn in 0..jobs.len() {
            let number = (turn + round) % jobs.len();
            if let Some(job) = &mut jobs[number] {
                let nanoseconds =
                    nanoseconds(job, times[number]) / f64::from(u32::try_from(each).unwrap_or(1));
                taken[number].push(nanoseconds);
            }
        }
    }
    let ours = taken[0].clone();
    taken
        .into_iter()
        .map(|taken| {
            let ratios = taken.iter().zip(&ours).map(|(taken, ours)| taken / ours).collect();
            Some(Median { ratio: median(ratios)?, nanoseconds: median(taken)? })
        })
        .collect()
}

/// Returns how often a job fits into a turn; warms it up, too.
fn calibrate(job: &mut Job<'_>) -> u32 {
    let mut times = 1;
    loop {
        let taken = nanoseconds(job, times) * f64::from(times);
        if taken >= TURN.as_secs_f64() * 1e9 || times > 1 << 24 {
            return times;
        }
        times *= 2;
    }
}

fn nanoseconds(job: &mut Job<'_>, times: u32) -> f64 {
    let started = Instant::now();
    for _ in 0..times {
        job();
    }
    started.elapsed().as_secs_f64() * 1e9 / f64::from(times)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
