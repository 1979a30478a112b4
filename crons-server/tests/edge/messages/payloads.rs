//! Tests of payloads, in an envelope and as the body of the check-in URL.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{both_ways, is_plain, reason, unlimited, with};
use crate::encodings::envelope;
use crate::harness::{Harness, KEY};
use crate::raw::ask;

#[test]
fn a_malformed_payload_is_refused_with_what_is_allowed() {
    let server = unlimited();
    for (payload, expected) in [
        (json!([]), "it is an array, and must be a JSON object; write it as in {\"monitor_slug\""),
        (json!("ok"), "it is \"ok\", and must be a JSON object"),
        (json!({"monitor_slug": "job"}), "`status` is missing; write it as in {\"monitor_slug\""),
        (with("/status", json!(1)), "status: it is 1, and must be a string"),
        (with("/status", json!(null)), "status: it is null, and must be a string"),
        (with("/monitor_slug", json!(["job"])), "monitor_slug: it is an array, and must be a string"),
        (with("/environment", json!(false)), "environment: it is false, and must be a string"),
        (
            with("/duration", json!("1.5")),
            "duration: it is \"1.5\", and must be a number of seconds such as 1.5",
        ),
        (with("/check_in_id", json!(12)), "check_in_id: 12 is not a UUID; write 32 hexadecimal digits"),
    ] {
        refuse(&server, &payload, expected);
    }
}

#[test]
fn a_malformed_configuration_is_refused_with_what_is_allowed() {
    let server = unlimited();
    let config = "/monitor_config";
    let schedule = "/monitor_config/schedule";
    for (payload, expected) in [
        (
            with(config, json!([1, 2, 3, 4, 5, 6, 7])),
            "monitor_config: it is an array, and must be a JSON object",
        ),
        (
            with(config, json!("@daily")),
            "monitor_config: it is \"@daily\", and must be a JSON object; write it as in {\"schedule\"",
        ),
        (with(config, json!({})), "monitor_config: `schedule` is missing"),
        (
            with(schedule, json!("@daily")),
            "monitor_config.schedule: it is \"@daily\", and must be a JSON object",
        ),
        (with(schedule, json!(["crontab", "@daily", null])), "monitor_config.schedule: it is an array"),
        (with(schedule, json!({"value": "@daily"})), "monitor_config.schedule: `type` is missing"),
        (with(schedule, json!({"type": "crontab"})), "monitor_config.schedule: `value` is missing"),
        (
            with(schedule, json!({"type": "cron", "value": "@daily"})),
            "monitor_config.schedule.type: it is \"cron\", and must be \"crontab\" or \"interval\"",
        ),
        (
            with(schedule, json!({"type": "crontab", "value": 5})),
            "monitor_config.schedule.value: 5 is not a crontab; write a string such as \"0 * * * *\"",
        ),
        (
            with(schedule, json!({"type": "interval", "value": "2", "unit": "hour"})),
            "monitor_config.schedule.value: \"2\" is not a whole number of hours; write 1 or more, without quotes",
        ),
        (
            with(schedule, json!({"type": "interval", "value": 1.5, "unit": "hour"})),
            "monitor_config.schedule.value: 1.5 is not a whole number of hours",
        ),
        (
            with(schedule, json!({"type": "interval", "value": -2, "unit": "day"})),
            "monitor_config.schedule.value: -2 is not a whole number of days",
        ),
        (
            with(schedule, json!({"type": "interval", "value": 2})),
            "monitor_config.schedule.unit: it is missing; write minute, hour",
        ),
        (
            with(schedule, json!({"type": "interval", "value": 2, "unit": "hours"})),
            "monitor_config.schedule.unit: \"hours\" is not a unit of an interval; write minute, hour, day, week, month or year",
        ),
        (
            with("/monitor_config/max_runtime", json!(1.5)),
            "monitor_config.max_runtime: it is 1.5, and must be a whole number of minutes such as 30",
        ),
        (
            with("/monitor_config/checkin_margin", json!(-1)),
            "monitor_config.checkin_margin: it is -1, and must be a whole number of minutes",
        ),
        (
            with("/monitor_config/max_runtime", json!("5")),
            "monitor_config.max_runtime: it is \"5\", and must be a whole number of minutes",
        ),
        (
            with("/monitor_config/max_runtime", json!(1e30)),
            "monitor_config.max_runtime: it is 1e+30, and must be a whole number of minutes",
        ),
        (
            with("/monitor_config/recovery_threshold", json!(0.5)),
            "monitor_config.recovery_threshold: it is 0.5, and must be a whole number from 1 to 720",
        ),
        (
            with("/monitor_config/failure_issue_threshold", json!(true)),
            "monitor_config.failure_issue_threshold: it is true, and must be a whole number from 1 to 720",
        ),
        (
            with("/monitor_config/timezone", json!(1)),
            "monitor_config.timezone: it is 1, and must be a string",
        ),
        (
            with("/monitor_config/owner", json!({"team": 1})),
            "monitor_config.owner: it is an object, and must be a string",
        ),
    ] {
        refuse(&server, &payload, expected);
    }
}

/// Sends a payload in an envelope and to the check-in URL, and expects a refusal with this reason.
fn refuse(server: &Harness, payload: &Value, expected: &str) {
    for answer in both_ways(server, payload.to_string().as_bytes()) {
        assert_eq!(answer.status, 400, "{payload}");
        let reason = reason(&answer);
        let body = answer.detail();
        assert!(is_plain(&body), "{body}");
        assert!(body.contains(expected), "{payload}: {body}");
        assert!(reason.starts_with("malformed check-in: CHECKIN_"), "{reason}");
    }
}

#[test]
fn text_that_is_not_json_is_refused_with_the_column() {
    let server = unlimited();
    for (payload, expected) in [
        ("", "it is empty"),
        ("{\"status\":", "the JSON is incomplete; send all of it (column 10)"),
        ("status=ok", "it is not JSON: a value is missing, or a text has no quotes (column 1)"),
        ("{'status': 'ok'}", "it is not JSON: a key is not in double quotes (column 2)"),
        ("{\"status\": tru}", "it is not JSON: a word is neither true, false nor null (column"),
        ("{} {}", "there is more text after its end (column 4)"),
        ("{\n\"status\": 1,,}", "(line 2, column"),
        ("{\"status\": \"ok\", \"status\": \"error\"}", "`status` is written twice"),
    ] {
        let json = [("content-type", "application/json")];
        let answer = ask(&server, &format!("POST /api/1/cron/job/{KEY}/"), &json, payload.as_bytes());
        assert_eq!(answer.status, 400, "{payload}");
        assert!(reason(&answer).contains(expected), "{payload}: {}", reason(&answer));
    }
}

#[test]
fn a_malformed_envelope_is_refused_without_words_of_rust() {
    let server = unlimited();
    for (body, expected) in [
        (
            "",
            "the envelope's first line is not a JSON object: it is empty; begin an envelope with a line such as {}",
        ),
        ("[null]", "first line is not a JSON object: it is an array, and must be a JSON object"),
        ("{\"dsn\": 1}", "first line is not a JSON object: dsn: it is 1, and must be a string"),
        (
            "{}\n[\"check_in\", 2]\n{}",
            "the header of an item is not a JSON object with a `type`: it is an array",
        ),
        ("{}\n{}\n{}", "with a `type`: `type` is missing; write a line such as {\"type\": \"check_in\"}"),
        (
            "{}\n{\"type\":\"check_in\",\"length\":-1}\n{}",
            "length: it is -1, and must be a whole number, 0 or more",
        ),
        (
            "{}\n{\"type\":\"check_in\",\"length\":\"2\"}\n{}",
            "length: it is \"2\", and must be a whole number, 0 or more",
        ),
        (
            "{}\n{\"type\":\"check_in\",\"length\":1.5}\n{}",
            "length: it is 1.5, and must be a whole number, 0 or more",
        ),
        (
            "{}\n{\"type\":\"check_in\",\"length\":99}\n{}",
            "announces 99 bytes, but only 2 follow; write the number of bytes of the payload as `length`",
        ),
    ] {
        let answer = ask(&server, &format!("POST /api/1/envelope/?sentry_key={KEY}"), &[], body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
        assert!(reason(&answer).contains(expected), "{body}: {}", reason(&answer));
    }
}

#[test]
fn a_value_out_of_range_is_refused_with_the_range() {
    let server = unlimited();
    for (pointer, value, expected) in [
        (
            "failure_issue_threshold",
            json!(721),
            "failure_issue_threshold: 721 is not in 1-720; write a number in that range",
        ),
        ("recovery_threshold", json!(0), "monitor_config.recovery_threshold: 0 is not in 1-720"),
        (
            "max_runtime",
            json!(0),
            "monitor_config.max_runtime: 0 minutes leave no time to run; write 1 or more",
        ),
        (
            "timezone",
            json!("Mars/Olympus"),
            "timezone: \"Mars/Olympus\" is not in the time zone database; write an IANA name",
        ),
        (
            "schedule",
            json!({"type": "interval", "value": 0, "unit": "hour"}),
            "monitor_config.schedule.value: \"0 hours\" is no length of time; the shortest",
        ),
        (
            "schedule",
            json!({"type": "crontab", "value": "60 * * * *"}),
            "minute: 60 is not in 0-59; write `0` (field 1 of",
        ),
        (
            "schedule",
            json!({"type": "crontab", "value": "@every 5m"}),
            "{\"type\":\"interval\",\"value\":5,\"unit\":\"minute\"}",
        ),
        ("timezone", json!("a".repeat(500)), "monitor_config.timezone: "),
        ("schedule", json!({"type": "crontab", "value": "* * * *"}), "crontab: 4 fields; a crontab has 5"),
        (
            "schedule",
            json!({"type": "interval", "value": 9000, "unit": "year"}),
            "\"9000 years\" is too long; write 1000 years",
        ),
        (
            "schedule",
            json!({"type": "interval", "value": 4_294_967_295_u32, "unit": "minute"}),
            "\"4294967295 minutes\" is too long; write 525960000 minutes",
        ),
        (
            "schedule",
            json!({"type": "interval", "value": 9_999_999_999_u64, "unit": "hour"}),
            "monitor_config.schedule.value: \"9999999999 hours\" is too long; write 8766000 hours, about 1000 years, or less",
        ),
    ] {
        let mut payload = with(&format!("/monitor_config/{pointer}"), value);
        payload["monitor_slug"] = json!("unknown");
        let answer =
            ask(&server, &format!("POST /api/1/envelope/?sentry_key={KEY}"), &[], &envelope(&payload));
        assert_eq!(answer.status, 200);
        assert!(reason(&answer).contains(expected), "{}", reason(&answer));
    }
}

#[test]
fn the_text_in_the_header_is_readable() {
    let server = unlimited();
    let payload = with("/status", json!("caf\u{e9} \u{2014} \u{65e5}"));
    let answer = ask(&server, &format!("POST /api/1/envelope/?sentry_key={KEY}"), &[], &envelope(&payload));
    assert!(
        reason(&answer).contains("status: \"caf\\u00e9 - \\u65e5\" is not a status of a check-in"),
        "{}",
        reason(&answer)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_value_in_any_place_gets_an_answer_in_rust(
        pointer in prop::sample::select(vec![
            "", "/status", "/monitor_slug", "/environment", "/duration", "/check_in_id", "/contexts", "/monitor_config",
            "/monitor_config/schedule", "/monitor_config/schedule/type", "/monitor_config/schedule/value",
            "/monitor_config/schedule/unit", "/monitor_config/checkin_margin", "/monitor_config/max_runtime",
            "/monitor_config/failure_issue_threshold", "/monitor_config/timezone", "/monitor_config/owner",
        ]),
        value in prop_oneof![
            Just(json!(null)), any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from), any::<f64>().prop_map(Value::from), "[a-z0-9é ]{0,20}".prop_map(Value::from),
            Just(json!([])), Just(json!([1, 2, 3])), Just(json!({})), Just(json!({"type": "crontab"})),
        ],
    ) {
        thread_local!(static SERVER: Harness = unlimited());
        SERVER.with(|server| {
            for answer in both_ways(server, with(pointer, value.clone()).to_string().as_bytes()) {
                assert!([200, 202, 400].contains(&answer.status), "{pointer} {value}: {answer:?}");
                reason(&answer);
            }
        });
    }
}

#[test]
fn a_check_in_in_the_wrong_frame_is_answered_with_the_reason() {
    let server = unlimited();
    let payload = with("/status", json!("ok"));
    let line = format!("POST /api/1/envelope/?sentry_key={KEY}");
    let mut envelopes = vec![(payload.to_string(), "the envelope's first line is a check-in".to_owned())];
    envelopes
        .push((json!({"monitor_slug": "job"}).to_string() + "\n", "first line is a check-in".to_owned()));
    for written in ["checkin", "check-in", "Check_In", "CHECK IN", "checkIn"] {
        let expected =
            format!("type: an item of type \"{written}\" is not used; write {{\"type\": \"check_in\"}}");
        envelopes.push((format!("{{}}\n{{\"type\":\"{written}\"}}\n{payload}\n"), expected));
    }
    for (body, expected) in envelopes {
        let answer = ask(&server, &line, &[], body.as_bytes());
        assert_eq!(answer.status, 200, "{body}");
        assert!(reason(&answer).contains(&expected), "{body}: {}", reason(&answer));
        assert!(answer.json()["discarded"][0].as_str().unwrap().contains(&expected), "{}", answer.text());
    }
    // Envelopes of other data get no remark.
    for body in ["{}", "{}\n{\"type\":\"event\"}\n{}", "{\"event_id\":\"1\"}\n{\"type\":\"checkins\"}\n{}"] {
        let answer = ask(&server, &line, &[], body.as_bytes());
        assert_eq!(
            (answer.status, reason(&answer).as_str(), answer.text().as_str()),
            (200, "", "{}"),
            "{body}"
        );
    }
    // An unknown item beside a check-in is a remark.
    let both = format!("{{}}\n{{\"type\":\"check_in\"}}\n{payload}\n{{\"type\":\"checkin\"}}\n{payload}\n");
    let answer = ask(&server, &line, &[], both.as_bytes());
    assert!(
        reason(&answer).starts_with("accepted, but ") && reason(&answer).contains("\"checkin\" is not used")
    );
}
