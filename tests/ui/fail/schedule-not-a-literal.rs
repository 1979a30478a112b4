#[crons::monitor(schedule = DAILY)]
fn job() {}

fn main() {
    job();
}
