#[crons::monitor(interval = "1h", max_runtime = 20_000)]
fn job() {}

fn main() {
    job();
}
