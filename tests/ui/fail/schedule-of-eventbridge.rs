#[crons::monitor(schedule = "0 10 ? * 6L 2022-2023")]
fn job() {}

fn main() {
    job();
}
