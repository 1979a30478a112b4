//! Measures whether the check-ins of runs have arrived, and the memory that waiting ones take.
//!
//! Measured: a record that waits takes 73 bytes (`queued`). A `HashMap` from the id of a run to its records would take 342 bytes with a
//! `VecDeque` and 170 with room for one record in the map itself, so the queue keeps a slab, links and a table of places.

use std::time::{Duration, Instant};

use crate::Result;
use crate::contenders::{OurClient, Peer, crons_options, job, job_that_fails};
use crate::sink::{self, SinkProcess};
use crate::threads::memory;

/// The longest time without progress before a delivery counts as stuck.
const PATIENCE: Duration = Duration::from_secs(30);
/// The server's pace in `rate`.
const RESPONSE: Duration = Duration::from_millis(50);
const PACE: Duration = Duration::from_millis(10);
const MEGABYTE: f64 = 1024.0 * 1024.0;

pub fn back_to_back(runs: u64) -> Result<()> {
    let mut sink = SinkProcess::start(Duration::ZERO)?;
    let crons = crons::try_init(crons_options(&OurClient::Dsn(&sink.dsn())))?;
    let at_rest = memory("VmHWM")?;
    let began = Instant::now();
    for number in 0..runs {
        if number % 2 == 0 {
            job(number);
        } else {
            let _ = job_that_fails(number);
        }
    }
    let running = began.elapsed();
    let mut known = 0;
    while !crons.flush(PATIENCE) {
        let sent = crons::stats().sent;
        if std::mem::replace(&mut known, sent) == sent {
            println!("nothing happens any more: {:?}", crons::stats());
            break;
        }
    }
    let delivering = began.elapsed();
    let most = memory("VmHWM")?;
    let counts = sink.counts()?;
    let share = |part: u64| 100.0 * part as f64 / runs as f64;
    println!("{runs} runs, half of them failing, in {running:.2?}; settled after {delivering:.2?}");
    println!(
        "arrived with the right end: {} ({:.3} %), by {} requests",
        counts.right,
        share(counts.right),
        counts.requests
    );
    println!("known to the server at all: {} ({:.3} %)", counts.runs, share(counts.runs));
    println!("memory: {:.1} MB at most, {:.1} MB at rest", most as f64 / MEGABYTE, at_rest as f64 / MEGABYTE);
    println!("{:?}", crons.close(Duration::from_secs(1)));
    Ok(())
}

pub fn queued(runs: u64) -> Result<()> {
    let silent = sink::start(Duration::from_secs(3_600), |_| ())?;
    let crons = crons::try_init(crons_options(&OurClient::Dsn(&format!("http://key@{silent}/1"))))?;
    // The first jobs use up all requests that may be under way.
    for number in 0..100 {
        job(number);
    }
    let (before, queued) = (memory("VmRSS")?, crons::stats().queued);
    for number in 0..runs {
        job(number);
    }
    let more = crons::stats().queued - queued;
    let bytes = memory("VmRSS")? - before;
    println!("{runs} runs against a silent server: {more} more records wait");
    println!("{:.1} MB more, {:.0} bytes a record", bytes as f64 / MEGABYTE, bytes as f64 / more as f64);
    println!("{:?}", crons.close(Duration::ZERO));
    Ok(())
}

pub fn rate(seconds: u64) -> Result<()> {
    let runs = seconds * 100;
    println!("{runs} runs, 100 a second, {RESPONSE:?} a response");
    println!("{:<10} {:>18} {:>18}", "", "runs, right end", "check-ins arrived");
    let mut sink = SinkProcess::start(RESPONSE)?;
    let crons = crons::try_init(crons_options(&OurClient::Dsn(&sink.dsn())))?;
    paced(runs, || {
        job(1);
    });
    crons.flush(PATIENCE);
    print("crons", &mut sink, runs)?;
    let stats = crons.close(PATIENCE);
    let mut sink = SinkProcess::start(RESPONSE)?;
    let peer = Peer::start(Some(&sink.dsn()))?;
    paced(runs, || peer.run());
    peer.flush();
    print("sentry", &mut sink, runs)?;
    println!("\n{stats:?}");
    Ok(())
}

/// Runs by the clock, not by pauses, so that a slow contender has to catch up.
fn paced(runs: u64, mut run: impl FnMut()) {
    let mut next = Instant::now();
    for _ in 0..runs {
        run();
        next += PACE;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn print(name: &str, sink: &mut SinkProcess, runs: u64) -> Result<()> {
    let counts = sink.counts()?;
    let share = 100.0 * counts.right as f64 / runs as f64;
    println!("{name:<10} {:>9} {share:>6.1} % {:>18}", counts.right, counts.requests);
    Ok(())
}
