#[crons::monitor(schedule = 5)]
fn job() {}

fn main() {
    job();
}
