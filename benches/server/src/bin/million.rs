//! A million monitors that are expected every minute: how long the server takes to start with them, what a minute
//! costs in which nothing is due, and how long it takes until all of them are known to be missed.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crons_bench_server::process::{Crons, Process};
use crons_bench_server::summary::{median, print_goal, print_goals_header, quantile};
use crons_bench_server::watch::{Watch, check_in_steadily, missed};
use crons_bench_server::wire::{Client, Request};
use crons_bench_server::{Result, argument, clock, seed};

/// The longest time that the minute in which all are missed may take, before it is given up.
const PATIENCE: Duration = Duration::from_secs(900);

fn main() -> Result<()> {
    let (monitors, minutes) = (argument(1, 1_000_000)?, argument(2, 3)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let (crons, database) = (Crons::find()?, folder.path().join("crons.db"));
        seed::seed(&crons, &database, monitors).await?;
        println!("{monitors} monitors; goals of time in proportion to a million\n");
        print_goals_header();
        quiet(&crons, &database, monitors, minutes).await?;
        all_missed(&crons, &database, monitors).await
    })
}

/// The start, and minutes in which nothing is due.
async fn quiet(crons: &Crons, database: &Path, monitors: usize, minutes: usize) -> Result<()> {
    let millions = monitors as f64 / 1e6;
    seed::expect(database, clock::minute_in(86_400.0))?;
    let server = crons.serve(database, Stdio::null())?;
    // The check-in is of another monitor, so that no expectation of those that are measured changes.
    let mut request = Request::new(server.address, "ok", "0 0 1 1 *");
    request.set(1, 0);
    Client::connect(server.address).await?.send(&request).await?;
    let first_answer = server.started.elapsed();
    let goal = Some(3.0 * millions);
    print_goal("start: until the first line, s", goal, server.first_line.as_secs_f64());
    print_goal("start: until the first check-in is answered, s", goal, first_answer.as_secs_f64());
    let mut found = Vec::new();
    for _ in 0..minutes {
        found.push(quiet_minute(&server)?);
    }
    print_goal("quiet minute: CPU, ms", Some(0.25), median(found.iter().map(|(cpu, _)| *cpu)));
    print_goal("quiet minute: begun to judged, ms", None, median(found.iter().map(|(_, done)| *done)));
    let (now, most) = server.memory()?;
    print_goal("quiet: RSS, MB", None, now);
    print_goal("quiet: most of it, MB", None, most);
    server.stop()
}

/// Milliseconds of CPU around the begin of a minute, and from there until there was no more.
fn quiet_minute(server: &Process) -> Result<(f64, f64)> {
    let minute = clock::minute_in(1.0);
    clock::sleep_until(minute - 0.05);
    let before = server.fine_cpu()?;
    let (mut cpu, mut last) = (before, minute);
    // The first sign of work may come late; half a second without any is the end of it.
    while clock::now() < minute + 1.0 || clock::now() < last + 0.5 {
        let now = server.fine_cpu()?;
        if now != cpu {
            (cpu, last) = (now, clock::now());
        }
    }
    Ok(((cpu - before).as_secs_f64() * 1e3, (last - minute) * 1e3))
}

/// A minute at whose begin each of them is late, while others check in.
async fn all_missed(crons: &Crons, database: &Path, monitors: usize) -> Result<()> {
    let millions = monitors as f64 / 1e6;
    // The time is enough for writing the deadlines, and for the start: a run that is expected before is unknown, not missed.
    let minute = clock::minute_in(75.0 + 60.0 * millions);
    seed::expect(database, minute)?;
    // The log has a line or two for each, and is not read here.
    let server = crons.serve(database, Stdio::null())?;
    if clock::now() > minute - 1.0 {
        return Err("the server has started too late for the minute that was chosen".into());
    }
    let watch = Watch::start(database)?;
    clock::sleep_until(minute);
    let (began, cpu, stop) = (Instant::now(), server.cpu()?, Arc::new(AtomicBool::new(false)));
    let others = tokio::spawn(check_in_steadily(server.address, 0, Arc::clone(&stop)));
    while usize::try_from(watch.newest())? < monitors || missed(database)? < monitors {
        if began.elapsed() > PATIENCE {
            return Err(format!("{} of {monitors} in {PATIENCE:?}", missed(database)?).into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (cpu, memory) = (server.cpu()? - cpu, server.memory()?);
    stop.store(true, Ordering::Relaxed);
    let others = others.await??;
    let delays = watch.stop(database)?;
    let of = |number: usize| delays.get(number).copied().unwrap_or(f64::NAN);
    let all = of(monitors - 1);
    print_goal("all missed: until the first is durable, s", None, of(0));
    print_goal("all missed: until all are durable, s", Some(5.0 * millions), all);
    print_goal("all missed: CPU meanwhile, s", None, cpu);
    let during = |(due, taken): &(f64, f64)| (*due <= minute + all).then_some(*taken);
    let mut taken: Vec<f64> = others.iter().filter_map(during).collect();
    for (name, part) in [("p50", 0.5), ("p99", 0.99), ("longest", 1.0)] {
        let what = format!("all missed: answers to {} others, {name}, ms", taken.len());
        print_goal(&what, None, quantile(&mut taken, part));
    }
    print_goal("all missed: RSS, MB", None, memory.0);
    print_goal("all missed: most of it, MB", None, memory.1);
    Ok(())
}
