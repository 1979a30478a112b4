#[crons::monitor(interval = "90 seconds")]
fn job() {}

fn main() {
    job();
}
