//! Measures the time from a deadline to a missed run that can be read from the database: 200 monitors are late at
//! the begin of a minute, and again at that of the next.

use std::process::Stdio;

use crons_bench_server::process::Crons;
use crons_bench_server::summary::{print_goal, print_goals_header, quantile};
use crons_bench_server::watch::Watch;
use crons_bench_server::{Result, argument, clock, seed};

const MONITORS: usize = 200;

fn main() -> Result<()> {
    let minutes: usize = argument(1, 3)?;
    let folder = tempfile::tempdir()?;
    let (crons, database) = (Crons::find()?, folder.path().join("crons.db"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(seed::seed(&crons, &database, MONITORS))?;
    let first = clock::minute_in(10.0);
    seed::expect(&database, first)?;
    let server = crons.serve(&database, Stdio::null())?;
    let watch = Watch::start(&database)?;
    clock::sleep_until(first + 60.0 * (minutes.saturating_sub(1)) as f64 + 5.0);
    let mut delays = watch.stop(&database)?;
    server.stop()?;
    for delay in &mut delays {
        *delay *= 1e3;
    }
    println!("{MONITORS} monitors late at once, in {minutes} minutes: {} missed runs\n", delays.len());
    print_goals_header();
    print_goal("begin of the minute to durable, p50, ms", None, quantile(&mut delays, 0.5));
    print_goal("begin of the minute to durable, p99, ms", Some(20.0), quantile(&mut delays, 0.99));
    print_goal("begin of the minute to durable, longest, ms", None, quantile(&mut delays, 1.0));
    Ok(())
}
