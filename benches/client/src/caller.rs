//! The cost of a run for the thread that runs it.
//!
//! Measured on 2 busy cores, medians of 21 rounds in one run each: 207 to 232 ns, `sentry` 491 to 719 ns. With ids from the system instead
//! of a generator for each thread: 674 ns beside 508 ns of `sentry`.

use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt as _;

use crate::Result;
use crate::contenders::{
    Floor, OurClient, Peer, Polled, Swapped, crons_options, instrumented, job, unwatched,
};
use crate::measure::{Contender, Cost, costs};

/// The runs in one turn: more than a wake-up of the worker, less than any queue.
const BATCH: u32 = 2_000;
/// The runs in one turn of a disabled run, which is so short that it takes more of them.
const DISABLED_BATCH: u32 = 100_000;
/// The limit for settling what a turn leaves behind.
const LONGEST: Duration = Duration::from_secs(30);

pub fn run(rounds: usize) -> Result<()> {
    disabled(rounds);
    let crons = crons::try_init(crons_options(&OurClient::Nobody))?;
    let (polled, swapped) = (Floor::<Polled>::start(), Floor::<Swapped>::start());
    let peer = Peer::start(None)?;
    let registry = tracing::Dispatch::new(tracing_subscriber::registry().with(NoOp));
    let mut contenders = [
        Contender::new("floor: polled queue", || polled.run()).settle(|| polled.settle()),
        Contender::new("floor: mutex and swap", || swapped.run()).settle(|| swapped.settle()),
        Contender::new("crons: the attribute", || job(1)).settle(|| crons.flush(LONGEST)),
        Contender::new("sentry, null transport", || peer.run()),
    ];
    let mut table = costs(&mut contenders, rounds, BATCH);
    let mut names: Vec<&str> = contenders.iter().map(|contender| contender.name).collect();
    drop(contenders);
    // The instrumented function is measured alone: with a subscriber in place, the logs of the others would count.
    let instrumented = tracing::dispatcher::with_default(&registry, || {
        let mut alone = [Contender::new("#[tracing::instrument]", || instrumented(1))];
        costs(&mut alone, rounds, BATCH)
    });
    table.extend(instrumented);
    names.push("#[tracing::instrument]");
    println!("\na run on the caller's thread, medians of {rounds} rounds of {BATCH}");
    print(&names, &table);
    println!("\n{:?}", crons.close(LONGEST));
    Ok(())
}

fn disabled(rounds: usize) {
    let mut contenders =
        [Contender::new("bare call", || unwatched(1)), Contender::new("crons, disabled", || job(1))];
    let table = costs(&mut contenders, rounds, DISABLED_BATCH);
    println!("without a client, medians of {rounds} rounds of {DISABLED_BATCH}");
    print(&contenders.map(|contender| contender.name), &table);
    println!("difference: {:.1} ns", table[1].nanoseconds - table[0].nanoseconds);
}

fn print(names: &[&str], table: &[Cost]) {
    println!("{:<26} {:>10} {:>10} {:>12} {:>10}", "", "ns of CPU", "ratio", "allocations", "bytes");
    for (name, cost) in names.iter().zip(table) {
        let ratio = cost.nanoseconds / table[0].nanoseconds;
        let Cost { nanoseconds, allocations, bytes } = cost;
        println!("{name:<26} {nanoseconds:>10.1} {ratio:>9.2}x {allocations:>12.2} {bytes:>10.0}");
    }
}

/// A layer that records nothing.
struct NoOp;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for NoOp {}
