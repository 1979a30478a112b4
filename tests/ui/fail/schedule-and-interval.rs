#[crons::monitor(schedule = "@daily", interval = "1 day")]
fn job() {}

fn main() {
    job();
}
