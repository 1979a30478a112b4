#[crons::monitor(interval = "1 hour", max_runtime = "1 minute", keep_alive = true)]
fn job() {}

fn main() {
    job();
}
