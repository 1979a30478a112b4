#[crons::monitor(interval = "1h", checkin_margin = "29 days")]
fn job() {}

fn main() {
    job();
}
