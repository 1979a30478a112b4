//! What is doubtful about annotated monitors is said once, at the start, before any of them has run.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, Mutex};
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

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn doubts_about_annotated_monitors_are_said_once_at_the_start() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).init();
    let options =
        crons::ClientOptions::new().dsn("http://key@127.0.0.1:9/1").shutdown_timeout(Duration::ZERO);
    let _crons = crons::init(options);
    let said = || String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let at_start = said();
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
    assert_eq!(doubts(&said()), 1, "it was said again");
}
