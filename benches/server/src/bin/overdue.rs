//! Servers on one PostgreSQL, and a minute at whose begin all monitors are late: how long it takes until each is known to be missed, while others check
//! in at each server.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crons_bench_server::process::{Crons, Process};
use crons_bench_server::summary::{print_goal, print_goals_header, quantile};
use crons_bench_server::watch::check_in_steadily;
use crons_bench_server::wire::{Client, Request};
use crons_bench_server::{Result, argument, clock};

#[path = "../../../../crons-server/tests/harness/postgres.rs"]
mod cluster;

/// The longest time that the minute may take, before it is given up.
const PATIENCE: Duration = Duration::from_secs(900);

fn main() -> Result<()> {
    let (monitors, servers) = (argument(1, 1_000_000)?, argument(2, 3)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(run(monitors, servers))
}

async fn run(monitors: usize, servers: u64) -> Result<()> {
    let cluster = cluster::Cluster::start_durable().ok_or("this machine has no PostgreSQL")?;
    let (crons, url) = (Crons::find()?, cluster.new_database());
    let (_, schema) = url.split_once("schema=").ok_or("the URL names no schema")?;
    let execute = |sql: &str| cluster.execute(&format!("SET search_path TO {schema}; {sql}"));
    let first = crons.serve_url(&url, Stdio::inherit())?;
    Client::connect(first.address).await?.send(&Request::new(first.address, "ok", "* * * * *")).await?;
    first.stop()?;
    execute(&format!(
        "INSERT INTO monitors (guid, project, slug, enabled, upserting, config, date_created, muted, configured_by, configured_at)
         SELECT gen_random_uuid(), m.project, 'seed-' || number, m.enabled, m.upserting, m.config, m.date_created, m.muted, m.configured_by,
             m.configured_at
         FROM generate_series(2, {monitors}) AS number, (SELECT * FROM monitors WHERE id > 0 LIMIT 1) m;
         INSERT INTO environments (monitor_id, name, status, muted, date_created)
         SELECT m.id, e.name, e.status, e.muted, e.date_created
         FROM monitors m, (SELECT * FROM environments LIMIT 1) e WHERE m.id > 0 AND m.id <> e.monitor_id"
    ));
    // The time is enough for writing the deadlines, and for the start: a run that is expected before is unknown, not missed.
    let minute = clock::minute_in(60.0 + monitors as f64 / 1e4);
    let micros = |seconds: f64| (seconds * 1e6) as i64;
    execute(&format!(
        "UPDATE environments SET last_check_in = {}, next_check_in = {}, next_check_in_latest = {}",
        micros(minute - 120.0),
        micros(minute - 60.0),
        micros(minute)
    ));
    cluster.execute(&format!("VACUUM ANALYZE {schema}.environments"));
    // The log has a line or two for each, and is not read here.
    let servers: Vec<Process> =
        (0..servers).map(|_| crons.serve_url(&url, Stdio::null())).collect::<Result<_>>()?;
    if clock::now() > minute - 1.0 {
        return Err("the servers have started too late for the minute that was chosen".into());
    }
    clock::sleep_until(minute);
    let (began, stop) = (Instant::now(), Arc::new(AtomicBool::new(false)));
    let others: Vec<_> = (0..)
        .zip(&servers)
        .map(|(place, server)| tokio::spawn(check_in_steadily(server.address, place, Arc::clone(&stop))))
        .collect();
    let is_evaluated =
        format!("SELECT count(*) FROM {schema}.evaluation WHERE evaluated_through >= {}", micros(minute));
    while cluster.execute(&is_evaluated) == "0" {
        if began.elapsed() > PATIENCE {
            return Err(format!("the minute was not evaluated in {PATIENCE:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let taken = began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    // The next minute may have begun meanwhile, in which all are late again.
    let missed = cluster.execute(&format!(
        "SELECT count(*) FROM {schema}.check_ins WHERE status = 'missed' AND expected_time = {}",
        micros(minute - 60.0)
    ));
    if missed != monitors.to_string() {
        return Err(format!("{missed} of {monitors} were missed").into());
    }
    println!("{monitors} monitors late at once, {} servers on one PostgreSQL\n", servers.len());
    print_goals_header();
    print_goal("until all are missed, s", None, taken);
    for (number, others) in (1..).zip(others) {
        let answers = others.await??;
        let during = |(due, waited): &(f64, f64)| (*due <= minute + taken).then_some(*waited);
        let mut waited: Vec<f64> = answers.iter().filter_map(during).collect();
        for (name, part) in [("p50", 0.5), ("p99", 0.99), ("longest", 1.0)] {
            let what = format!("answers to {} others of server {number}, {name}, ms", waited.len());
            print_goal(&what, None, quantile(&mut waited, part));
        }
    }
    for server in servers {
        server.stop()?;
    }
    Ok(())
}
