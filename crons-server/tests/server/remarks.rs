//! Tests of check-ins that are accepted, but not as they were sent: they count, and the remark is wherever refusals are.

use crate::harness::{Harness, KEY, NIL, api, check_in, hourly, id, with};
use serde_json::{Value, json};

fn remarks(server: &Harness, slug: &str) -> Vec<(Value, String)> {
    let listed = server.api(&format!("/monitors/{slug}/processing-errors/"));
    let of =
        |row: &Value| (row["accepted"].clone(), row["errors"][0]["message"].as_str().unwrap().to_owned());
    listed.as_array().unwrap().iter().map(of).collect()
}

#[test]
fn the_header_the_answer_and_the_api_say_what_was_not_taken_and_the_check_in_counts() {
    let server = Harness::at("10:00:00");
    let schedule = json!({"type": "crontab", "value": "0 * * * *", "timezone": "Europe/Vienna"});
    let expected = "CHECKIN_VALIDATION_FAILED: monitor_config.schedule.timezone: \"Europe/Vienna\" is not used here; write \
        it as `monitor_config.timezone`";
    for (time, letter) in [("10:00:00", 'a'), ("10:01:00", 'b')] {
        let answer = server.send(time, &with(&id(letter), "ok", &json!({ "schedule": schedule })));
        assert_eq!((answer.status, answer.body.get("discarded")), (200, None));
        assert_eq!(answer.body["remarks"], json!([expected]));
        assert_eq!(answer.error.unwrap(), format!("accepted, but {expected}"));
    }
    assert_eq!(server.statuses("job"), ["ok", "ok"]);
    assert_eq!(remarks(&server, "job"), [(json!(true), expected.to_owned())], "the same remark is kept once");
    assert_eq!(
        server.api("/monitors/job/processing-errors/")[0]["dateReceived"],
        api("10:01:00"),
        "the newest"
    );
    assert_eq!(server.api("/monitors/job/usage/")[0]["outcome"], "accepted");

    let fine = server.send("10:02:00", &check_in(NIL, "ok"));
    assert_eq!((fine.error, fine.body.get("remarks")), (None, None));
}

#[test]
fn a_remark_that_comes_each_minute_pushes_no_refusal_out() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    server.send("10:00:01", &check_in(&id('a'), "error"));
    for minute in 1..=12 {
        server.send(&format!("10:{minute:02}:00"), &with(NIL, "ok", &hourly(&json!({"owner": "me"}))));
    }
    let listed = remarks(&server, "job");
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!((&listed[0].0, &listed[1].0), (&json!(true), &json!(false)));
    assert!(listed[0].1.contains(r#"monitor_config.owner: "me" is neither"#), "{listed:?}");
}

#[test]
fn a_configuration_that_a_known_monitor_does_not_take_and_numbers_that_are_cut_are_remarked_on() {
    let server = Harness::at("10:00:00");
    let cut = server
        .send("10:00:00", &with(NIL, "ok", &hourly(&json!({"checkin_margin": 0, "max_runtime": 20_160}))));
    assert_eq!(
        cut.body["remarks"],
        json!([
            "CHECKIN_VALIDATION_FAILED: monitor_config.checkin_margin: 0 minutes are not in 1 to 40320; 1 is used instead",
            "CHECKIN_VALIDATION_FAILED: monitor_config.max_runtime: 20160 minutes are not in 1 to 10080; 10080 is used instead"
        ])
    );
    let invalid = server.send("10:01:00", &with(NIL, "ok", &hourly(&json!({"timezone": "Mars/Olympus"}))));
    let remark = invalid.body["remarks"][0].as_str().unwrap();
    assert!(remark.starts_with("MONITOR_INVALID_CONFIG: ") && remark.contains("Mars/Olympus"), "{remark}");
    assert!(remark.ends_with("; the monitor keeps the configuration that it has"), "{remark}");
}

#[test]
fn slugs_that_meet_in_one_are_remarked_on_also_after_a_restart() {
    let mut server = Harness::at("10:00:00");
    let of = |slug: &str| {
        let mut check_in = check_in(NIL, "ok");
        check_in["monitor_slug"] = json!(slug);
        check_in
    };
    assert_eq!(
        server.send("10:00:00", &of("My Job")).error,
        None,
        "that it is written otherwise does no harm"
    );
    server.start("10:00:10");
    assert_eq!(server.send("10:00:20", &of("My Job")).error, None);
    let shared = server.send("10:00:20", &of("my.job")).error;
    assert_eq!(shared, None, "`myjob` is another one");
    let shared = server.send("10:00:20", &of("my/ job")).error.unwrap();
    assert!(shared.contains(r#"monitor_slug: "my/ job" and "My Job" are one monitor, `my-job`"#), "{shared}");
    let long = "department-of-redundancy-department-nightly-backup-";
    for database in ["orders", "customers"] {
        let answer = server.send("10:00:30", &of(&format!("{long}{database}")));
        assert!(answer.error.unwrap().contains("characters and was cut to `department-"), "{database}");
    }
    let errors =
        server.api("/monitors/department-of-redundancy-department-nightly-backup/processing-errors/");
    assert_eq!(errors[0]["errors"].as_array().unwrap().len(), 2, "cut, and shared: {errors}");
}

#[test]
fn a_check_in_by_url_says_which_part_of_the_request_was_not_read() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(NIL, "ok"));
    let url = format!("/api/1/cron/job/{KEY}/");
    let json = [("Content-Type", "application/json")];
    for (query, headers, body, expected) in [
        ("?status=ok&env=dev", &[][..], "", "query: there is no parameter `env`; write `environment`"),
        (
            "?status=ok",
            &[],
            r#"{"status": "error"}"#,
            "body: the body does not count, since the header Content-Type is missing",
        ),
        (
            "?status=error",
            &json,
            r#"{"status": "ok"}"#,
            "query: with a JSON body the query string does not count, so `status` is not used",
        ),
        (
            "",
            &json,
            r#"{"status": "ok", "monitor_slug": "other"}"#,
            "\"other\" in the body is not used, as the path",
        ),
        ("", &json, r#"{"status": "ok", "timezone": "UTC"}"#, "write it as `monitor_config.timezone`"),
    ] {
        let answer = server.post(&format!("{url}{query}"), headers, body.as_bytes());
        let error = answer.error.unwrap();
        assert_eq!(answer.status, 202, "{query}");
        assert!(
            error.starts_with("accepted, but CHECKIN_VALIDATION_FAILED: ") && error.contains(expected),
            "{error}"
        );
    }
    assert_eq!(server.statuses("job"), ["ok"; 6]);
}

#[test]
fn a_misspelt_configuration_is_named_where_it_is_why_there_is_no_monitor() {
    let server = Harness::at("10:00:00");
    let mut misspelt = check_in(NIL, "in_progress");
    let config = misspelt.as_object_mut().unwrap().remove("monitor_config").unwrap();
    misspelt["monitor_confg"] = config;
    let answer = server.send("10:00:00", &misspelt);
    let discarded = answer.body["discarded"].as_array().unwrap();
    assert!(discarded[0].as_str().unwrap().ends_with("write it as `monitor_config`"), "{discarded:?}");
    assert!(discarded[1].as_str().unwrap().starts_with("MONITOR_NOT_FOUND"), "{discarded:?}");
    // An end is deferred until its start, and its answer reports its own faults at once.
    misspelt["status"] = json!("ok");
    let again = server.send("10:00:01", &misspelt);
    assert_eq!(again.body["discarded"].as_array().unwrap().len(), 2, "its begin was refused: {again:?}");
    misspelt["check_in_id"] = json!(id('b'));
    assert!(server.send("10:00:01", &misspelt).error.unwrap().starts_with("accepted, but "));
}

#[test]
fn a_value_that_changes_nothing_is_named() {
    let server = Harness::with(
        "10:00:00",
        crons_server::Settings { rate_limit: crons_server::RateLimit::OFF, ..Default::default() },
    );
    server.send("10:00:00", &check_in(NIL, "ok"));
    let crontab = json!({"type": "crontab", "value": "0 * * * *"});
    let id = "0123456789abcdef0123456789abcdef";
    for (field, value, expected) in [
        (
            "monitor_config",
            json!({"schedule": {"type": "crontab", "value": "0 * * * *", "unit": "hour"}}),
            "monitor_config.schedule.unit: \"hour\" is not used with a crontab",
        ),
        ("monitor_config", json!({"schedule": {"type": "crontab", "value": "0 * * * *", "unit": null}}), ""),
        (
            "monitor_config",
            json!({"schedule": crontab, "schedule_type": "interval"}),
            "monitor_config.schedule_type: \"interval\" is not used, as `monitor_config.schedule.type` is \"crontab\"",
        ),
        ("monitor_config", json!({"schedule": crontab, "schedule_type": "crontab"}), ""),
        (
            "monitor_config",
            json!({"schedule": crontab, "owner": ""}),
            "monitor_config.owner: it is empty, so the owner stays as it was",
        ),
        ("contexts", json!([1]), "contexts: [1] is not used, as it is not a JSON object"),
        ("contexts", json!("abc"), "contexts: \"abc\" is not used"),
        (
            "contexts",
            json!({"trace": "abc"}),
            "contexts.trace: \"abc\" is not used, as it is not a JSON object",
        ),
        (
            "contexts",
            json!({"trace_id": id}),
            "contexts.trace_id: \"0123456789abcdef0123456789abcdef\" is not used here; write it as `contexts.trace.trace_id`",
        ),
        ("contexts", json!({"trace": {"trace_id": id}}), ""),
        ("contexts", json!({"trace": null, "os": {"name": "Linux"}}), ""),
    ] {
        let mut sent = check_in(NIL, "ok");
        sent[field] = value.clone();
        let error = server.send_now(&sent).error.unwrap_or_default();
        assert!(error.contains(expected), "{value}: {error}");
        assert_eq!(expected.is_empty(), error.is_empty(), "{value}: {error}");
    }
    let answer = server.post(&format!("/api/1/cron/job/{KEY}/?status=ok&environment=a%FFb"), &[], b"");
    assert_eq!(answer.status, 400);
    assert!(answer.error.unwrap().starts_with("environment: this part of the query string is not UTF-8"));
}

#[test]
fn the_senders_of_both_spellings_hear_of_each_other() {
    let server = Harness::at("10:00:00");
    let send = |slug: &str| {
        let mut sent = check_in(NIL, "ok");
        sent["monitor_slug"] = json!(slug);
        server.send_now(&sent).error.unwrap_or_default()
    };
    assert_eq!(send("My Job"), "");
    assert_eq!(send("My Job"), "");
    for slug in ["MY JOB", "My Job", "MY JOB", "My Job"] {
        let error = send(slug);
        assert!(
            error.contains("\"My Job\"") && error.contains("\"MY JOB\"") && error.contains("are one monitor"),
            "{slug}: {error}"
        );
    }
}
