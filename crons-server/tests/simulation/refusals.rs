//! Tests of refusals: what is refused, how that is counted, and what it leaves behind.

use crate::dsl::*;
use serde_json::{Value, json};

fn outcomes(timeline: Timeline<'_>) -> Vec<String> {
    only(&report(timeline, EVERY, LIMIT), &['?'])
}

/// Payloads that are refused by themselves, each with the first of Sentry's steps that refuses it.
#[test]
fn what_is_no_check_in_is_refused_by_the_first_step_that_sees_it() {
    let guid = "invalid_guid CHECKIN_INVALID_GUID";
    let invalid = "invalid_check_in CHECKIN_VALIDATION_FAILED";
    let not_found = "invalid_monitor MONITOR_NOT_FOUND";
    let schedule = |schedule: Value| ok("a").set(json!({ "schedule": schedule }));
    for (event, expected) in [
        (ok("a").with("check_in_id", "12"), guid),
        (ok("a").with("check_in_id", ""), guid),
        (ok("a").with("check_in_id", 12), guid),
        (ok("a").with("check_in_id", Value::Null), guid),
        (ok("a").with("check_in_id", "{61000000-0000-0000-0000-000000000000"), guid),
        // The id is looked at first, then the fields, then the monitor.
        (ok("a").with("check_in_id", "12").with("status", "done").of("!!!"), guid),
        (ok("a").with("check_in_id", "12").with("status", 1), guid),
        (ok("a").with("status", "done").of("!!!"), invalid),
        (ok("a").of("!!!"), not_found),
        (ok("a").of(""), not_found),
        (ok("a").without("monitor_slug"), not_found),
        (ok("a").with("status", "done"), invalid),
        (ok("a").with("status", "missed"), invalid),
        (ok("a").with("status", "timeout"), invalid),
        (ok("a").with("status", "OK"), invalid),
        (ok("a").with("status", Value::Null), invalid),
        (ok("a").without("status"), invalid),
        (ok("a").at(" "), invalid),
        (ok("a").with("environment", 1), invalid),
        (ok("a").with("duration", -1), invalid),
        (ok("a").with("duration", 2_147_483.648), invalid),
        (ok("a").with("duration", "1"), invalid),
        (ok("a").with("contexts", json!({"trace": {"trace_id": "12"}})), invalid),
        (ok("a").with("contexts", json!({"trace": {"trace_id": 12}})), invalid),
        (ok("a").with("monitor_config", "hourly"), invalid),
        (ok("a").with("monitor_config", json!({})), invalid),
        (ok("a").set(json!({"checkin_margin": -1})), invalid),
        (ok("a").set(json!({"max_runtime": 1.5})), invalid),
        (ok("a").set(json!({"recovery_threshold": "5"})), invalid),
        (ok("a").set(json!({"owner": 5})), invalid),
        (schedule(json!("0 * * * *")), invalid),
        (schedule(json!({"type": "interval", "value": "2", "unit": "hour"})), invalid),
        (schedule(json!({"type": "interval", "value": 2, "unit": "second"})), invalid),
        (schedule(json!({"type": "interval", "value": -2, "unit": "hour"})), invalid),
        (payload(json!([])), invalid),
        (payload(json!("ok")), invalid),
        (ok("a").at("eu/west"), "invalid_monitor_environment MONITOR_INVALID_ENVIRONMENT"),
        (ok("a").at(&"x".repeat(65)), "invalid_monitor_environment MONITOR_INVALID_ENVIRONMENT"),
        (in_progress("a").bare(), not_found),
    ] {
        proves(&[("10:00", event.clone())], &format!("? 10:00 invalid {expected}"));
    }
}

/// Configurations of the right shape that are refused: they create no monitor, and a known one keeps its configuration.
#[test]
fn an_invalid_configuration_makes_no_monitor_and_changes_none() {
    let crontab = |value: &str| json!({"schedule": {"type": "crontab", "value": value}});
    for config in [
        crontab("13 * * * * *"),
        crontab(""),
        crontab("0 0 31 2 *"),
        crontab("@midnight"),
        json!({"schedule": {"type": "interval", "value": 0, "unit": "minute"}}),
        json!({"max_runtime": 0}),
        json!({"timezone": "Mars/Olympus"}),
        json!({"failure_issue_threshold": 0}),
        json!({"failure_issue_threshold": 721}),
        json!({"recovery_threshold": 0}),
        json!({"recovery_threshold": 721}),
    ] {
        let event = ok("b").set(json!({"checkin_margin": 9})).set(config);
        assert_eq!(
            outcomes(&[("10:00", event.clone())]),
            ["? 10:00 invalid invalid_monitor MONITOR_INVALID_CONFIG MONITOR_NOT_FOUND"]
        );
        proves(
            &[("10:00", ok("a")), ("10:01", event)],
            "a ok 10:00
             b ok 10:01 expected 11:00
             = ok, last 10:01, next 11:00, latest 11:01
             ? 10:01 accepted MONITOR_INVALID_CONFIG",
        );
    }
}

#[test]
fn what_is_accepted_but_not_as_sent_has_an_error_of_sentrys() {
    let accepted = |timeline: Timeline<'_>| {
        let told = report(timeline, EVERY, LIMIT);
        let last = told["outcomes"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["outcome"], "accepted");
        last["errors"].clone()
    };
    let failed = json!(["CHECKIN_VALIDATION_FAILED"]);
    let schedule = json!({"type": "crontab", "value": "0 * * * *", "timezone": "Europe/Vienna"});
    for event in [
        ok("a").set(json!({ "schedule": schedule })),
        ok("a").set(json!({"check_in_margin": 5})),
        ok("a").with("failure_issue_threshold", 3),
        ok("a").with("timezone", "UTC").with("tz", "UTC").set(json!({"owner": "nobody"})),
        ok("a").of(&"long-".repeat(11)),
    ] {
        assert_eq!(accepted(&[("10:00", event.clone())]), failed, "{event:?}");
    }
    // The two names become the same slug.
    let (one, other) = (ok("a").of("sync/eu"), ok("b").of("sync.eu"));
    assert_eq!(accepted(&[("10:00", one.clone()), ("10:01", other)]), failed);
    let again = one.clone().with("check_in_id", hex("b"));
    assert_eq!(accepted(&[("10:00", one), ("10:01", again)]), json!([]));
    let invalid = ok("b").crontab("nonsense");
    assert_eq!(accepted(&[("10:00", ok("a")), ("10:01", invalid)]), json!(["MONITOR_INVALID_CONFIG"]));
    let cut = ok("a").set(json!({"checkin_margin": 0, "max_runtime": 99_999}));
    assert_eq!(accepted(&[("10:00", cut)]), failed);
    // A deferred check-in has them, too.
    let held = ok("a").bare().with("remark", "x");
    let told = report(&[("10:00:10", held.clone()), ("10:00:12", in_progress("a"))], EVERY, LIMIT);
    assert_eq!(only(&told, &['?']), ["? 10:00:10 accepted CHECKIN_VALIDATION_FAILED"]);
    let told = report(&[("10:00:10", held)], EVERY, LIMIT);
    assert_eq!(
        only(&told, &['?']),
        ["? 10:00:10 invalid invalid_monitor CHECKIN_VALIDATION_FAILED MONITOR_NOT_FOUND"]
    );
}

#[test]
fn a_malformed_owner_is_noted_and_the_check_in_accepted() {
    let noted = "? 10:00 accepted CHECKIN_VALIDATION_FAILED";
    for (owner, expected) in [
        ("team:ops", vec![]),
        ("user:6", vec![]),
        ("user:anna@example.com", vec![]),
        ("", vec![noted]),
        ("nobody", vec![noted]),
        ("team:", vec![noted]),
    ] {
        let timeline = [("10:00", ok("a").set(json!({"owner": owner})))];
        assert_eq!(outcomes(&timeline), expected, "{owner}");
        assert_eq!(only(&report(&timeline, EVERY, LIMIT), &['a']), ["a ok 10:00"]);
    }
}

#[test]
fn slugs_are_one_monitor_however_they_are_written() {
    let slugs = ["some/slug@with-weird|stuff", "Someslugwith-weirdstuff", " someslugWITH - weirdstuff "];
    let timeline: Vec<_> =
        slugs.iter().zip(["a", "b", "c"]).map(|(slug, id)| ("10:00", ok(id).of(slug))).collect();
    let told = report(&timeline, EVERY, LIMIT);
    assert_eq!(told["environments"].as_array().unwrap().len(), 1);
    for row in told["check_ins"].as_array().unwrap().iter().chain(told["outcomes"].as_array().unwrap()) {
        assert_eq!(row["monitor_slug"], "someslugwith-weirdstuff");
    }
}

#[test]
fn blocked_check_ins_count_too_and_the_count_begins_anew_with_the_minute_of_the_clock() {
    // The check-ins are nine in one minute, though any sixty seconds would hold no more than six; then six in the next.
    let times: Vec<String> = (0..9).map(|n| format!("10:00:{}", 50 + n)).collect();
    let mut timeline: Vec<(&str, Event)> = times.iter().map(|time| (time.as_str(), ok(NIL))).collect();
    for _ in 0..6 {
        timeline.push(("10:01", ok(NIL)));
    }
    assert_eq!(
        outcomes(&timeline),
        ["56", "57", "58"].map(|second| format!(
            "? 10:00:{second} rate_limited rate_limited MONITOR_ENVIRONMENT_RATELIMITED"
        ))
    );
}

#[test]
fn an_absent_a_null_and_an_empty_environment_are_production_also_in_what_they_use_up() {
    let spellings =
        [ok(NIL), ok(NIL).at(""), ok(NIL).with("environment", Value::Null), ok(NIL).at("production")];
    let timeline: Vec<_> = spellings.iter().cycle().take(8).map(|event| ("10:00", event.clone())).collect();
    assert_eq!(outcomes(&timeline).len(), 2);
    let told = report(&timeline, EVERY, LIMIT);
    assert_eq!(only(&told, &['=']), ["= ok, last 10:00, next 11:00, latest 11:01"]);
}

/// Sends six check-ins that are refused for another reason, which use up the rate limit.
#[test]
fn what_is_refused_uses_up_what_a_monitor_may_send() {
    for refused in [
        in_progress("a").bare(),
        ok("a").with("status", "done"),
        ok("a").with("check_in_id", "12"),
        ok("a").with("status", 1),
        ok("a").set(json!({"checkin_margin": -1})),
        error("a").bare(),
    ] {
        let mut timeline = vec![("10:00", refused.clone()); 6];
        timeline.push(("10:00:30", ok("b")));
        let last = outcomes(&timeline).pop().unwrap();
        assert_eq!(last, "? 10:00:30 rate_limited rate_limited MONITOR_ENVIRONMENT_RATELIMITED");
        let elsewhere = [timeline.clone(), vec![("10:00:40", ok("c").at("dev"))]].concat();
        assert_eq!(only(&report(&elsewhere, EVERY, LIMIT), &['c']), ["c ok 10:00:40 @dev"]);
        // A malformed one counts for its monitor, too.
        let dev: Vec<_> = timeline.iter().map(|(time, event)| (*time, event.clone().at("dev"))).collect();
        assert_eq!(outcomes(&dev).pop().unwrap(), last);
    }
}

#[test]
fn a_limit_that_is_off_or_another_is_kept() {
    let timeline = vec![("10:00", ok(NIL)); 9];
    let refused = |limit: &str| only(&report(&timeline, EVERY, limit.parse().unwrap()), &['?']).len();
    assert_eq!((refused("off"), refused("8"), refused("6"), refused("1")), (0, 1, 3, 8));
}

#[test]
fn a_disabled_monitor_refuses_check_ins_before_anything_is_made_but_takes_their_configuration() {
    proves(
        &[
            ("10:00", ok("a")),
            ("10:01", disable(true)),
            ("10:02", ok("b").at("dev").crontab("30 * * * *")),
            ("10:03", in_progress("a").bare()),
            ("10:04", disable(false)),
        ],
        "a ok 10:00
         = ok, last 10:00, next 10:30, latest 10:31
         ? 10:02 filtered monitor_disabled MONITOR_DISABLED
         ? 10:03 filtered monitor_disabled MONITOR_DISABLED",
    );
}

#[test]
fn an_id_that_another_monitor_uses_is_refused_and_the_monitor_is_made() {
    proves(
        &[("10:00", in_progress("a")), ("10:01", ok("a").of("other")), ("10:02", ok("b").of("other").bare())],
        "a in_progress 10:00 timeout 10:30 begun 10:00
         b ok 10:02 @other
         = active, last 10:00, next 11:00, latest 11:01
         = ok, last 10:02, next 11:00, latest 11:01 @other
         ? 10:01 invalid monitor_environment_mismatch CHECKIN_ENVIRONMENT_MISMATCH",
    );
}

#[test]
fn a_refused_environment_is_not_made_but_its_monitor_is() {
    proves(
        &[("10:00", ok("a").at("eu/west")), ("10:01", in_progress("b").bare())],
        "b in_progress 10:01 timeout 10:31 begun 10:01
         = active, last 10:01, next 11:00, latest 11:01
         ? 10:00 invalid invalid_monitor_environment MONITOR_INVALID_ENVIRONMENT",
    );
}

#[test]
fn there_are_no_more_monitors_and_environments_than_there_may_be() {
    let monitors: Vec<String> = (0..=1_500).map(|n| format!("job-{n}")).collect();
    let timeline: Vec<_> = monitors.iter().map(|slug| ("10:00", ok(NIL).of(slug))).collect();
    assert_eq!(outcomes(&timeline), ["? 10:00 invalid monitor_limit_exceeded MONITOR_LIMIT_EXCEEDED"]);

    let environments: Vec<String> = (0..=1_000).map(|n| format!("e{n}")).collect();
    let mut timeline: Vec<_> = environments.iter().map(|name| ("10:00", ok(NIL).at(name))).collect();
    let exceeded = "? 10:00 invalid monitor_environment_limit_exceeded MONITOR_ENVIRONMENT_LIMIT_EXCEEDED";
    assert_eq!(outcomes(&timeline), [exceeded]);
    timeline.push(("10:00", ok(NIL).at("e7")));
    assert_eq!(outcomes(&timeline), [exceeded], "what is there goes on");
}

#[test]
fn ids_are_told_as_the_timeline_writes_them() {
    let dashed = "61000000-0000-0000-0000-000000000000";
    let shouted = "ABCDEF00000000000000000000000000";
    let told = report(
        &[
            ("10:00", error("a").with("check_in_id", dashed)),
            ("11:00", ok("b").with("check_in_id", shouted)),
            ("11:00:01", in_progress("b").with("check_in_id", shouted.to_lowercase())),
        ],
        EVERY,
        LIMIT,
    );
    assert_eq!(
        [&told["check_ins"][0]["check_in_id"], &told["check_ins"][1]["check_in_id"]],
        [dashed, shouted]
    );
    assert_eq!(told["occurrences"][0]["check_in_id"], dashed);
    let incident = &told["incidents"][0];
    assert_eq!([&incident["starting_check_in_id"], &incident["resolving_check_in_id"]], [dashed, shouted]);
}

#[test]
fn the_same_timeline_comes_to_the_same_bytes() {
    let timeline = [("10:00", ok(NIL)), ("10:01", in_progress(NIL)), ("14:00", ok(NIL).at("dev"))];
    let first = report(&timeline, EVERY, LIMIT).to_string();
    assert_eq!(first, report(&timeline, EVERY, LIMIT).to_string());
    assert!(first.contains("missed") && first.contains("timeout"), "{first}");
}
