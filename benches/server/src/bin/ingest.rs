//! Durable check-ins at 64 connections: `crons serve` and a bare floor take turns, under the same load.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crons_bench_server::load::{CONNECTIONS, Load, MONITORS, Round};
use crons_bench_server::process::{Crons, Process};
use crons_bench_server::summary::median;
use crons_bench_server::{Result, argument, floor};

/// The first argument of the process that is the floor.
const FLOOR: &str = "--be-the-floor";
/// Makes monitors, fills caches, and is not counted.
const WARM_UP: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some(FLOOR) {
        let database = std::env::args_os().nth(2).ok_or("no database")?;
        return floor::serve(Path::new(&database));
    }
    let (rounds, seconds) = (argument(1, 9)?, argument(2, 3)?);
    // The client has one thread: CPU time that it takes is missing to the servers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(rounds, Duration::from_secs(seconds)))
}

async fn run(rounds: usize, length: Duration) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let ours = Crons::find()?.serve(&folder.path().join("crons.db"), Stdio::inherit())?;
    let mut command = Command::new(std::env::current_exe()?);
    let floor = Process::start(command.arg(FLOOR).arg(folder.path().join("floor.db")))?;
    let servers = [&ours, &floor];
    let mut loads = [Load::connect(&ours).await?, Load::connect(&floor).await?];
    for load in &mut loads {
        load.round(WARM_UP).await?;
    }
    let mut found: [Vec<Round>; 2] = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        for turn in 0..2 {
            // The servers take turns in being the first.
            let number = (round + turn) % 2;
            found[number].push(loads[number].round(length).await?);
        }
    }
    println!(
        "{CONNECTIONS} connections, {MONITORS} monitors, every yes after the commit (WAL, synchronous=FULL);\n\
         medians of {rounds} rounds in turn, of {} s each; the ratio is the median of those of the rounds\n",
        length.as_secs()
    );
    println!("{:<28}{:>10}{:>10}{:>8}{:>8}", "", "crons", "floor", "ratio", "goal");
    let row = |what: &str, goal: &str, value: fn(&Round) -> f64| {
        let [ours, floor] = [0, 1].map(|number| median(found[number].iter().map(value)));
        let ratios = found[0].iter().zip(&found[1]).map(|(ours, floor)| value(ours) / value(floor));
        println!("{what:<28}{ours:>10.1}{floor:>10.1}{:>8.2}{goal:>8}", median(ratios));
    };
    row("check-ins/s", ">= 0.7", |round| round.per_second);
    row("CPU of the server, us each", "<= 1.5", |round| round.cpu);
    row("p50, ms", "", |round| round.p50);
    row("p99, ms", "", |round| round.p99);
    let [memory, least] = servers.map(|server| server.memory().map_or(f64::NAN, |(now, _)| now));
    println!("{:<28}{memory:>10.1}{least:>10.1}{:>8.2}", "RSS at the end, MB", memory / least);
    // Profilers around the process need an orderly end.
    drop(loads);
    floor.stop()?;
    ours.stop()
}
