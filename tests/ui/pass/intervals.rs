//! Lengths of time in every form that the attribute takes.

#[crons::monitor(interval = "1h30m", checkin_margin = "5m", max_runtime = "90m")]
fn short() {}

#[crons::monitor(interval = "1 week 2 days", checkin_margin = "1h 30min", max_runtime = "1d12h")]
fn several() {}

fn main() {
    short();
    several();
}
