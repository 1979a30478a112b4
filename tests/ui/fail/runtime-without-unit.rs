#[crons::monitor(interval = "1h", max_runtime = "soon")]
fn job() {}

fn main() {
    job();
}
