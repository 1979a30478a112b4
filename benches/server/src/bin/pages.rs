//! Measures pages: the list of 2,000 monitors, with a day of history and with five; the page of a monitor with 1,000,000 runs; and 1,000 live
//! streams, while nothing happens and while check-ins arrive.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use crons_bench_server::load::Load;
use crons_bench_server::process::{Crons, Process};
use crons_bench_server::summary::{median, print_goal, print_goals_header, quantile};
use crons_bench_server::{Result, argument, page, seed};

const MONITORS: usize = 2_000;
const STREAMS: usize = 1_000;
/// The monitor with the long history.
const LONG: &str = "seed-0000008";
/// Pages that are read of each kind.
const READS: usize = 40;
const IDLE: Duration = Duration::from_secs(30);

fn main() -> Result<()> {
    let rounds: usize = argument(1, 3)?;
    let folder = tempfile::tempdir()?;
    let (crons, database) = (Crons::find()?, folder.path().join("crons.db"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(seed::seed(&crons, &database, MONITORS))?;
    println!("{MONITORS} monitors, a run each 15 minutes, one in 50 failed\n");
    print_goals_header();
    seed::history(&database, 0, 1)?;
    let day = runtime.block_on(measure(&crons, &database, "a day"))?;
    seed::history(&database, 1, 5)?;
    let days = runtime.block_on(measure(&crons, &database, "five days"))?;
    print_goal("the list with five days of history, in those with one", Some(1.2), days / day);
    seed::runs(&database, LONG, 1_000_000)?;
    runtime.block_on(measure_long(&crons, &database))?;
    runtime.block_on(stream(&crons, &database, rounds))
}

/// Reads the pages of a server. Returns the median time of the list in milliseconds.
async fn measure(crons: &Crons, database: &std::path::Path, history: &str) -> Result<f64> {
    let server = crons.serve(database, Stdio::null())?;
    let to = server.address;
    let files = page::read(to, "/style.css").await?.bytes
        + page::read(to, "/script.js").await?.bytes
        + page::read(to, "/favicon.svg").await?.bytes;
    let mut list = f64::NAN;
    for (name, path) in
        [("list", "/"), ("list, 90 days", "/?window=90d"), ("monitor page", "/monitors/seed-0000007")]
    {
        let cpu = server.fine_cpu()?;
        let (p50, bytes) = repeat(to, path).await?;
        let cpu = (server.fine_cpu()? - cpu).as_secs_f64() * 1e3 / (READS + 1) as f64;
        if path == "/" {
            list = p50;
        }
        print_goal(&format!("{name}, {history}: p50, ms"), Some(50.0), p50);
        print_goal(&format!("{name}, {history}: CPU of the server, ms"), None, cpu);
        print_goal(
            &format!("{name}, {history}: on the wire with all files, kB"),
            Some(100.0),
            (bytes + files) as f64 / 1e3,
        );
    }
    server.stop()?;
    Ok(list)
}

/// Reads the page of the monitor [`LONG`].
async fn measure_long(crons: &Crons, database: &std::path::Path) -> Result<()> {
    let server = crons.serve(database, Stdio::null())?;
    let (p50, _) = repeat(server.address, &format!("/monitors/{LONG}")).await?;
    print_goal("page of a monitor with 1,000,000 runs: p50, ms", Some(50.0), p50);
    server.stop()
}

/// Reads a page once, and then [`READS`] times. Returns the median time of these in milliseconds, and the bytes of the page.
async fn repeat(to: SocketAddr, path: &str) -> Result<(f64, usize)> {
    let mut bytes = page::read(to, path).await?.bytes;
    let mut took = Vec::new();
    for _ in 0..READS {
        let read = page::read(to, path).await?;
        took.push(read.took.as_secs_f64() * 1e3);
        bytes = read.bytes;
    }
    Ok((quantile(&mut took, 0.5), bytes))
}

/// Streams that watch, first while nothing happens.
async fn stream(crons: &Crons, database: &std::path::Path, rounds: usize) -> Result<()> {
    let server = crons.serve(database, Stdio::null())?;
    let alone = idle(&server).await?;
    let mut load = Load::connect(&server).await?;
    let mut ratios = Vec::new();
    for _ in 0..rounds {
        let without = load.round(Duration::from_secs(5)).await?.per_second;
        let streams = page::watch(server.address, STREAMS).await?;
        let with = load.round(Duration::from_secs(5)).await?.per_second;
        ratios.push(with / without);
        drop(streams);
    }
    let streams = page::watch(server.address, STREAMS).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    print_goal("an idle server, % of a core", None, alone);
    print_goal(&format!("with {STREAMS} live streams, % of a core"), Some(1.0), idle(&server).await?);
    print_goal("check-ins with the streams, in those without", Some(0.9), median(ratios.into_iter()));
    drop(streams);
    server.stop()
}

/// The part of a core that the server uses while nothing happens, in per cent.
async fn idle(server: &Process) -> Result<f64> {
    // `fine_cpu` leaves out threads that have ended, and idle threads that block end after 10 s.
    let cpu = server.cpu()?;
    tokio::time::sleep(IDLE).await;
    Ok((server.cpu()? - cpu) / IDLE.as_secs_f64() * 100.0)
}
