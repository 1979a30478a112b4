//! Benchmarks of the client: its cost and its delivery, side by side with a floor and with peers, in one run.
//!
//! The benchmarks run from this folder; what is in brackets may be left out:
//!
//! | `cargo run --release --` | prints |
//! |---|---|
//! | `caller [ROUNDS]` | a run on the caller's thread: CPU time and allocations; a disabled run |
//! | `instructions [RUNS]` | the same in instructions, counted by callgrind, where time is noisy |
//! | `paced [CALLS]` | a run each 500 µs: median and 99th percentile of what the caller waits |
//! | `transport [CHECK_INS] [ROUNDS]` | CPU time for one check-in on its way to a server on this machine |
//! | `delivered [RUNS]` | that many runs back to back: how many arrived, with the right end; memory |
//! | `queued [RUNS]` | memory for one record that waits |
//! | `rate [SECONDS]` | 100 runs a second at 50 ms a response: the share that arrived |
//! | `idle [SECONDS]` | the client's share of a core when nothing happens |
//! | `visible [RUNS]` | from `start()` to its arrival, beside the way there and back |
//! | `spool [RUNS]` | a run with and without a spool: CPU time of caller and client; a program of one run |
//! | `soak [SECONDS] [SEED]` | jobs of all kinds against a server that misbehaves; fails unless the books balance |
//!
//! The floor of a run: an id from the thread's generator, one reading of the wall clock, two of the monotonic one, and two
//! records of 200 bytes handed to a thread that polls. The contenders take a turn in each round, in changing order. Times are
//! of the thread, not of the wall, except where the wall is the question. Linux only: it reads `/proc`.

mod measure;
mod threads;
mod allocations;
mod sink;
mod contenders;
mod caller;
mod instructions;
mod paced;
mod transport;
mod delivered;
mod idle;
mod spool;
mod soak;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some("caller") => caller::run(argument(2, 31)?),
        Some("instructions") => instructions::run(argument(2, 10_000)?),
        // The command that callgrind runs.
        Some("instructions-of") => instructions::of(&argument(2, String::new())?, argument(3, 1)?),
        Some("paced") => paced::run(argument(2, 4_000)?),
        Some("transport") => transport::run(argument(2, 10_000)?, argument(3, 7)?),
        Some("delivered") => delivered::back_to_back(argument(2, 1_000_000)?),
        Some("queued") => delivered::queued(argument(2, 500_000)?),
        Some("rate") => delivered::rate(argument(2, 10)?),
        Some("idle") => idle::idle(argument(2, 10)?),
        Some("visible") => idle::visible(argument(2, 200)?),
        Some("spool") => spool::run(argument(2, 20_000)?),
        Some("soak") => soak::run(argument(2, 600)?, argument(3, rand::random())?),
        // The process that `delivered` and `rate` send to.
        Some("sink") => sink::serve(argument(2, 0)?),
        _ => {
            Err("say which: caller, instructions, paced, transport, delivered, queued, rate, idle, visible, spool or soak".into())
        }
    }
}

/// An argument by its place.
fn argument<T: std::str::FromStr>(place: usize, default: T) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    Ok(std::env::args().nth(place).map(|text| text.parse()).transpose()?.unwrap_or(default))
}
