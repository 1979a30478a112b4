#[crons::monitor(monitor_slug = "job", cron = "@daily", grace = 5)]
fn job() {}

fn main() {
    job();
}
