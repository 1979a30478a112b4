//! Tests of which payloads are read, which are refused, and which are malformed.

use super::*;
use crate::domain::{ConfigPatch, ConfigUpdate};
use serde_json::{Value, json};

fn parse(payload: &Value) -> Result<CheckInEvent, InvalidCheckIn> {
    parse_check_in(payload.to_string().as_bytes(), None).parsed
}

fn with_config(config: &Value) -> Result<CheckInEvent, InvalidCheckIn> {
    parse(&json!({"monitor_slug": "job", "status": "ok", "monitor_config": config}))
}

fn valid(event: CheckInEvent) -> ConfigPatch {
    match event.config {
        Some(ConfigUpdate::Valid(patch)) => *patch,
        other => panic!("no valid config: {other:?}"),
    }
}

#[test]
fn keys_left_out_null_and_values_differ() {
    let schedule = json!({"type": "crontab", "value": "@daily"});
    let patch =
        valid(with_config(&json!({"schedule": schedule, "checkin_margin": 0, "max_runtime": null})).unwrap());
    assert_eq!(
        (patch.checkin_margin, patch.max_runtime, patch.recovery_threshold),
        (Some(Some(0)), Some(None), None)
    );
}

#[test]
fn keys_left_out_have_sentrys_defaults() {
    let event = parse(&json!({"monitor_slug": " My Job__Nightly ", "status": "ok", "new_key": [1]})).unwrap();
    assert_eq!(event.monitor_slug.as_str(), "my-job__nightly");
    assert_eq!((event.environment.as_str(), event.check_in_id), ("production", CheckInId::NIL));
}

#[test]
fn durations_are_cut_to_milliseconds_and_bounded() {
    let of = |seconds: f64| parse(&json!({"monitor_slug": "job", "status": "ok", "duration": seconds}));
    assert_eq!(of(1.9999).unwrap().duration_ms, Some(1999));
    assert_eq!(of(0.0).unwrap().duration_ms, Some(0));
    assert_eq!(of(2_147_483.647).unwrap().duration_ms, Some(2_147_483_647));
    for refused in [-1.0, 2_147_484.0, 1e300] {
        assert!(matches!(of(refused), Err(InvalidCheckIn { malformed: false, .. })), "{refused}");
    }
}

#[test]
fn a_note_is_read_without_a_remark_and_cut_at_its_front() {
    let of = |note: Value| parse(&json!({"monitor_slug": "job", "status": "error", "note": note})).unwrap();
    let long = format!("{}end", "ä".repeat(MAX_NOTE));
    for (note, expected) in [
        (json!("exit code 3\n"), Some("exit code 3")),
        (json!("a\0b"), Some("ab")),
        (json!(long), Some(&long[long.len() - MAX_NOTE + 1..])),
        (json!(" "), None),
        (json!(null), None),
    ] {
        let event = of(note);
        assert_eq!((event.note.as_deref(), &event.remarks[..]), (expected, &[][..]));
    }
    let payload = json!({"monitor_slug": "job", "status": "error", "note": ["no text"]});
    let event = parse(&payload).unwrap();
    assert_eq!(event.note, None);
    assert!(
        event.remarks[0].starts_with("note: [\"no text\"] is not used, as it is no text"),
        "{:?}",
        event.remarks
    );
}

#[test]
fn payloads_of_the_wrong_shape_are_malformed() {
    let schedule = json!({"type": "crontab", "value": "@daily"});
    let cases = [
        json!([]),
        json!({"monitor_slug": "job"}),
        json!({"monitor_slug": "!!!", "status": "ok"}),
        json!({"status": "ok"}),
        json!({"monitor_slug": "job", "status": 1}),
        json!({"monitor_slug": "job", "status": "ok", "check_in_id": "12"}),
        json!({"monitor_slug": "job", "status": "ok", "duration": "1"}),
        json!({"monitor_slug": "job", "status": "ok", "monitor_config": {}}),
        json!({"monitor_slug": "job", "status": "ok", "monitor_config": {"schedule": "@daily"}}),
        json!({"monitor_slug": "job", "status": "ok", "monitor_config": {"schedule": schedule, "max_runtime": 1.5}}),
        json!({"monitor_slug": "job", "status": "ok", "monitor_config": {"schedule": schedule, "max_runtime": -1}}),
        json!({"monitor_slug": "job", "status": "ok", "monitor_config": {"schedule": schedule, "max_runtime": "5"}}),
        json!({"monitor_slug": "job", "status": "ok",
            "monitor_config": {"schedule": {"type": "interval", "value": "2", "unit": "hour"}}}),
    ];
    for payload in cases {
        assert!(matches!(parse(&payload), Err(InvalidCheckIn { malformed: true, .. })), "{payload}");
    }
}

#[test]
fn values_that_sentry_drops_are_refused_by_name() {
    for payload in [
        json!({"monitor_slug": "job", "status": "done"}),
        json!({"monitor_slug": "job", "status": "missed"}),
        json!({"monitor_slug": "job", "status": "ok", "environment": "  "}),
    ] {
        let Err(fault) = parse(&payload) else { panic!("{payload} was taken") };
        assert_eq!((fault.error.name(), fault.malformed), ("CHECKIN_VALIDATION_FAILED", false));
    }
}

#[test]
fn an_invalid_configuration_does_not_lose_the_check_in() {
    let crontab = |value: &str| json!({"schedule": {"type": "crontab", "value": value}});
    let mut unknown_zone = crontab("@daily");
    unknown_zone["timezone"] = json!("Mars/Olympus");
    let mut no_time = crontab("@daily");
    no_time["max_runtime"] = json!(0);
    let mut patient = crontab("@daily");
    patient["failure_issue_threshold"] = json!(721);
    for config in [crontab("13 * * * * *"), crontab("0 0 31 2 *"), unknown_zone, no_time, patient] {
        let event = with_config(&config).unwrap();
        assert!(matches!(event.config, Some(ConfigUpdate::Invalid(_))), "{config}");
    }
}

#[test]
fn a_malformed_owner_is_noted_and_the_rest_is_used() {
    let schedule = json!({"type": "interval", "value": 2, "unit": "hour"});
    let patch = valid(with_config(&json!({"schedule": schedule, "owner": "nobody"})).unwrap());
    assert_eq!((patch.owner_refused.as_deref(), patch.owner), (Some("nobody"), None));
    let patch = valid(with_config(&json!({"schedule": schedule, "owner": "team:6"})).unwrap());
    assert_eq!(patch.owner.as_deref(), Some("team:6"));
}

#[test]
fn an_overlong_environment_is_kept_to_one_above_the_limit() {
    let long = json!({"monitor_slug": "job", "status": "ok", "environment": "é".repeat(100_000)});
    let received = parse_check_in(long.to_string().as_bytes(), None);
    assert_eq!(received.environment.chars().count(), Environment::MAX_LEN + 1);
    assert_eq!(received.parsed.unwrap().environment, received.environment);
}
