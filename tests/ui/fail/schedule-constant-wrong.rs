const NIGHTLY: &str = "0 25 * * *";

#[crons::monitor(schedule = NIGHTLY)]
fn backup() {}

fn main() {
    backup();
}
