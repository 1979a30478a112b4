use crons_types::{Schedule, Slug};
use serde_json::Value;

use super::*;
use crate::domain::{self, Author, Config, Configured, EnvironmentStatus, MonitorEnvironment};

fn instant(time: &str) -> Timestamp {
    format!("2024-06-03T{time}Z").parse().unwrap()
}

/// An event of the monitor `nightly-backup` in production.
pub(crate) fn event(kind: IncidentEventKind) -> IncidentEvent {
    let resolved = kind == IncidentEventKind::Resolved;
    let [monitor, incident, starting, check_in] = [1, 2, 3, 4].map(|id| Uuid::from_bytes([id; 16]));
    IncidentEvent {
        kind,
        at: instant("12:05:00"),
        monitor: domain::Monitor {
            guid: monitor,
            project: 1,
            slug: Slug::parse("nightly-backup").unwrap(),
            name: None,
            spelling: None,
            enabled: true,
            upserting: true,
            config: Config {
                schedule: Schedule::interval("1 hour").unwrap(),
                checkin_margin: None,
                max_runtime: None,
                timezone: None,
                failure_issue_threshold: None,
                recovery_threshold: None,
            },
            configured: Configured { by: Author::Code, at: instant("00:00:00") },
            muted: false,
            owner: Some("team:ops".to_owned()),
            date_created: instant("00:00:00"),
        },
        environment: MonitorEnvironment {
            name: "production".to_owned(),
            status: if resolved { EnvironmentStatus::Ok } else { EnvironmentStatus::Error },
            muted: false,
            date_created: instant("00:00:00"),
            last_check_in: Some(instant("10:00:00")),
            next_check_in: None,
            next_check_in_latest: None,
            last_ok: Some(instant("09:00:00")),
        },
        incident: domain::Incident {
            guid: incident,
            started_at: instant("10:00:00"),
            starting_check_in: starting,
            opening: None,
            recovery_threshold: None,
            resolved_at: resolved.then(|| instant("12:05:00")),
            resolving_check_in: resolved.then_some(check_in),
            failures: Failures { error: 2, missed: 3, timeout: 1 },
            notified: true,
            acknowledged: None,
            withheld: None,
        },
        check_in,
        reason: (!resolved).then(|| "2 missed check-ins detected".to_owned()),
    }
}

fn body(event: &IncidentEvent) -> Value {
    serde_json::from_str(&Alert::new(event, "ops", Uuid::from_bytes([9; 16])).unwrap().body).unwrap()
}

#[test]
fn the_body_is_the_documented_example() {
    let document = include_str!("../payload.md");
    let example = document.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let example: Value = serde_json::from_str(example).unwrap();
    assert_eq!(body(&event(IncidentEventKind::Resolved)), example);
    for key in example.as_object().unwrap().keys() {
        assert!(document.contains(&format!("| `{key}` |")), "{key} is not in the table");
    }
}

#[test]
fn the_text_is_a_sentence_for_people() {
    let opened = body(&event(IncidentEventKind::Opened));
    assert_eq!(
        opened["text"],
        "`nightly-backup` in `production` is failing: 2 missed check-ins detected; its last successful run started at \
         2024-06-03 09:00 UTC."
    );
    assert_eq!(opened["incident"]["duration_s"], Value::Null);
    let failure = body(&event(IncidentEventKind::Failure));
    assert_eq!(
        failure["text"],
        "`nightly-backup` in `production` has been failing since 2024-06-03 10:00 UTC: 2 missed check-ins detected \
         (3 runs missed, 1 timed out, 2 failed)."
    );
    let mut new = event(IncidentEventKind::Opened);
    new.environment.last_ok = None;
    assert!(body(&new)["text"].as_str().unwrap().ends_with("; it has never succeeded."));
}

#[test]
fn the_name_of_an_environment_mentions_nobody() {
    let mut event = event(IncidentEventKind::Opened);
    let name = "`<!channel> @here [a](https://x.example)";
    event.environment.name = name.to_owned();
    event.reason = Some("@everyone <!here>".to_owned());
    let body = body(&event);
    let text = body["text"].as_str().unwrap();
    assert!(
        text.starts_with("`nightly-backup` in `__!channel_ @\u{200b}here [a]\u{200b}(https:\u{200b}//x"),
        "{text}"
    );
    assert!(!text.contains("@everyone") && !text.contains("<!here>"), "{text}");
    assert_eq!(body["environment"], name, "for programs the name is not escaped");
}

#[test]
fn a_test_message_has_the_keys_of_all_others() {
    let keys = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let test = serde_json::to_value(Message::test("ops", Uuid::nil(), instant("10:00:00"))).unwrap();
    assert_eq!(keys(&test), keys(&body(&event(IncidentEventKind::Opened))));
    assert_eq!(test["event"], "test");
    assert_eq!(test["text"], "This is a test of the webhook ops by `crons alert test`. Nothing has failed.");
}

#[test]
fn durations_and_counts_are_short() {
    for (seconds, expected) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_661, "1 h 1 min"),
        (86_400, "1 d"),
        (90_061, "1 d 1 h"),
        (86_460, "1 d"),
    ] {
        assert_eq!(duration(SignedDuration::from_secs(seconds)), expected);
    }
    assert_eq!(failures(Failures { error: 1, missed: 0, timeout: 0 }), "1 run failed");
    assert_eq!(failures(Failures { error: 0, missed: 2, timeout: 1 }), "2 runs missed, 1 timed out");
    assert_eq!(failures(Failures::default()), "no run failed");
}
