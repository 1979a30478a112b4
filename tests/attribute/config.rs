//! Tests of `monitor_config`: an expression for what literals cannot express, evaluated once, when it is first needed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crons::test::with_captured_check_ins;
use crons::{InvalidMonitorConfig, MonitorConfig};

use crate::support::child;
use crate::support::log::Log;

static EVALUATED: AtomicUsize = AtomicUsize::new(0);

fn hourly() -> MonitorConfig {
    EVALUATED.fetch_add(1, Ordering::Relaxed);
    MonitorConfig::crontab("@hourly").unwrap()
}

fn of_the_environment(margin: u32) -> Result<MonitorConfig, InvalidMonitorConfig> {
    MonitorConfig::crontab("@hourly")?.checkin_margin(margin)
}

static SHARED: LazyLock<MonitorConfig> = LazyLock::new(hourly);

#[crons::monitor(monitor_config = hourly())]
fn by_value() {}

#[crons::monitor(monitor_config = hourly)]
fn by_function() {}

#[crons::monitor(monitor_config = of_the_environment(10), slug = "by-result")]
async fn by_result() {}

#[crons::monitor(monitor_config = &*SHARED)]
fn by_reference() {}

#[crons::monitor(monitor_config = {
    let margin = 10;
    move || of_the_environment(margin)
})]
fn by_block() {}

#[crons::monitor(monitor_config = of_the_environment(50_000))]
fn refused() -> u8 {
    7
}

fn broken() -> MonitorConfig {
    std::panic::resume_unwind(Box::new(7))
}

#[crons::monitor(monitor_config = broken())]
fn panicking() -> u8 {
    7
}

/// The configurations that a run of `job` sends.
fn sent(job: impl FnOnce()) -> Vec<Option<MonitorConfig>> {
    with_captured_check_ins(job).into_iter().map(|check_in| check_in.monitor_config).collect()
}

#[test]
fn a_configuration_is_made_once_and_a_broken_one_stops_no_job() {
    if !child::is_alone() {
        return;
    }
    let log = Log::install();
    let hourly = MonitorConfig::crontab("@hourly").unwrap();
    let narrow = hourly.clone().checkin_margin(10).unwrap();
    for _ in 0..3 {
        assert_eq!(sent(by_value), [Some(hourly.clone()), Some(hourly.clone())]);
    }
    assert_eq!(EVALUATED.load(Ordering::Relaxed), 1);
    assert_eq!(sent(by_function), [Some(hourly.clone()), Some(hourly.clone())]);
    assert_eq!(sent(by_reference), [Some(hourly.clone()), Some(hourly)]);
    assert_eq!(sent(|| pollster::block_on(by_result())), [Some(narrow.clone()), Some(narrow.clone())]);
    assert_eq!(sent(by_block), [Some(narrow.clone()), Some(narrow)]);
    assert_eq!(log.text(), "");

    for _ in 0..2 {
        assert_eq!(sent(|| assert_eq!(refused(), 7)), [None, None], "check-ins go without one");
        assert_eq!(sent(|| assert_eq!(panicking(), 7)), [None, None]);
    }
    let said = log.text();
    let [refused, panicked] = *said.lines().collect::<Vec<_>>() else {
        panic!("two errors expected: {said}")
    };
    assert!(
        refused.contains("ERROR") && refused.contains("slug=refused at=tests/attribute/config.rs:"),
        "{refused}"
    );
    assert!(refused.contains("checkin_margin: 50000"), "{refused}");
    assert!(panicked.contains("slug=panicking") && panicked.contains("it panicked"), "{panicked}");
}
