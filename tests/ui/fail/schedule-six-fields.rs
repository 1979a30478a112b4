#[crons::monitor(schedule = "0 0 3 * * *")]
fn job() {}

fn main() {
    job();
}
