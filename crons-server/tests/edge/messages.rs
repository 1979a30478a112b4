//! What is said to who is refused: the field, its value, what is allowed, what to do; and nothing of Rust.

use crons_server::{RateLimit, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::encodings::envelope;
use crate::harness::{API, Harness, KEY, NIL, check_in, id};
use crate::raw::{Raw, ask};

/// Words of Rust and its libraries, which mean nothing to who sends JSON.
const RUST: [&str; 17] = [
    "Some(",
    "None",
    "struct ",
    "usize",
    "u64",
    "u32",
    "i64",
    "f64",
    "elements",
    "Option",
    "enum ",
    "tuple",
    "unit value",
    "deserialize",
    "Deserialize",
    "newtype",
    "::",
];

/// A server that refuses nothing for its number.
fn unlimited() -> Harness {
    Harness::with("10:00:00", Settings { rate_limit: RateLimit::OFF, ..Settings::default() })
}

fn is_plain(text: &str) -> bool {
    RUST.iter().all(|word| !text.contains(word))
}

fn reason(answer: &Raw) -> String {
    let reason = answer.header("x-sentry-error").to_owned();
    assert!(is_plain(&reason), "{reason}");
    assert!(reason.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{reason}");
    reason
}

/// The payload of a good check-in with one part replaced, by its path.
fn with(pointer: &str, value: Value) -> Value {
    let mut payload = json!({
        "monitor_slug": "job", "status": "ok", "duration": 1.5, "environment": "production", "contexts": {},
        "check_in_id": id('a'),
        "monitor_config": {
            "schedule": {"type": "interval", "value": 2, "unit": "hour"}, "checkin_margin": 5, "max_runtime": 30,
            "failure_issue_threshold": 1, "recovery_threshold": 1, "timezone": "UTC", "owner": "team:ops",
        },
    });
    *payload.pointer_mut(pointer).unwrap() = value;
    payload
}

#[test]
fn a_payload_of_the_wrong_shape_is_refused_with_field_value_and_what_is_allowed() {
    let server = unlimited();
    let config = "/monitor_config";
    let schedule = "/monitor_config/schedule";
    for (payload, expected) in [
        (json!([]), "invalid type: sequence, expected a JSON object; write it as in {\"monitor_slug\""),
        (json!("ok"), "invalid type: \"ok\", expected a JSON object"),
        (json!({"monitor_slug": "job"}), "missing field `status`; write it as in {\"monitor_slug\""),
        (with("/status", json!(1)), "status: invalid type: 1, expected a string"),
        (with("/status", json!(null)), "status: invalid type: null, expected a string"),
        (with("/monitor_slug", json!(["job"])), "monitor_slug: invalid type: sequence, expected a string"),
        (with("/environment", json!(false)), "environment: invalid type: false, expected a string"),
        (
            with("/duration", json!("1.5")),
            "duration: invalid type: \"1.5\", expected a number of seconds such as 1.5",
        ),
        (with("/check_in_id", json!(12)), "check_in_id: 12 is no UUID; write 32 hexadecimal digits"),
        (
            with(config, json!([1, 2, 3, 4, 5, 6, 7])),
            "monitor_config: invalid type: sequence, expected a JSON object",
        ),
        (
            with(config, json!("@daily")),
            "monitor_config: invalid type: \"@daily\", expected a JSON object; write it as in {\"schedule\"",
        ),
        (with(config, json!({})), "monitor_config: missing field `schedule`"),
        (
            with(schedule, json!("@daily")),
            "monitor_config.schedule: invalid type: \"@daily\", expected a JSON object",
        ),
        (
            with(schedule, json!(["crontab", "@daily", null])),
            "monitor_config.schedule: invalid type: sequence",
        ),
        (with(schedule, json!({"value": "@daily"})), "monitor_config.schedule: missing field `type`"),
        (with(schedule, json!({"type": "crontab"})), "monitor_config.schedule: missing field `value`"),
        (
            with(schedule, json!({"type": "cron", "value": "@daily"})),
            "monitor_config.schedule.type: unknown variant `cron`, expected `crontab` or `interval`",
        ),
        (
            with(schedule, json!({"type": "crontab", "value": 5})),
            "monitor_config.schedule.value: 5 is no crontab; write a string such as \"0 * * * *\"",
        ),
        (
            with(schedule, json!({"type": "interval", "value": "2", "unit": "hour"})),
            "monitor_config.schedule.value: \"2\" is no whole number of hours; write 1 or more, without quotes",
        ),
        (
            with(schedule, json!({"type": "interval", "value": 1.5, "unit": "hour"})),
            "monitor_config.schedule.value: 1.5 is no whole number of hours",
        ),
        (
            with(schedule, json!({"type": "interval", "value": -2, "unit": "day"})),
            "monitor_config.schedule.value: -2 is no whole number of days",
        ),
        (
            with(schedule, json!({"type": "interval", "value": 2})),
            "monitor_config.schedule.unit: it is missing; write minute, hour",
        ),
        (
            with(schedule, json!({"type": "interval", "value": 2, "unit": "hours"})),
            "monitor_config.schedule.unit: \"hours\" is no unit of an interval; write minute, hour, day, week, month or year",
        ),
        (
            with("/monitor_config/max_runtime", json!(1.5)),
            "monitor_config.max_runtime: invalid type: 1.5, expected a whole number of minutes such as 30",
        ),
        (
            with("/monitor_config/checkin_margin", json!(-1)),
            "monitor_config.checkin_margin: invalid type: -1, expected a whole number of minutes",
        ),
        (
            with("/monitor_config/max_runtime", json!("5")),
            "monitor_config.max_runtime: invalid type: \"5\", expected a whole number of minutes",
        ),
        (
            with("/monitor_config/max_runtime", json!(1e30)),
            "monitor_config.max_runtime: invalid type: 1e+30, expected a whole number of minutes",
        ),
        (
            with("/monitor_config/recovery_threshold", json!(0.5)),
            "monitor_config.recovery_threshold: invalid type: 0.5, expected a whole number from 1 to 720",
        ),
        (
            with("/monitor_config/failure_issue_threshold", json!(true)),
            "monitor_config.failure_issue_threshold: invalid type: true, expected a whole number from 1 to 720",
        ),
        (
            with("/monitor_config/timezone", json!(1)),
            "monitor_config.timezone: invalid type: 1, expected a string",
        ),
        (
            with("/monitor_config/owner", json!({"team": 1})),
            "monitor_config.owner: invalid type: map, expected a string",
        ),
    ] {
        for answer in both_ways(&server, payload.to_string().as_bytes()) {
            assert_eq!(answer.status, 400, "{payload}");
            let reason = reason(&answer);
            let body = answer.detail();
            assert!(is_plain(&body), "{body}");
            assert!(body.contains(expected), "{payload}: {body}");
            assert!(reason.starts_with("malformed check-in: CHECKIN_"), "{reason}");
        }
    }
}

/// The answers to this payload in an envelope and as the body of the check-in URL.
fn both_ways(server: &Harness, payload: &[u8]) -> [Raw; 2] {
    let body = [b"{}\n{\"type\":\"check_in\"}\n", payload].concat();
    let first = ask(server, &format!("POST /api/1/envelope/?sentry_key={KEY}"), &[], &body);
    let json = [("content-type", "application/json")];
    [first, ask(server, &format!("POST /api/1/cron/job/{KEY}/"), &json, payload)]
}

#[test]
fn what_is_no_json_or_not_all_of_it_is_called_that() {
    let server = unlimited();
    for (payload, expected) in [
        ("", "EOF, it is empty"),
        ("{\"status\":", "it is no JSON, or not all of it: EOF"),
        ("status=ok", "it is no JSON: expected value at line 1 column 1"),
        ("{'status': 'ok'}", "it is no JSON: key must be a string at line 1 column 2"),
        ("{\"status\": \"ok\", \"status\": \"error\"}", "duplicate field `status`"),
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
            "the envelope's first line is no JSON object: EOF, it is empty; begin an envelope with a line such as {}",
        ),
        ("[null]", "first line is no JSON object: invalid type: sequence, expected a JSON object"),
        ("{\"dsn\": 1}", "first line is no JSON object: dsn: invalid type: 1, expected a string"),
        (
            "{}\n[\"check_in\", 2]\n{}",
            "an item's header is no JSON object with a `type`: invalid type: sequence",
        ),
        ("{}\n{}\n{}", "with a `type`: missing field `type`; write a line such as {\"type\": \"check_in\"}"),
        (
            "{}\n{\"type\":\"check_in\",\"length\":-1}\n{}",
            "length: invalid value: -1, expected a whole number, 0 or more",
        ),
        (
            "{}\n{\"type\":\"check_in\",\"length\":\"2\"}\n{}",
            "length: invalid type: \"2\", expected a whole number, 0 or more",
        ),
        (
            "{}\n{\"type\":\"check_in\",\"length\":1.5}\n{}",
            "length: invalid type: 1.5, expected a whole number, 0 or more",
        ),
        (
            "{}\n{\"type\":\"check_in\",\"length\":99}\n{}",
            "announces 99 bytes, but only 2 are there; write as `length`",
        ),
    ] {
        let answer = ask(&server, &format!("POST /api/1/envelope/?sentry_key={KEY}"), &[], body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
        assert!(reason(&answer).contains(expected), "{body}: {}", reason(&answer));
    }
}

#[test]
fn a_configuration_that_is_out_of_range_is_refused_with_the_range() {
    let server = unlimited();
    for (pointer, value, expected) in [
        (
            "failure_issue_threshold",
            json!(721),
            "failure_issue_threshold: 721 is not in 1-720; write a number in that range",
        ),
        ("recovery_threshold", json!(0), "recovery_threshold: 0 is not in 1-720"),
        ("max_runtime", json!(0), "max_runtime: 0 minutes leave no time to run; write at least 1"),
        ("timezone", json!("Mars/Olympus"), "Mars/Olympus"),
        (
            "schedule",
            json!({"type": "interval", "value": 9_999_999_999_u64, "unit": "hour"}),
            "schedule: an interval of 9999999999 hours is too long; write 4294967295 or less",
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
    assert!(reason(&answer).contains("status: \"caf\\u00e9 - \\u65e5\" is none of"), "{}", reason(&answer));
}

#[test]
fn what_of_a_request_does_not_count_is_said() {
    let server = unlimited();
    server.send("10:00:00", &check_in(NIL, "ok"));
    let path = format!("POST /api/1/cron/job/{KEY}/");
    let json = ("content-type", "application/json; charset=utf-8");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let (query, body) = (
        "with a JSON body the query string does not count",
        "the body does not count, since the header Content-Type is ",
    );
    for (line, headers, sent, status, expected) in [
        (
            format!("{path}?status=ok"),
            vec![json],
            "{\"duration\": 1}",
            400,
            vec!["missing field `status`", query],
        ),
        (format!("{path}?status=error"), vec![json], "{\"status\": \"ok\"}", 202, vec![query]),
        (format!("{path}?sentry_key={KEY}"), vec![json], "{\"status\": \"ok\"}", 202, vec![]),
        (
            path.clone(),
            vec![],
            "{\"status\": \"ok\"}",
            400,
            vec!["status: it is missing in the query string", body, "missing; send a JSON body with"],
        ),
        (
            path.clone(),
            vec![form],
            "{\"status\": \"ok\"}",
            400,
            vec!["status: it is missing", "is \"application/x-www-form-urlencoded\""],
        ),
        (format!("{path}?status=ok"), vec![], "{\"status\": \"error\"}", 202, vec![body]),
        (format!("{path}?status=ok"), vec![], "", 202, vec![]),
        (
            path.clone(),
            vec![],
            "",
            400,
            vec!["status: it is missing in the query string; call with ?status=in_progress, ok or error"],
        ),
        // Whoever sends a type with every request may send nothing.
        (format!("GET /api/1/cron/job/{KEY}/?status=ok"), vec![json], "", 202, vec![]),
    ] {
        let answer = ask(&server, &line, &headers, sent.as_bytes());
        assert_eq!(answer.status, status, "{line} {sent}");
        let reason = reason(&answer);
        assert!(expected.iter().all(|part| reason.contains(part)), "{line} {sent}: {reason}");
        assert_eq!(expected.is_empty(), reason.is_empty(), "{line} {sent}: {reason}");
        assert!(!reason.contains(KEY), "{reason}");
    }
}

#[test]
fn a_query_is_refused_with_parameter_value_and_what_is_allowed() {
    let server = unlimited();
    server.send("10:00:00", &check_in(NIL, "ok"));
    let cron = |query: &str| format!("/api/1/cron/job/{KEY}/?{query}");
    let api = |path: &str| format!("{API}{path}");
    for (path, status, expected) in [
        (
            cron("status=ok&status=error"),
            400,
            "status: the query string gives it more than once, with different values; write it once",
        ),
        (
            cron("status=ok&duration=long"),
            400,
            "duration: \"long\" is no number of seconds; write one such as 1.5",
        ),
        (cron("status=ok&duration=NaN"), 400, "duration: \"NaN\" is no number of seconds"),
        (cron("status=ok&check_in_id=1"), 400, "check_in_id: \"1\" is no UUID; write 32 hexadecimal digits"),
        (
            "/api/abc/cron/job/?status=ok".into(),
            400,
            "project: this part of the path is no number; this server has project 1",
        ),
        (
            "/api/99999999999999999999/envelope/".into(),
            405,
            "GET is not what /api/{project}/envelope/ is for",
        ),
        (format!("/api/1/cron/%ff/{KEY}/?status=ok"), 400, "slug: this part of the path is not UTF-8"),
        (
            api("/monitors/job/checkins/?per_page=abc"),
            400,
            "per_page: \"abc\" is no whole number; write one from 1 to 100",
        ),
        (api("/monitors/job/checkins/?per_page=-1"), 400, "per_page: \"-1\" is no whole number"),
        (api("/monitors/job/checkins/?cursor=x"), 400, "cursor: \"x\" is none; take it from the Link header"),
        (
            api("/incidents/?status=closed"),
            400,
            "status: \"closed\" is no status of an incident; write open or resolved",
        ),
        (
            api("/incidents/?before=today"),
            400,
            "before: \"today\" is no instant; write one such as 2024-06-03T10:00:00Z",
        ),
        (
            api("/incidents/?since=x"),
            400,
            "\"since\" is no parameter of this list; allowed are `environment`, `status`, `before`, `cursor`",
        ),
        (api("/incidents/abc/"), 400, "id: \"abc\" is no UUID; take the id of an incident from"),
        (api("/usage/?since=1"), 400, "since: \"1\" is no instant"),
        (api("/outages/?until=x"), 400, "\"until\" is no parameter of this list; allowed are `since`"),
    ] {
        let answer = ask(&server, &format!("GET {path}"), &[], b"");
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(
            reason(&answer).starts_with(expected) || reason(&answer).contains(expected),
            "{path}: {}",
            reason(&answer)
        );
        assert!(is_plain(&answer.detail()), "{answer:?}");
    }
}

#[test]
fn a_body_of_the_api_is_refused_with_field_value_and_what_is_allowed() {
    let server = unlimited();
    server.send("10:00:00", &check_in(NIL, "ok"));
    let (monitor, acknowledgement) = ("/monitors/job/", format!("/incidents/{NIL}/acknowledgement/"));
    for (path, body, expected) in [
        (
            monitor,
            "",
            "the body: EOF, it is empty; send one such as {\"status\": \"disabled\", \"isMuted\": true}",
        ),
        (monitor, "[]", "the body: invalid type: sequence, expected a JSON object"),
        (
            monitor,
            "{\"status\": 1}",
            "the body: status: invalid type: 1, expected \"active\" or \"disabled\"",
        ),
        (
            monitor,
            "{\"status\": \"off\"}",
            "the body: status: unknown variant `off`, expected `active` or `disabled`",
        ),
        (
            monitor,
            "{\"isMuted\": \"yes\"}",
            "the body: isMuted: invalid type: \"yes\", expected true or false",
        ),
        (
            monitor,
            "{\"muted\": true}",
            "the body: unknown field `muted`, expected one of `status`, `isMuted`",
        ),
        (
            &acknowledgement,
            "{\"by\": 7}",
            "the body: by: invalid type: 7, expected a string; send one such as {\"by\": \"me\"}",
        ),
        (&acknowledgement, "{}", "the body: missing field `by`"),
        (&acknowledgement, "{\"by\": \"me\", \"by\": \"you\"}", "the body: duplicate field `by`"),
    ] {
        let answer = ask(&server, &format!("PUT {API}{path}"), &[], body.as_bytes());
        assert_eq!(answer.status, 400, "{path} {body}: {answer:?}");
        assert!(answer.detail().starts_with(expected), "{path} {body}: {answer:?}");
        assert!(is_plain(&answer.detail()), "{answer:?}");
    }
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
