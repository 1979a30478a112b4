//! Silences and maintenance windows on a server: each message is sent as the rules say, and none earlier.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use crons_server::Settings;
use harness::*;
use serde_json::{Value, json};

/// Settings with a webhook for all events, at an address where nothing listens: the messages wait.
fn settings() -> Settings {
    let alerts = json!({"webhook": {"ops": {"url": "http://127.0.0.1:1/"}},
        "alert": [{"on": ["opened", "failure", "resolved"], "to": ["ops"]}]});
    Settings { alerts: serde_json::from_value(alerts).unwrap(), ..Settings::default() }
}

fn matching(pattern: &str) -> Value {
    json!([{"key": "monitor.slug", "match": "matches pattern", "value": pattern}])
}

/// Makes a silence from now on. Returns its id.
fn silence(server: &Harness, pattern: &str, length: &str) -> String {
    let body = json!({"matchers": matching(pattern), "for": length, "by": "ana", "why": "migration"});
    let made = server.post(&format!("{API}/silences/"), &[], body.to_string().as_bytes());
    assert_eq!(made.status, 201, "{made:?}");
    made.body["id"].as_str().unwrap().to_owned()
}

fn end(server: &Harness, id: &str) {
    assert_eq!(server.delete(&format!("{API}/silences/{id}/")).status, 204);
}

/// The messages: the time at which each was decided, its event, and the monitor.
fn messages(server: &Harness) -> Vec<String> {
    let incidents = server.api("/incidents/");
    let monitor = |id: &Value| {
        let found = incidents.as_array().unwrap().iter().find(|incident| incident["id"] == *id).unwrap();
        found["monitor"]["slug"].as_str().or(found["monitorSlug"].as_str()).unwrap_or("?").to_owned()
    };
    let alerts = server.alerts();
    let row = |alert: &Value| {
        let at = alert["dateCreated"].as_str().unwrap();
        format!("{} {} {}", &at[11..16], alert["event"].as_str().unwrap(), monitor(&alert["incident"]))
    };
    alerts.iter().map(row).collect()
}

/// A check-in of a job that is expected once a year: nothing is missed meanwhile.
fn yearly(slug: &str, letter: char, status: &str) -> Value {
    json!({"check_in_id": id(letter), "monitor_slug": slug, "status": status,
        "monitor_config": {"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}})
}

/// What happens in a timeline.
#[derive(Clone, Copy)]
enum Step {
    Fails,
    IsWell,
    /// A silence for the job begins, so long.
    Silence(&'static str),
    /// The silence that was made first ends early.
    End,
    Acknowledged,
    Muted,
    Disabled,
}

/// The messages of a timeline, up to 12:00.
fn told(timeline: &[(&str, Step)]) -> Vec<String> {
    let server = Harness::with("09:59:00", settings());
    let mut silences = Vec::new();
    for ((time, step), letter) in timeline.iter().zip('a'..) {
        let time = format!("{time}:00");
        server.advance(&time);
        let change = |body: Value| assert_eq!(server.put(&format!("{API}/monitors/job/"), &body).status, 200);
        match step {
            Step::Fails => drop(server.send_now(&yearly("job", letter, "error"))),
            Step::IsWell => drop(server.send_now(&yearly("job", letter, "ok"))),
            Step::Silence(length) => silences.push(silence(&server, "j*", length)),
            Step::End => end(&server, &silences[0]),
            Step::Acknowledged => {
                let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
                let path = format!("{API}/incidents/{incident}/acknowledgement/");
                assert_eq!(server.put(&path, &json!({"by": "Ada"})).status, 200);
            }
            Step::Muted => change(json!({"isMuted": true})),
            Step::Disabled => change(json!({"status": "disabled"})),
        }
    }
    server.advance("12:00:00");
    messages(&server).into_iter().map(|row| row.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

#[test]
fn each_incident_is_told_as_the_rules_say() {
    use Step::*;
    type Case<'a> = (&'a str, &'a [(&'a str, Step)], &'a [&'a str]);
    const CASES: &[Case<'_>] = &[
        (
            "without a silence every event is told at once",
            &[("10:00", Fails), ("10:05", IsWell)],
            &["10:00 opened", "10:05 resolved"],
        ),
        (
            "an incident that opens in a silence and is still open is told at its end, once",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("10:20", Fails)],
            &["11:00 opened"],
        ),
        (
            "an incident that opens and is resolved in a silence is never told",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("10:20", IsWell)],
            &[],
        ),
        (
            "an incident that people know and that is resolved in a silence is told at the end",
            &[("10:00", Fails), ("10:10", Silence("1h")), ("10:20", IsWell)],
            &["10:00 opened", "11:10 resolved"],
        ),
        (
            "an incident that people know and that goes on is no news at the end",
            &[("10:00", Fails), ("10:10", Silence("1h")), ("10:20", Fails)],
            &["10:00 opened"],
        ),
        (
            "an incident that people know, resolved and followed by another: both are told, in their order",
            &[("10:00", Fails), ("10:10", Silence("1h")), ("10:20", IsWell), ("10:30", Fails)],
            &["10:00 opened", "11:10 resolved", "11:10 opened"],
        ),
        (
            "after the end events are told at once again",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("11:10", Fails), ("11:20", IsWell)],
            &["11:00 opened", "11:10 failure", "11:20 resolved"],
        ),
        (
            "of two silences that overlap the last end counts",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("10:30", Silence("1h"))],
            &["11:30 opened"],
        ),
        (
            "of two silences the longer one counts, in whatever order they were made",
            &[("10:00", Silence("90m")), ("10:05", Silence("30m")), ("10:10", Fails)],
            &["11:30 opened"],
        ),
        (
            "a silence that a person ends is over in the next minute",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("10:30", End)],
            &["10:31 opened"],
        ),
        (
            "a silence that a person ends leaves the others as they are",
            &[("10:00", Silence("1h")), ("10:05", Silence("90m")), ("10:10", Fails), ("10:30", End)],
            &["11:35 opened"],
        ),
        (
            "an event after the early end and before the next minute is told at once, and only once",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("10:30", End), ("10:30", Fails)],
            &["10:30 opened"],
        ),
        (
            "an incident that somebody has in hand is not told at the end",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("10:20", Acknowledged)],
            &[],
        ),
        (
            "an environment that is muted meanwhile is not told at the end",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("10:20", Muted)],
            &[],
        ),
        (
            "an incident that people know gets its end, also when the environment is muted",
            &[("10:00", Fails), ("10:10", Silence("1h")), ("10:20", Muted), ("10:30", IsWell)],
            &["10:00 opened", "11:10 resolved"],
        ),
        (
            "a monitor that is disabled meanwhile is not told at the end",
            &[("10:00", Silence("1h")), ("10:10", Fails), ("10:20", Disabled)],
            &[],
        ),
        (
            "a silence that is made after an event does not take it back",
            &[("10:00", Fails), ("10:00", Silence("1h"))],
            &["10:00 opened"],
        ),
    ];
    for (name, timeline, expected) in CASES {
        assert_eq!(told(timeline), *expected, "{name}");
    }
}
