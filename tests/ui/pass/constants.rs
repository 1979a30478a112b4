//! A schedule and a zone may be constants, of this module or another.

#![deny(warnings)]

const NIGHTLY: &str = "0 3 * * *";

mod settings {
    pub const ZONE: &str = "America/Newly_Made";
    pub const HOURLY: &str = "@hourly";
}

#[crons::monitor(schedule = NIGHTLY, timezone = settings::ZONE, max_runtime = "2h")]
fn backup() {}

#[crons::monitor(schedule = settings::HOURLY)]
fn rotate() {}

fn main() {
    backup();
    rotate();
}
