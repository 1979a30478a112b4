use crons_types::{Schedule, Slug};
use serde_json::Value;

use super::*;
use crate::alerts::ResponseKeys;
use crate::domain::{
    self, Author, Config, Configured, EnvironmentStatus, MonitorEnvironment, RunFacts, Status,
};

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
            broken: None,
            follow_up: None,
        },
        check_in,
        run: Some(RunFacts {
            status: if resolved { Status::Ok } else { Status::Missed },
            started_at: instant("12:00:00"),
            expected_at: Some(instant("12:00:00")),
            duration_ms: resolved.then_some(4_200),
            note: None,
        }),
        reason: (!resolved).then(|| "2 missed check-ins detected".to_owned()),
    }
}

fn body(event: &IncidentEvent) -> Value {
    let public_url = "https://crons.example.com".parse().unwrap();
    let pages = PageLinks { public_url: &public_url, keys: Some(&ResponseKeys::new("secret")) };
    let alert = Alert::new(event, "ops", Uuid::from_bytes([9; 16]), None, Some(pages)).unwrap();
    serde_json::from_str(&alert.body).unwrap()
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
    let mut test = serde_json::to_value(Message::test("ops", Uuid::nil(), instant("10:00:00"))).unwrap();
    let plain = test.as_object_mut().unwrap().remove("plain").unwrap();
    assert_eq!(plain["title"], "Test of the target ops");
    assert_eq!(keys(&test), keys(&body(&event(IncidentEventKind::Opened))));
    assert_eq!(test["event"], "test");
    assert_eq!(test["text"], "This is a test of the target ops by `crons alert test`. Nothing has failed.");
}

#[test]
fn a_failure_links_to_its_run_and_without_an_address_to_nothing() {
    let event = event(IncidentEventKind::Failure);
    assert_eq!(
        body(&event)["links"]["why"],
        "https://crons.example.com/why/04040404040404040404040404040404"
    );
    let alert = Alert::new(&event, "ops", Uuid::nil(), None, None).unwrap();
    let body: Value = serde_json::from_str(&alert.body).unwrap();
    assert_eq!(body["links"], Value::Null);
}

#[test]
fn only_a_message_about_an_open_incident_has_the_link_that_acknowledges_it() {
    use IncidentEventKind::{Broken, Escalated, Failure, Muted, Opened, Reminder, Resolved};
    let page = "https://crons.example.com/incidents/02020202020202020202020202020202/respond?key=";
    let key = ResponseKeys::new("secret").key(Uuid::from_bytes([2; 16]));
    for kind in [Opened, Failure, Reminder, Escalated, Broken] {
        assert_eq!(body(&event(kind))["links"]["acknowledge"], format!("{page}{key}"), "{kind:?}");
    }
    for kind in [Resolved, Muted] {
        assert_eq!(body(&event(kind))["links"]["acknowledge"], Value::Null, "{kind:?}");
    }
}

#[test]
fn messages_of_earlier_versions_can_be_read() {
    let mut stored = body(&event(IncidentEventKind::Opened));
    for key in ["run", "links"] {
        stored.as_object_mut().unwrap().remove(key).unwrap();
    }
    let message: Message = serde_json::from_value(stored).unwrap();
    assert!(message.run.is_none() && message.links.is_none());
    let mut stored = body(&event(IncidentEventKind::Opened));
    stored["links"].as_object_mut().unwrap().remove("acknowledge").unwrap();
    let message: Message = serde_json::from_value(stored).unwrap();
    assert_eq!(message.link_keys().next(), None);
}

#[test]
fn an_event_has_the_same_word_in_json_and_in_the_database() {
    use EventName::{
        Broken, Digest, Drill, Failure, Muted, Opened, Resolved, TargetFailing, TargetRecovered, Test,
    };
    for event in
        [Opened, Failure, Resolved, Broken, Muted, Test, Drill, Digest, TargetFailing, TargetRecovered]
    {
        assert_eq!(serde_json::to_value(event).unwrap(), event.as_str());
    }
}
