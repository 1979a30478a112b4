//! The inputs of properties: any check-ins, and values that are nearly check-ins.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

use crate::dsl::*;

/// Returns a configuration with the same cases on every machine, so that a failure can be reproduced.
pub fn config(cases: u32) -> Config {
    Config { cases, rng_seed: RngSeed::Fixed(0x000c_2025), failure_persistence: None, ..Config::default() }
}

pub fn happening() -> impl Strategy<Value = Event> {
    let id = prop_oneof![3 => Just("a"), 3 => Just("b"), 2 => Just("c"), 1 => Just(NIL)];
    let status = prop_oneof![Just("in_progress"), Just("ok"), Just("error")];
    let run =
        (id, status, option(0..900_u32), any::<bool>()).prop_map(|(id, status, duration, described)| {
            let event =
                check_in(id, status).set(json!({"failure_issue_threshold": 2, "recovery_threshold": 2}));
            let event = if described { event } else { event.bare() };
            match duration {
                Some(seconds) => event.with("duration", seconds),
                None => event,
            }
        });
    prop_oneof![8 => run, 1 => any::<bool>().prop_map(disable), 1 => any::<bool>().prop_map(|on| mute("", on))]
}

pub fn option<T: Strategy>(of: T) -> impl Strategy<Value = Option<T::Value>> {
    proptest::option::of(of)
}

/// Generates any JSON.
pub fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((word(), inner), 0..4).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

/// The words of the wire, and what looks like its values.
const WORDS: [&str; 29] = [
    "check_in_id",
    "monitor_slug",
    "status",
    "environment",
    "duration",
    "contexts",
    "trace",
    "trace_id",
    "monitor_config",
    "schedule",
    "type",
    "value",
    "unit",
    "crontab",
    "interval",
    "timezone",
    "owner",
    "in_progress",
    "ok",
    "error",
    "missed",
    "minute",
    "year",
    "0 0 29 2 *",
    "@daily",
    "* * * * 8",
    "Europe/Vienna",
    "user:1",
    "job",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => any::<String>()]
}

/// A check-in some of whose parts are anything.
pub fn nearly() -> impl Strategy<Value = Event> {
    let key = proptest::sample::select(
        &["check_in_id", "monitor_slug", "status", "environment", "duration", "contexts", "monitor_config"][..],
    );
    (happening(), proptest::collection::vec((key, anything()), 0..3)).prop_map(|(event, parts)| {
        if event.0.get("check_in").is_none() {
            return event;
        }
        parts.into_iter().fold(event, |event, (key, value)| event.with(key, value))
    })
}

/// A configuration of the right shape, of any numbers.
pub fn configured() -> impl Strategy<Value = Event> {
    let number = || prop_oneof![Just(0_u64), 1..50_000_u64, any::<u64>()];
    let unit = proptest::sample::select(&["year", "month", "week", "day", "hour", "minute"][..]);
    let crontab =
        prop_oneof!["[0-9*/,-]{1,4} [0-9*/]{1,3} [0-9L*]{1,2} [0-9*]{1,2} [0-7L#*]{1,3}", any::<String>()];
    let schedule = prop_oneof![
        (number(), unit).prop_map(|(value, unit)| json!({"type": "interval", "value": value, "unit": unit})),
        crontab.prop_map(|crontab| json!({"type": "crontab", "value": crontab})),
    ];
    let zone =
        proptest::sample::select(&["UTC", "Europe/Vienna", "Australia/Lord_Howe", "Mars/Olympus", ""][..]);
    (happening(), schedule, [number(), number(), number(), number()], zone).prop_map(
        |(event, schedule, numbers, zone)| {
            if event.0.get("check_in").is_none() {
                return event;
            }
            let [margin, runtime, failures, recoveries] = numbers;
            event.with(
                "monitor_config",
                json!({
                    "schedule": schedule, "checkin_margin": margin, "max_runtime": runtime, "timezone": zone,
                    "failure_issue_threshold": failures, "recovery_threshold": recoveries,
                }),
            )
        },
    )
}
