#[crons::monitor(heartbeat = "true")]
fn job() {}

fn main() {
    job();
}
