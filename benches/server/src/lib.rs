//! `crons serve` from outside, as a process of its own. In this folder:
//!
//! ```text
//! cargo run --release --bin ingest   [ROUNDS [SECONDS]]    # durable check-ins, beside a bare floor
//! cargo run --release --bin million  [MONITORS [MINUTES]]  # start, an idle minute, a minute in which all are missed
//! cargo run --release --bin deadline [MINUTES]             # from a deadline to what is known of it
//! cargo run --release --bin pages    [ROUNDS]              # the list of 2,000 monitors, and 1,000 live streams
//! cargo run --release --bin postgres [ROUNDS [SECONDS]]    # PostgreSQL, beside a bare floor and SQLite
//! cargo run --release --bin nodes    [ROUNDS [SECONDS]]    # one, two and three servers on one PostgreSQL
//! cargo run --release --bin overdue  [MONITORS [SERVERS]]  # several servers, and a minute in which all are missed
//! cargo run --release --bin bloat    [MINUTES]             # while another program holds a transaction open
//! ```
//!
//! `CRONS_BIN` names the program to measure; without it that of this repository is built. Databases are made in
//! `TMPDIR`, which should be on a real disk, and are removed; a million monitors take about 1.5 GB there. Ratios and
//! goals are printed, and nothing is asserted about them; an answer that is no plain yes ends the run with an error.
//! Linux only: processes are watched through `/proc`.

pub mod clock;
pub mod floor;
pub mod load;
pub mod page;
pub mod process;
pub mod seed;
pub mod summary;
pub mod watch;
pub mod wire;

/// The result of a step of a benchmark, which ends with its error.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The number at this place of the command line, if there is one.
///
/// # Errors
/// If it is no number.
pub fn argument<T: std::str::FromStr>(place: usize, default: T) -> Result<T> {
    let Some(text) = std::env::args().nth(place) else { return Ok(default) };
    text.parse().map_err(|_| format!("{text:?} is no number").into())
}
