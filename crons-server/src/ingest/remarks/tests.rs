//! The words of each kind of remark, and the keys about which there is none.

use super::keys::EVENT;
use super::*;
use proptest::prelude::*;
use serde_json::json;

fn of(payload: &Value) -> Vec<String> {
    of_payload(payload.to_string().as_bytes())
}

fn with(place: ObjectKind, key: &str, value: &Value) -> Value {
    let mut payload = json!({"check_in_id": "0", "monitor_slug": "job", "status": "ok", "environment": null, "duration": 1,
        "contexts": {"trace": {"trace_id": "0", "anything": 1}}, "monitor_config": {
            "schedule": {"type": "interval", "value": 1, "unit": "hour"}, "checkin_margin": 1, "max_runtime": 1,
            "timezone": "UTC", "failure_issue_threshold": 1, "recovery_threshold": 1, "owner": "team:ops"}});
    let object = match place {
        ObjectKind::Payload => &mut payload,
        ObjectKind::Config => &mut payload["monitor_config"],
        ObjectKind::Schedule => &mut payload["monitor_config"]["schedule"],
    };
    object[key] = value.clone();
    payload
}

#[test]
fn a_misplaced_or_misspelt_key_says_where_to_write_it() {
    use ObjectKind::{Config, Payload, Schedule};
    for (place, key, value, expected) in [
        (
            Schedule,
            "timezone",
            json!("Europe/Vienna"),
            r#"monitor_config.schedule.timezone: "Europe/Vienna" is not used here; write it as `monitor_config.timezone`"#,
        ),
        (
            Payload,
            "failure_issue_threshold",
            json!(3),
            "failure_issue_threshold: 3 is not used here; write it as `monitor_config.failure_issue_threshold`",
        ),
        (Payload, "timezone", json!("UTC"), "write it as `monitor_config.timezone`"),
        (Payload, "owner", json!("team:a"), "write it as `monitor_config.owner`"),
        (Payload, "schedule", json!({"type": "crontab"}), "write it as `monitor_config.schedule`"),
        (Schedule, "max_runtime", json!(5), "write it as `monitor_config.max_runtime`"),
        (Config, "value", json!("@daily"), "write it as `monitor_config.schedule.value`"),
        (
            Config,
            "environment",
            json!("dev"),
            "monitor_config.environment: \"dev\" is not used here; write it as `environment`",
        ),
        (
            Config,
            "check_in_margin",
            json!(5),
            "monitor_config.check_in_margin: 5 is not used here; write it as `monitor_config.checkin_margin`",
        ),
        (Config, "checkinMargin", json!(5), "write it as `monitor_config.checkin_margin`"),
        (Config, "max_run_time", json!(5), "write it as `monitor_config.max_runtime`"),
        (Config, "recovery_treshold", json!(5), "write it as `monitor_config.recovery_threshold`"),
        (Config, "failure_threshold", json!(5), "write it as `monitor_config.failure_issue_threshold`"),
        (Config, "time_zone", json!("UTC"), "write it as `monitor_config.timezone`"),
        (Config, "tz", json!("UTC"), "write it as `monitor_config.timezone`"),
        (
            Payload,
            "monitorConfig",
            json!({}),
            "monitorConfig: {} is not used here; write it as `monitor_config`",
        ),
        (Payload, "checkInId", json!("1"), "write it as `check_in_id`"),
        (Payload, "enviroment", json!("dev"), "write it as `environment`"),
        (Payload, "env", json!("dev"), "write it as `environment`"),
        (
            Config,
            "name",
            json!("Nightly"),
            "monitor_config.name: \"Nightly\" is not used, as there is no such key; leave it out, or write one of schedule, \
             checkin_margin, max_runtime, timezone, failure_issue_threshold, recovery_threshold, owner",
        ),
        (
            Payload,
            "sentry_DSN",
            json!("http://public@host/1"),
            "sentry_DSN: its value is not used, as there is no such key; leave it out, or write one of check_in_id, ",
        ),
        (
            Schedule,
            "remark",
            json!([1]),
            "monitor_config.schedule.remark: [1] is not used, as there is no such key",
        ),
    ] {
        let remarks = of(&with(place, key, &value));
        let [remark] = &remarks[..] else { panic!("{key}: {remarks:?}") };
        assert!(remark.ends_with(expected) || remark.starts_with(expected), "{remark}");
    }
}

#[test]
fn keys_that_sdks_send_along_get_no_remark() {
    for key in EVENT {
        assert_eq!(of(&with(ObjectKind::Payload, key, &json!({"a": 1}))), [""; 0], "{key}");
    }
    for (place, key, value) in [
        (ObjectKind::Config, "schedule_type", json!("crontab")),
        (ObjectKind::Config, "alert_rule_id", json!(7)),
        (ObjectKind::Config, "margin", Value::Null),
        (ObjectKind::Payload, "timezone", Value::Null),
        (ObjectKind::Payload, "monitor_config", Value::Null),
    ] {
        assert_eq!(of(&with(place, key, &value)), [""; 0], "{key}");
    }
    // Payloads of real SDKs, captured from the wire.
    for payload in [
        r#"{"type":"check_in","monitor_slug":"py-manual","check_in_id":"6549f7c9743b461e981e3b0468306afc","status":"in_progress","duration":null,"environment":"staging","release":"jobs@1.2.3","monitor_config":{"schedule":{"type":"interval","value":2,"unit":"hour"}},"event_id":"e88bdd3c7d804c89a250b2df754b6b85","timestamp":"2026-11-22T13:08:35.948299Z","contexts":{"trace":{"trace_id":"465f12a29b614c14af10d5aef8dd2f87","span_id":"b53fba20f71a1a59","parent_span_id":null}},"server_name":"vm","sdk":{"name":"sentry.python","version":"2.75.0"},"platform":"python"}"#,
        r#"{"check_in_id":"0f7905eba1814369b719781bf5ca4f53","monitor_slug":"node-sync","status":"in_progress","release":"jobs@1.2.3","environment":"staging","monitor_config":{"schedule":{"type":"crontab","value":"*/5 * * * *"},"checkin_margin":2,"max_runtime":10,"timezone":"Europe/Vienna","failure_issue_threshold":2,"recovery_threshold":3},"contexts":{"trace":{"trace_id":"47abcba512b04cb199f575d6a47201ca","span_id":"99a840e798d1dc63"}}}"#,
    ] {
        assert_eq!(of_payload(payload.as_bytes()), [""; 0], "{payload}");
    }
}

#[test]
fn remarks_are_short_and_few_and_on_one_line() {
    let long = "x".repeat(10_000);
    let keys: serde_json::Map<_, _> = (0..1_000).map(|n| (format!("{n}\n{long}"), json!(long))).collect();
    let remarks = of(&Value::Object(keys));
    assert_eq!(remarks.len(), MAX_REMARKS);
    assert!(remarks.iter().all(|remark| remark.len() < 600 && !remark.contains('\n')), "{remarks:?}");
}

#[test]
fn a_cut_slug_and_a_slug_beside_the_path_get_a_remark() {
    let slug = |text: &str| Slug::normalize(text).unwrap();
    for (written, remarked) in
        [("job", false), ("My Job", false), (&*"a".repeat(50), false), (&*"a".repeat(51), true)]
    {
        assert_eq!(of_slug(written, &slug(written)).is_some(), remarked, "{written}");
    }
    assert_eq!(of_path("", "job"), None);
    assert_eq!(of_path("Job", "job"), None);
    let differs = of_path("other", "job").unwrap();
    assert_eq!(
        differs,
        r#"monitor_slug: "other" in the body is not used, as the path says "job"; leave it out of the body"#
    );
}

#[test]
fn parts_of_a_url_check_in_that_are_not_read_get_a_remark() {
    for (query, as_json, body, expected) in [
        ("status=ok&sentry_key=k&sentry_version=7&environment=dev&check_in_id=1&duration=1", false, 0, ""),
        ("sentry_key=k&_=1", true, 9, ""),
        ("", true, 9, ""),
        (
            "status=ok",
            true,
            9,
            "query: with a JSON body the query string does not count, so `status` is not used; write it into the body",
        ),
        ("status=ok&env=dev", false, 0, "query: there is no parameter `env`; write `environment`"),
        (
            "status=ok&foo=1",
            false,
            0,
            "query: there is no parameter `foo`; write one of status, check_in_id, environment, duration, or leave",
        ),
        (
            "status=ok&timezone=UTC",
            false,
            0,
            "query: `timezone` is not used; send a JSON body with a `monitor_config`",
        ),
        (
            "status=ok",
            false,
            12,
            "body: the body does not count, since the header Content-Type is missing; send a JSON body with",
        ),
    ] {
        let remarks = of_url(query, as_json, body, None).join("; ");
        assert!(
            remarks.starts_with(expected) && remarks.is_empty() == expected.is_empty(),
            "{query}: {remarks}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_panics_and_no_key_that_is_read_is_remarked_on(
        text in ".{0,40}|[a-z_]{1,12}", bytes in proptest::collection::vec(any::<u8>(), 0..60)
    ) {
        of_payload(&bytes);
        of_payload(text.as_bytes());
        for place in ObjectKind::ALL {
            let remarks = of(&with(place, &text, &json!(1)));
            let known = place.keys().contains(&&*text) || place.is_expected(&text);
            // A number in place of `monitor_config` is refused as malformed, without a remark.
            prop_assert_eq!(remarks.is_empty(), known, "{} {:?}", text, remarks);
        }
        of_url(&text, false, 0, Some(&text));
    }
}
