//! Durable check-ins at 64 connections on PostgreSQL: `crons serve` on it, without and with prepared statements, a bare floor on PostgreSQL and
//! `crons serve` on SQLite take turns, under the same load.

use std::process::{Command, Stdio};
use std::time::Duration;

use crons_bench_server::load::{CONNECTIONS, Load, MONITORS, Round};
use crons_bench_server::process::{Crons, Process};
use crons_bench_server::summary::median;
use crons_bench_server::{Result, argument, floor};

#[path = "../../../../crons-server/tests/harness/postgres.rs"]
mod cluster;

/// The first argument of the process that is the floor.
const FLOOR: &str = "--be-the-floor";
/// Makes monitors, fills caches, and is not counted.
const WARM_UP: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some(FLOOR) {
        let url = std::env::args().nth(2).ok_or("no database")?;
        return floor::serve_postgres(&url);
    }
    let (rounds, seconds) = (argument(1, 9)?, argument(2, 3)?);
    // The client has one thread: CPU time that it takes is missing to the servers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(rounds, Duration::from_secs(seconds)))
}

async fn run(rounds: usize, length: Duration) -> Result<()> {
    let cluster = cluster::Cluster::start_durable().ok_or("this machine has no PostgreSQL")?;
    let folder = tempfile::tempdir()?;
    let crons = Crons::find()?;
    let url = cluster.new_database();
    let ours = crons.serve_url(&url, Stdio::inherit())?;
    let prepared = crons.serve_url(&format!("{}&prepared=true", cluster.new_database()), Stdio::inherit())?;
    let sqlite = crons.serve(&folder.path().join("crons.db"), Stdio::inherit())?;
    let (without_schema, _) = url.split_once("&schema").unwrap_or((&url, ""));
    let floor = Process::start(Command::new(std::env::current_exe()?).args([FLOOR, without_schema]))?;
    let servers = [&ours, &prepared, &floor, &sqlite];
    let mut loads = Vec::new();
    for server in servers {
        let mut load = Load::connect(server).await?;
        load.round(WARM_UP).await?;
        loads.push(load);
    }
    let mut found: [Vec<Round>; 4] = Default::default();
    for round in 0..rounds {
        for turn in 0..4 {
            // The servers take turns in being the first.
            let number = (round + turn) % 4;
            found[number].push(loads[number].round(length).await?);
        }
    }
    println!(
        "{CONNECTIONS} connections, {MONITORS} monitors, every yes after the commit; medians of {rounds} rounds in turn, of {} s each; the \
         ratios are the medians of those of the rounds. CPU is that of the server, without PostgreSQL's.\n",
        length.as_secs()
    );
    println!(
        "{:<28}{:>10}{:>10}{:>10}{:>10}{:>12}{:>14}",
        "", "postgres", "prepared", "floor", "sqlite", "of floor", "prepared of it"
    );
    let row = |what: &str, value: fn(&Round) -> f64| {
        let [ours, prepared, floor, sqlite] =
            [0, 1, 2, 3].map(|number| median(found[number].iter().map(value)));
        let of_floor = |number: usize| {
            median(found[number].iter().zip(&found[2]).map(|(ours, floor)| value(ours) / value(floor)))
        };
        println!(
            "{what:<28}{ours:>10.1}{prepared:>10.1}{floor:>10.1}{sqlite:>10.1}{:>12.2}{:>14.2}",
            of_floor(0),
            of_floor(1)
        );
    };
    row("check-ins/s", |round| round.per_second);
    row("CPU of the server, us each", |round| round.cpu);
    row("p50, ms", |round| round.p50);
    row("p99, ms", |round| round.p99);
    drop(loads);
    for server in [ours, prepared, floor, sqlite] {
        server.stop()?;
    }
    Ok(())
}
