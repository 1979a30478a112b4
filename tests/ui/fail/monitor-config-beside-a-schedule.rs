fn config() -> crons::MonitorConfig {
    crons::MonitorConfig::crontab("@daily").unwrap()
}

#[crons::monitor(monitor_config = config(), schedule = "@daily", timezone = "Europe/Vienna", max_runtime = "2h")]
fn job() {}

fn main() {
    job();
}
