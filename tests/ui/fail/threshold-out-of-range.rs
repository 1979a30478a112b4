#[crons::monitor(interval = "1h", failure_issue_threshold = 0, recovery_threshold = 721)]
fn job() {}

fn main() {
    job();
}
