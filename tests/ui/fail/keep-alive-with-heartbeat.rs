#[crons::monitor(keep_alive = true, heartbeat = true)]
fn job() {}

fn main() {
    job();
}
