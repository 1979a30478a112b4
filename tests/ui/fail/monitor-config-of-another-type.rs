#[crons::monitor(monitor_config = 3 + 4)]
fn job() {}

fn main() {
    job();
}
