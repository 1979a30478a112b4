//! Durable check-ins on one PostgreSQL by one server, by two and by three, in turn, with 64 connections to each server: each server with monitors of its own,
//! then all with the same, so that each batch waits for those of the others.

use std::process::Stdio;
use std::time::Duration;

use crons_bench_server::load::{CONNECTIONS, Load, MONITORS};
use crons_bench_server::process::{Crons, Process};
use crons_bench_server::summary::median;
use crons_bench_server::{Result, argument};

#[path = "../../../../crons-server/tests/harness/postgres.rs"]
mod cluster;

/// Makes monitors, fills caches, and is not counted.
const WARM_UP: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    let (rounds, seconds) = (argument(1, 5)?, argument(2, 3)?);
    // The client has one thread: CPU time that it takes is missing to the servers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(rounds, Duration::from_secs(seconds)))
}

async fn run(rounds: usize, length: Duration) -> Result<()> {
    let cluster = cluster::Cluster::start_durable().ok_or("this machine has no PostgreSQL")?;
    let (crons, url) = (Crons::find()?, cluster.new_database());
    let servers: Vec<Process> =
        (0..3).map(|_| crons.serve_url(&url, Stdio::inherit())).collect::<Result<_>>()?;
    println!(
        "{CONNECTIONS} connections to each server, every yes after the commit; medians of {rounds} rounds in turn, of {} s each; \
         the ratio is the median of those of the rounds.\n",
        length.as_secs()
    );
    for (is_own, title) in [(true, "monitors of its own"), (false, "the same monitors")] {
        println!("{title}, {MONITORS} for each server");
        compare(&servers, is_own, rounds, length).await?;
    }
    for server in servers {
        server.stop()?;
    }
    Ok(())
}

async fn compare(servers: &[Process], is_own: bool, rounds: usize, length: Duration) -> Result<()> {
    let mut loads = Vec::new();
    for (place, server) in servers.iter().enumerate() {
        // Runs of the second comparison have other ids than those of the first.
        let (place, first) = if is_own { (place, place * MONITORS) } else { (place + servers.len(), 0) };
        let mut load = Load::connect_as(server, place, first..first + MONITORS).await?;
        load.round(WARM_UP).await?;
        loads.push(load);
    }
    // Check-ins a second, and the 99th percentile of the slowest server in milliseconds, of one server, two and three.
    let mut found: [Vec<(f64, f64)>; 3] = Default::default();
    for round in 0..rounds {
        for turn in 0..3 {
            let nodes = (round + turn) % 3 + 1;
            let at_work = loads.iter_mut().take(nodes).map(|load| load.round(length));
            let figures = futures_util::future::try_join_all(at_work).await?;
            let per_second = figures.iter().map(|figures| figures.per_second).sum();
            let slowest = figures.iter().map(|figures| figures.p99).fold(0.0, f64::max);
            found[nodes - 1].push((per_second, slowest));
        }
    }
    println!("{:<10}{:>14}{:>12}{:>16}", "servers", "check-ins/s", "p99, ms", "of one server");
    for (nodes, figures) in (1..).zip(&found) {
        let ratios = figures.iter().zip(&found[0]).map(|((these, _), (one, _))| these / one);
        let (per_second, p99) =
            (median(figures.iter().map(|(rate, _)| *rate)), median(figures.iter().map(|(_, p99)| *p99)));
        println!("{nodes:<10}{per_second:>14.0}{p99:>12.1}{:>16.2}", median(ratios));
    }
    println!();
    Ok(())
}
