//! Tests of `GET /monitors/{slug}/advice/`.

use crate::harness::*;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

#[test]
fn a_job_that_is_always_late_is_advised_a_wider_margin() {
    let server = Harness::at("00:00");
    let start: Timestamp = instant("00:04:10");
    for hour in 0..12 {
        let at = start + SignedDuration::from_hours(hour);
        server.send(&at.to_string(), &check_in(&format!("{:032x}", hour + 1), "ok"));
    }
    let answer = server.get(&format!("{API}/monitors/job/advice/"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body[0]["environment"], "production");
    let found = &answer.body[0]["advice"][0];
    assert_eq!((&found["kind"], &found["settings"]), (&json!("margin"), &json!({"checkin_margin": 5})));
    assert_eq!(
        (&found["failuresBefore"], &found["failuresAfter"], &found["slots"]),
        (&json!(11), &json!(0), &json!(11))
    );
    assert!(found["attribute"].as_str().unwrap().contains("checkin_margin = 5,"), "{found}");
}

#[test]
fn the_page_of_a_monitor_has_its_advice() {
    let server = Harness::at("00:00");
    let start: Timestamp = instant("00:04:10");
    for hour in 0..12 {
        let at = start + SignedDuration::from_hours(hour);
        server.send(&at.to_string(), &check_in(&format!("{:032x}", hour + 1), "ok"));
    }
    let page = |server: &Harness| {
        server.agent.get(server.url("/monitors/job")).call().unwrap().into_body().read_to_string().unwrap()
    };
    let with_advice = page(&server);
    assert!(with_advice.contains("Advice for production"), "{with_advice}");
    assert!(with_advice.contains("data-copy=\"#advice-0-0\""), "{with_advice}");
    let wide = with(&id('f'), "ok", &hourly(&json!({"checkin_margin": 5})));
    server.send(&(start + SignedDuration::from_hours(12)).to_string(), &wide);
    assert!(!page(&server).contains("Advice for"), "advice that was taken is not given again");
}

#[test]
fn an_unknown_monitor_or_environment_has_no_advice() {
    let server = Harness::at("10:00");
    server.send("10:00", &check_in(&id('a'), "ok"));
    for (query, status) in [
        ("monitors/job/advice/", 200),
        ("monitors/job/advice/?environment=production", 200),
        ("monitors/nothing/advice/", 404),
        ("monitors/job/advice/?environment=dev", 404),
        ("monitors/job/advice/?env=dev", 400),
    ] {
        assert_eq!(server.get(&format!("{API}/{query}")).status, status, "{query}");
    }
}
