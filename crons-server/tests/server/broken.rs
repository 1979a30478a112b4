//! Tests of broken monitors: told once after two weeks of failures, and muted after two more.

use crate::harness::{API, Harness, instant, with};
use crate::receiver::{Mode, Receiver, eventually};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const START: &str = "2024-06-03T10:00:00Z";

fn alerts(receiver: &Receiver) -> Value {
    json!({"webhook": {"ops": {"url": receiver.url("/")}}, "alert": [{"on": ["opened", "resolved"], "to": ["ops"]}]})
}

fn day(number: i64) -> Timestamp {
    instant(START) + SignedDuration::from_hours(24 * number)
}

/// Restarts the server shortly before an instant, so that the minutes of weeks need not be evaluated, and goes on to the instant.
fn jump_to(server: &mut Harness, at: Timestamp) {
    server.start(&(at - SignedDuration::from_mins(2)).to_string());
    server.advance(&at.to_string());
}

/// Sends the run of a day. The job is expected once a year, so nothing is missed meanwhile.
fn run_on(server: &Harness, number: i64, status: &str) {
    server.set_clock(&day(number).to_string());
    let id = format!("{:032x}", number + 1);
    let run = with(&id, status, &json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}));
    assert_eq!(server.send_now(&run).status, 200);
}

fn is_muted(server: &Harness) -> bool {
    server.environment("job")["isMuted"].as_bool().unwrap()
}

fn events(server: &Harness) -> Vec<String> {
    server.alerts().iter().map(|alert| alert["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_fails_for_two_weeks_is_told_once_and_muted_after_two_more() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let mut server = Harness::with_alerts(START, alerts(&receiver));
    for number in 0..14 {
        run_on(&server, number, "error");
    }
    assert_eq!(events(&server), ["opened"]);
    assert_eq!(server.environment("job")["activeIncident"]["brokenNotice"], Value::Null);
    run_on(&server, 14, "error");
    assert_eq!(events(&server), ["opened", "broken"]);
    server.start(&day(15).to_string());
    for number in 15..28 {
        run_on(&server, number, "error");
    }
    assert_eq!(events(&server), ["opened", "broken"]);
    assert!(!is_muted(&server));
    server.start(&day(28).to_string());
    run_on(&server, 28, "error");
    assert_eq!(events(&server), ["opened", "broken", "muted"]);
    assert!(is_muted(&server));
    let notice = server.environment("job")["activeIncident"]["brokenNotice"].clone();
    let [told, muted] = [14, 28].map(|number| crate::harness::api(&day(number).to_string()));
    assert_eq!(notice, json!({"userNotifiedTimestamp": told, "environmentMutedTimestamp": muted}));
    let page = server.agent.get(server.url("/monitors/job")).call().unwrap().body_mut().read_to_string();
    assert!(page.unwrap().contains(", after four weeks of failures"));
    run_on(&server, 29, "error");
    // The mute is about this environment, and not the decision of a person about the monitor.
    let mut staging =
        with(&"f".repeat(32), "ok", &json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}));
    staging["environment"] = json!("staging");
    assert_eq!(server.send_now(&staging).status, 200);
    let environments = server.monitor("job")["environments"].as_array().unwrap().clone();
    let muted: Vec<_> =
        environments.iter().map(|row| (row["name"].as_str(), row["isMuted"].as_bool())).collect();
    assert_eq!(muted, [(Some("staging"), Some(false)), (Some("production"), Some(true))]);
    eventually("all are delivered", || receiver.taken() == ["opened", "broken", "muted"]);
    let text = |place: usize| receiver.received()[place].body["text"].as_str().unwrap().to_owned();
    let broken = text(1);
    assert!(
        broken.starts_with(
            "`job` in `production` is broken: it has failed since 2024-06-03 10:00 UTC (14 runs failed)"
        ),
        "{broken}"
    );
    let muted = text(2);
    assert!(
        muted.starts_with("`job` in `production` is muted from now on: it has failed since 2024-06-03"),
        "{muted}"
    );

    // A person who unmutes it is not overruled, and hears of the recovery.
    let unmute = json!({"isMuted": false});
    assert_eq!(server.put(&format!("{API}/monitors/job/environments/production/"), &unmute).status, 200);
    run_on(&server, 60, "error");
    assert!(!is_muted(&server));
    run_on(&server, 61, "ok");
    assert_eq!(events(&server), ["opened", "broken", "muted", "resolved"]);
    // The next incident is judged anew.
    run_on(&server, 62, "error");
    assert_eq!(events(&server).len(), 5);
}

#[test]
fn what_does_not_run_any_more_is_told_and_muted_on_the_day_also_after_a_restart() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let mut server = Harness::with_alerts(START, alerts(&receiver));
    for number in 0..4 {
        run_on(&server, number, "error");
    }
    let minute = SignedDuration::from_mins(1);
    jump_to(&mut server, day(14) - minute);
    assert_eq!(events(&server), ["opened"]);
    server.advance(&day(14).to_string());
    assert_eq!(events(&server), ["opened", "broken"]);
    jump_to(&mut server, day(28) - minute);
    assert_eq!((events(&server).len(), is_muted(&server)), (2, false));
    // The day comes while the server is off.
    jump_to(&mut server, day(29));
    assert_eq!(
        (events(&server), is_muted(&server)),
        (vec!["opened".into(), "broken".into(), "muted".into()], true)
    );
    let notice = server.environment("job")["activeIncident"]["brokenNotice"].clone();
    assert_eq!(notice["userNotifiedTimestamp"], json!(crate::harness::api(&day(14).to_string())));
    eventually("all are delivered", || receiver.taken() == ["opened", "broken", "muted"]);
    let text = receiver.received()[1].body["text"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with(
            "`job` in `production` is broken: it has failed since 2024-06-03 10:00 UTC (4 runs failed)"
        ),
        "{text}"
    );

    let unmute = json!({"isMuted": false});
    assert_eq!(server.put(&format!("{API}/monitors/job/environments/production/"), &unmute).status, 200);
    jump_to(&mut server, day(60));
    assert!(!is_muted(&server), "a person is not overruled");
    assert_eq!(events(&server).len(), 3);
}

#[test]
fn reminders_go_on_beside_the_notices_and_a_silence_or_an_acknowledgement_holds_both_back() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let mut rules = alerts(&receiver);
    rules["alert"][0]["remind"] = json!("168h");
    let mut server = Harness::with_alerts(START, rules);
    for number in 0..4 {
        run_on(&server, number, "error");
    }
    jump_to(&mut server, day(13));
    assert_eq!(events(&server), ["opened", "reminder"]);
    let matchers = json!([{"key": "monitor.slug", "match": "equals", "value": "job"}]);
    let body = json!({"matchers": matchers, "for": "72h", "by": "ana", "why": "move"});
    assert_eq!(server.post(&format!("{API}/silences/"), &[], body.to_string().as_bytes()).status, 201);
    jump_to(&mut server, day(15));
    assert_eq!(events(&server).len(), 2, "in the silence");
    jump_to(&mut server, day(16));
    assert_eq!(events(&server)[2..], ["broken"], "at its end, without the reminder that fell in it");
    jump_to(&mut server, day(21));
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    let path = format!("{API}/incidents/{incident}/acknowledgement/");
    assert_eq!(server.put(&path, &json!({"by": "ann"})).status, 200);
    jump_to(&mut server, day(40));
    assert_eq!((events(&server)[3..].to_vec(), is_muted(&server)), (vec!["reminder".to_owned()], false));
    assert!(server.delete(&path).status < 300);
    server.advance(&(day(40) + SignedDuration::from_mins(1)).to_string());
    assert_eq!((events(&server)[4..].to_vec(), is_muted(&server)), (vec!["reminder".to_owned()], false));
    run_on(&server, 41, "error");
    assert_eq!((events(&server)[5..].to_vec(), is_muted(&server)), (vec!["muted".to_owned()], true));
}

#[test]
fn few_failures_an_acknowledged_incident_and_a_muted_environment_are_not_broken() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = Harness::with_alerts(START, alerts(&receiver));
    for number in [0, 20, 40] {
        run_on(&server, number, "error");
    }
    assert_eq!(events(&server), ["opened"], "three failures are too few");
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    let path = format!("{API}/incidents/{incident}/acknowledgement/");
    assert_eq!(server.put(&path, &json!({"by": "ann"})).status, 200);
    run_on(&server, 41, "error");
    assert_eq!(events(&server), ["opened"], "a person has it in hand");
    assert!(server.delete(&path).status < 300);
    let mute = |muted: bool| {
        let path = format!("{API}/monitors/job/environments/production/");
        assert_eq!(server.put(&path, &json!({"isMuted": muted})).status, 200);
    };
    mute(true);
    run_on(&server, 42, "error");
    assert_eq!(events(&server), ["opened"]);
    mute(false);
    run_on(&server, 43, "error");
    assert_eq!(events(&server), ["opened", "broken"]);
}

#[test]
fn the_fourth_failure_is_the_first_that_can_tell_that_a_monitor_is_broken() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = Harness::with_alerts(START, alerts(&receiver));
    for number in [0, 20, 40] {
        run_on(&server, number, "error");
    }
    assert_eq!(events(&server), ["opened"]);
    run_on(&server, 41, "error");
    assert_eq!(events(&server), ["opened", "broken"]);
}

#[test]
fn a_mute_that_fell_due_while_nobody_was_told_waits_for_the_next_failure() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    for by_a_person in [true, false] {
        let mut server = Harness::with_alerts(START, alerts(&receiver));
        for number in 0..=14 {
            run_on(&server, number, "error");
        }
        let mute = |server: &Harness, muted: bool| {
            let path = format!("{API}/monitors/job/environments/production/");
            assert_eq!(server.put(&path, &json!({"isMuted": muted})).status, 200);
        };
        // A person has muted it over the day of the mute, or the server was off.
        if by_a_person {
            mute(&server, true);
        }
        server.start(&day(30).to_string());
        if by_a_person {
            mute(&server, false);
        }
        server.advance(&(day(30) + SignedDuration::from_mins(3)).to_string());
        assert_eq!((events(&server), is_muted(&server)), (vec!["opened".into(), "broken".into()], false));
        run_on(&server, 31, "error");
        assert_eq!(events(&server), ["opened", "broken", "muted"]);
    }
}

#[test]
fn a_silence_holds_both_notices_and_the_mute_back_until_its_end() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = Harness::with_alerts(START, alerts(&receiver));
    let silence = |length: &str| {
        let matchers = json!([{"key": "monitor.slug", "match": "equals", "value": "job"}]);
        let body = json!({"matchers": matchers, "for": length, "by": "ana", "why": "move"});
        let made = server.post(&format!("{API}/silences/"), &[], body.to_string().as_bytes());
        assert_eq!(made.status, 201, "{made:?}");
    };
    for number in 0..14 {
        run_on(&server, number, "error");
    }
    silence("36h");
    run_on(&server, 14, "error");
    assert_eq!(events(&server), ["opened"], "in the silence");
    run_on(&server, 15, "error");
    assert_eq!(events(&server), ["opened", "broken"], "after it");
    run_on(&server, 28, "error");
    silence("36h");
    run_on(&server, 29, "error");
    assert_eq!((events(&server), is_muted(&server)), (vec!["opened".into(), "broken".into()], false));
    run_on(&server, 30, "error");
    assert_eq!(events(&server), ["opened", "broken", "muted"]);
    assert!(is_muted(&server));
}
