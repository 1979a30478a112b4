//! Tests of the registry: every annotated monitor of the program is known, and doubtful ones cause a warning, before any of them has run.

#[path = "support/log.rs"]
mod log;

use std::sync::LazyLock;
use std::time::Duration;

use log::Log;

/// The log of the process: some warnings are logged once in a process, whichever test comes first.
static LOG: LazyLock<Log> = LazyLock::new(Log::install);

#[crons::monitor(schedule = "*/5 * * * *", checkin_margin = 10, timezone = "Europe/Vienna")]
fn hides_misses() {}

#[crons::monitor(slug = "shared", schedule = "@daily")]
fn one() {}

struct Jobs;

impl Jobs {
    #[crons::monitor(slug = "shared", schedule = "@hourly")]
    async fn other<T>(&self, _: T) {}
}

macro_rules! job {
    ($name:ident) => {
        #[crons::monitor(slug = concat!("Made ", stringify!($name)))]
        fn $name() {}
    };
}

job!(by_macro);

#[test]
fn doubts_about_annotated_monitors_are_said_once_at_the_start() {
    LazyLock::force(&LOG);
    let options =
        crons::ClientOptions::new().dsn("http://key@127.0.0.1:9/1").shutdown_timeout(Duration::ZERO);
    let _crons = crons::init(options);
    let at_start = LOG.text();
    let doubts = |text: &str| {
        text.lines().filter(|line| line.contains("checkin_margin: 10 minutes are not less")).count()
    };
    assert_eq!(doubts(&at_start), 1, "{at_start}");
    let shared = at_start.lines().find(|line| line.contains("two functions have this slug")).unwrap();
    assert!(
        shared.contains("slug=shared at=tests/registry.rs:17 and_at=tests/registry.rs:23"),
        "both places are named: {shared}"
    );
    assert!(at_start.contains("stored=made-by_macro at=tests/registry.rs:34"), "{at_start}");
    assert!(at_start.contains("monitors=3"), "{at_start}");

    hides_misses();
    one();
    by_macro();
    drop(Jobs.other(()));
    assert_eq!(doubts(&LOG.text()), 1, "it was said again");
}

#[test]
fn the_list_names_every_monitor_and_its_place() {
    LazyLock::force(&LOG);
    let table = "\
SLUG           SCHEDULE     TIMEZONE       AT
hides-misses   */5 * * * *  Europe/Vienna  tests/registry.rs:14
made-by_macro  -            -              tests/registry.rs:34
shared         0 0 * * *    -              tests/registry.rs:17
shared         0 * * * *    -              tests/registry.rs:23";
    assert_eq!(crons::monitors().to_string(), table);
    assert_eq!(crons::monitors().len(), 4);
}

#[test]
fn the_list_is_there_as_json_for_a_deploy_step() {
    LazyLock::force(&LOG);
    let list: serde_json::Value = serde_json::from_str(&crons::monitors().to_json()).unwrap();
    let expected = serde_json::json!({
        "slug": "hides-misses",
        "monitor_config": {
            "schedule": {"type": "crontab", "value": "*/5 * * * *"},
            "timezone": "Europe/Vienna",
            "checkin_margin": 10,
        },
        "file": "tests/registry.rs",
        "line": 14,
    });
    assert_eq!(list[0], expected);
    assert_eq!(list[1]["monitor_config"], serde_json::Value::Null);
}
