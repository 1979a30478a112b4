#[crons::monitor(max_runtime = 5, timezone = "UTC")]
fn job() {}

fn main() {
    job();
}
