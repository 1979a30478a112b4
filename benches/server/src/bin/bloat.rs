//! Durable check-ins on PostgreSQL by one server, while another program holds a transaction open, so that PostgreSQL can clean up no row that was changed
//! meanwhile.

use std::process::Stdio;
use std::time::Duration;

use crons_bench_server::load::{CONNECTIONS, Load, Round};
use crons_bench_server::process::Crons;
use crons_bench_server::{Result, argument};

#[path = "../../../../crons-server/tests/harness/postgres.rs"]
mod cluster;

const MINUTE: Duration = Duration::from_secs(60);
/// So many that few have more than the six check-ins a minute that the rate limit allows.
const MONITORS: usize = 20_000;
/// Makes monitors, fills caches, and is not counted.
const WARM_UP: Duration = Duration::from_secs(40);

fn main() -> Result<()> {
    let minutes: u64 = argument(1, 10)?;
    let cluster = cluster::Cluster::start_durable().ok_or("this machine has no PostgreSQL")?;
    let (crons, url) = (Crons::find()?, cluster.new_database());
    let (_, schema) = url.split_once("schema=").ok_or("the URL names no schema")?;
    let size =
        || cluster.execute(&format!("SELECT pg_total_relation_size('{schema}.environments') / 1000000"));
    let holds = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM {schema}.settings; SELECT pg_sleep({})",
        minutes * 60
    );
    let server = crons.serve_url(&url, Stdio::inherit())?;
    // The client has one thread: CPU time that it takes is missing to the server.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut load = runtime.block_on(Load::connect_as(&server, 0, 0..MONITORS))?;
    runtime.block_on(load.round(WARM_UP))?;
    println!("{CONNECTIONS} connections, {MONITORS} monitors, every yes after the commit\n");
    println!(
        "{:<30}{:>14}{:>10}{:>10}{:>20}",
        "minute", "check-ins/s", "of first", "p99, ms", "environments, MB"
    );
    let before = runtime.block_on(load.round(MINUTE))?;
    let show = |name: &str, round: Round| {
        let (rate, ratio) = (round.per_second, round.per_second / before.per_second);
        println!("{name:<30}{rate:>14.0}{ratio:>10.2}{:>10.1}{:>20}", round.p99, size());
    };
    show("before", before);
    std::thread::scope(|scope| {
        scope.spawn(|| cluster.execute(&holds));
        for minute in 1..=minutes {
            show(&format!("{minute}, a transaction is open"), runtime.block_on(load.round(MINUTE))?);
        }
        Result::Ok(())
    })?;
    for minute in 1..=2 {
        show(&format!("{minute}, it has ended"), runtime.block_on(load.round(MINUTE))?);
    }
    drop(load);
    server.stop()
}
