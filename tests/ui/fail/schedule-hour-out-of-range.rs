#[crons::monitor(schedule = "0 25 * * *")]
fn job() {}

fn main() {
    job();
}
