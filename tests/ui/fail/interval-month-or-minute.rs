#[crons::monitor(interval = "5m", checkin_margin = "5m", max_runtime = "1h30")]
fn job() {}

fn main() {
    job();
}
