#[crons::monitor(schedule = "0 3 * *")]
fn job() {}

fn main() {
    job();
}
