#[crons::monitor(
    slug = "Nightly Backup",
    schedule = "61 * * * *",
    timezone = "Europe/Viena",
    checkin_margin = 0,
    max_runtime = "8 days",
    failure_issue_threshold = 721,
    owner = "ops",
    on_cancel = "fail",
    colour = "green"
)]
async fn job() {}

fn main() {
    drop(job());
}
