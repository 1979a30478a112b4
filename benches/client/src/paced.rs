//! The time that the caller waits when runs are apart: waking another thread is most of it.
//!
//! Measured on 2 busy cores, p50 and p99 of 2,000 runs: 1.8 and 8 µs. Without the polling of the worker each run wakes it: 7.2 and 67 µs
//! beside 2.9 and 9 µs of `sentry` in the same run. Polling takes 0.04 % of a core for the 50 ms after the last run.

use std::time::{Duration, Instant};

use crate::Result;
use crate::contenders::{Floor, OurClient, Peer, Polled, crons_options, job};
use crate::measure::{Contender, median, quantile};

const PACE: Duration = Duration::from_micros(500);
/// Calls in one turn.
const TURN: usize = 200;

pub fn run(calls: usize) -> Result<()> {
    let crons = crons::try_init(crons_options(&OurClient::Nobody))?;
    let (polled, peer) = (Floor::<Polled>::start(), Peer::start(None)?);
    let mut contenders = [
        Contender::new("floor: polled queue", || polled.run()),
        Contender::new("crons: the attribute", || job(1)),
        Contender::new("sentry, null transport", || peer.run()),
    ];
    let mut taken: [Vec<f64>; 3] = Default::default();
    for _ in 0..calls.div_ceil(TURN) {
        for (contender, taken) in contenders.iter_mut().zip(&mut taken) {
            for _ in 0..TURN {
                std::thread::sleep(PACE);
                let began = Instant::now();
                contender.run();
                taken.push(began.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    println!("a run each {PACE:?}: what the caller waits, {} calls each", taken[0].len());
    println!("{:<26} {:>10} {:>10} {:>10} {:>10}", "", "p50 µs", "ratio", "p99 µs", "ratio");
    let floor = (median(taken[0].clone()), quantile(taken[0].clone(), 0.99));
    for (Contender { name, .. }, taken) in contenders.iter().zip(taken) {
        let (middle, late) = (median(taken.clone()), quantile(taken, 0.99));
        println!(
            "{name:<26} {middle:>10.2} {:>9.2}x {late:>10.2} {:>9.2}x",
            middle / floor.0,
            late / floor.1
        );
    }
    println!("\n{:?}", crons.close(Duration::from_secs(30)));
    Ok(())
}
