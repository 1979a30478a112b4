#[crons::monitor(interval = "1h", max_runtime = 1.5)]
fn job() {}

fn main() {
    job();
}
