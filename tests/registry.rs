//! What is doubtful about annotated monitors is said once, at the start, before any of them has run.

#[path = "support/log.rs"]
mod log;

use log::Log;
use std::time::Duration;

#[crons::monitor(schedule = "*/5 * * * *", checkin_margin = 10)]
fn hides_misses() {}

#[crons::monitor(slug = "shared", schedule = "@daily")]
fn one() {}

struct Jobs;

impl Jobs {
    #[crons::monitor(slug = "shared", schedule = "@hourly")]
    async fn other<T>(&self, _: T) {}
}

#[test]
fn doubts_about_annotated_monitors_are_said_once_at_the_start() {
    let log = Log::install();
    let options =
        crons::ClientOptions::new().dsn("http://key@127.0.0.1:9/1").shutdown_timeout(Duration::ZERO);
    let _crons = crons::init(options);
    let at_start = log.text();
    let doubts = |text: &str| {
        text.lines().filter(|line| line.contains("checkin_margin: 10 minutes are not less")).count()
    };
    assert_eq!(doubts(&at_start), 1, "{at_start}");
    assert!(
        at_start.contains("two functions have this slug") && at_start.contains("slug=shared"),
        "{at_start}"
    );
    assert!(at_start.contains("monitors=2"), "{at_start}");

    hides_misses();
    one();
    drop(Jobs.other(()));
    assert_eq!(doubts(&log.text()), 1, "it was said again");
}
