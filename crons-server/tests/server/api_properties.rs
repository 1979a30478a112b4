//! Tests that a monitor stays valid through any sequence of changes.

use crate::harness::{API, Harness, check_in, id};
use crons_types::{Crontab, Interval, Timezone};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A change of one field, allowed or not.
fn change() -> impl Strategy<Value = Value> {
    let number = |key: &'static str| {
        let numbers =
            select(vec![json!(null), json!(-1), json!(0), json!(1), json!(7), json!(720), json!(40_320)]);
        numbers.prop_map(move |number| json!({"config": {key: number}}))
    };
    let schedules = select(vec![
        json!("*/7 * * * *"),
        json!("0 3 * * MON"),
        json!("61 * * * *"),
        json!(""),
        json!([2, "hour"]),
        json!([0, "hour"]),
        json!({"type": "interval", "value": 3, "unit": "day"}),
        json!(null),
    ]);
    let zones = select(vec!["UTC", "Europe/Vienna", "Mars/Base", ""]);
    prop_oneof![
        number("checkin_margin"),
        number("max_runtime"),
        number("failure_issue_threshold"),
        number("recovery_threshold"),
        schedules.prop_map(|schedule| json!({"config": {"schedule": schedule}})),
        zones.prop_map(|zone| json!({"config": {"timezone": zone}})),
        select(vec!["active", "disabled", "off"]).prop_map(|status| json!({"status": status})),
        any::<bool>().prop_map(|muted| json!({"isMuted": muted})),
        "\\PC{0,140}".prop_map(|name| json!({"name": name})),
        select(vec!["team:ops", "ops", "user:"]).prop_map(|owner| json!({"owner": owner})),
    ]
}

fn assert_valid(monitor: &Value) {
    let config = &monitor["config"];
    let within = |key: &str, most: u64| {
        let value = &config[key];
        assert!(value.is_null() || (1..=most).contains(&value.as_u64().unwrap()), "{key}: {value}");
    };
    within("checkin_margin", 40_320);
    within("max_runtime", 10_080);
    within("failure_issue_threshold", 720);
    within("recovery_threshold", 720);
    match &config["schedule"] {
        Value::String(crontab) => assert!(Crontab::parse(crontab).is_ok(), "{crontab}"),
        pair => {
            let text = format!("{} {}s", pair[0], pair[1].as_str().unwrap());
            assert!(Interval::parse(&text).is_ok(), "{text}");
        }
    }
    assert!(Timezone::parse(config["timezone"].as_str().unwrap()).is_ok());
    let name = monitor["name"].as_str().unwrap();
    assert!((1..=128).contains(&name.chars().count()) && name.trim() == name, "{name:?}");
    let margin = config["checkin_margin"].as_i64().unwrap_or(1);
    for environment in monitor["environments"].as_array().unwrap() {
        let at = |key: &str| -> Timestamp { environment[key].as_str().unwrap().parse().unwrap() };
        let late = at("nextCheckInLatest").duration_since(at("nextCheckIn"));
        assert_eq!(late, SignedDuration::from_mins(margin), "{environment}");
        assert!(at("nextCheckIn") > crate::harness::instant("10:00:00"), "{environment}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_leaves_a_monitor_valid(changes in prop::collection::vec(change(), 1..12)) {
        let server = Harness::at("10:00:00");
        server.send("10:00:05", &check_in(&id('a'), "in_progress"));
        let mut known = server.monitor("job");
        for change in changes {
            let answer = server.put(&format!("{API}/monitors/job/"), &change);
            let now = server.monitor("job");
            assert_valid(&now);
            match answer.status {
                200 => assert_eq!(answer.body, now, "{change}"),
                400 => assert_eq!(known, now, "{change} was refused"),
                other => prop_assert!(false, "{change}: {other}"),
            }
            known = now;
        }
    }
}
