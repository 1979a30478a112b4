#[crons::monitor(keep_alive = "60 seconds")]
fn job() {}

fn main() {
    job();
}
