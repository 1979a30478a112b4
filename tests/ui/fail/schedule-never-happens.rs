#[crons::monitor(schedule = "0 0 31 2 *")]
fn job() {}

fn main() {
    job();
}
