#[crons::monitor(interval = "1h", owner = "ops")]
fn job() {}

fn main() {
    job();
}
