#[crons::monitor(monitor_config = "0 3 * * *")]
fn job() {}

fn main() {
    job();
}
