//! The cost of the spool: for the client's threads in each run, and for a program that is one run.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;
use crate::contenders::{OurClient, crons_options, job};
use crate::measure::{median, thread_time};
use crate::threads::Threads;

const LONGEST: Duration = Duration::from_secs(120);
/// Runs that are reported together, as those of a busy program are.
const TURN: u64 = 50;
const ROUNDS: usize = 7;

pub fn run(runs: u64) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("crons-bench-spool-{}", std::process::id()));
    println!("{runs} runs a round, {ROUNDS} rounds, no network; the spool is in {}", folder.display());
    println!("{:<16} {:>20} {:>20} {:>24}", "", "caller, µs a run", "client, µs a run", "one run, start to end, ms");
    for (name, spool) in [("without a spool", None), ("with a spool", Some(&*folder))] {
        let (mut callers, mut clients, mut programs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (caller, client) = round(runs, spool)?;
            callers.push(caller);
            clients.push(client);
            programs.extend((0..20).map(|_| program(spool)).collect::<Result<Vec<f64>>>()?);
        }
        println!("{name:<16} {:>20.2} {:>20.2} {:>24.2}", median(callers), median(clients), median(programs));
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn start(spool: Option<&Path>) -> Result<crons::ClientInitGuard> {
    // The empty path is off, whatever the environment says.
    Ok(crons::try_init(crons_options(&OurClient::Nobody).spool(spool.unwrap_or(Path::new(""))))?)
}

/// Microseconds of CPU time for each run: of the caller's thread, and of the threads of the client, of which one syncs.
fn round(runs: u64, spool: Option<&Path>) -> Result<(f64, f64)> {
    let before = Threads::now()?;
    let crons = start(spool)?;
    job(0);
    crons.flush(LONGEST);
    std::thread::sleep(Duration::from_millis(60));
    let threads = Threads::now()?.since(&before);
    let (client, mut caller) = (threads.time()?, Duration::ZERO);
    for _ in 0..runs / TURN {
        let began = thread_time();
        for number in 0..TURN {
            job(number);
        }
        caller += thread_time() - began;
        if !crons.flush(LONGEST) {
            return Err("not delivered".into());
        }
    }
    let client = threads.time()? - client;
    crons.close(LONGEST);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / runs as f64;
    Ok((each(caller), each(client)))
}

/// Milliseconds from `init` to the end of the guard, for one run.
fn program(spool: Option<&Path>) -> Result<f64> {
    let began = Instant::now();
    let crons = start(spool)?;
    job(1);
    crons.close(LONGEST);
    Ok(began.elapsed().as_secs_f64() * 1e3)
}
