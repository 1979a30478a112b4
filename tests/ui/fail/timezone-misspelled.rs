#[crons::monitor(schedule = "@daily", timezone = "Europe/Berln")]
fn job() {}

fn main() {
    job();
}
