//! Silences and maintenance windows on a server: each message is sent as the rules say, and none earlier.

use crate::harness::*;
use crons_server::Settings;
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

/// A step of a timeline.
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

#[test]
fn a_silence_survives_restarts_crashes_and_upserts_and_its_end_is_made_up_for() {
    let mut server = Harness::with("10:00:00", settings());
    let id = silence(&server, "job", "1h");
    server.send("10:10:00", &yearly("job", 'a', "error"));
    server.kill();
    server.start("10:20:00");
    // The job brings its configuration along, and with it another owner.
    let mut failed = yearly("job", 'b', "error");
    failed["monitor_config"]["owner"] = json!("team:ops");
    server.send("10:30:00", &failed);
    assert_eq!(server.api("/silences/")[0]["status"], "active");
    assert_eq!(messages(&server), [""; 0]);
    // The server is stopped when the silence ends.
    server.stop();
    server.start("12:00:00");
    server.advance("12:01:00");
    assert_eq!(messages(&server), ["12:00 opened job"]);
    let ended = &server.api("/silences/")[0];
    assert_eq!((&ended["id"], &ended["status"]), (&json!(id), &json!("ended")));
}

#[test]
fn a_silence_is_for_the_monitors_environments_and_owners_that_it_matches() {
    let failing = |slug: &str, environment: &str, owner: Option<&str>, letter: char| {
        let mut check_in = yearly(slug, letter, "error");
        check_in["environment"] = json!(environment);
        if let Some(owner) = owner {
            check_in["monitor_config"]["owner"] = json!(owner);
        }
        check_in
    };
    let filter =
        |key: &str, operator: &str, value: &str| json!({"key": key, "match": operator, "value": value});
    for (matchers, told) in [
        (json!([filter("monitor.slug", "glob", "db-*")]), &["web"][..]),
        (json!([filter("environment", "equals", "production")]), &["web"]),
        (json!([filter("owner", "starts with", "team:o")]), &["web", "db-two"]),
        (json!([filter("monitor.slug", "glob", "*"), filter("environment", "ne", "dev")]), &["web"]),
        (json!([filter("owner", "ns", "")]), &["db-one"]),
        (json!([filter("monitor.slug", "glob", "*")]), &[]),
    ] {
        let server = Harness::with("10:00:00", settings());
        let body = json!({"matchers": matchers, "for": "1h", "by": "ana", "why": "move"});
        let made = server.post(&format!("{API}/silences/"), &[], body.to_string().as_bytes());
        assert_eq!(made.status, 201, "{made:?}");
        server.send("10:01:00", &failing("web", "dev", None, 'a'));
        server.send("10:02:00", &failing("db-one", "production", Some("team:ops"), 'b'));
        server.send("10:03:00", &failing("db-two", "production", None, 'c'));
        let messages = messages(&server);
        let told_now: Vec<_> = messages.iter().map(|row| row.rsplit_once(' ').unwrap().1).collect();
        assert_eq!(told_now, *told, "{matchers}");
    }
}

#[test]
fn a_maintenance_window_keeps_back_the_messages_of_its_time_by_the_clock_of_its_zone() {
    let windows = json!([{
        "schedule": "0 12 * * *", "timezone": "Europe/Vienna", "length": "1h", "why": "updates", "matchers": matching("j*"),
    }]);
    let maintenance = serde_json::from_value(windows).unwrap();
    // Noon in Vienna is 10:00 UTC.
    let mut server = Harness::with("09:50:00", Settings { maintenance, ..settings() });
    server.send("09:55:00", &yearly("jade", 'a', "error"));
    server.send("10:00:00", &yearly("jade", 'b', "ok"));
    server.send("10:30:00", &yearly("job", 'c', "error"));
    server.send("10:30:30", &yearly("other", 'd', "error"));
    server.kill();
    server.start("10:40:00");
    server.advance("10:59:00");
    assert_eq!(messages(&server), ["09:55 opened jade", "10:30 opened other"]);
    server.advance("11:00:00");
    assert_eq!(messages(&server)[2..], ["11:00 resolved jade", "11:00 opened job"]);
    server.send("11:00:00", &yearly("jade", 'e', "error"));
    assert_eq!(messages(&server)[4..], ["11:00 opened jade"]);
}

#[test]
fn a_window_that_is_no_longer_configured_keeps_nothing_back_after_the_restart() {
    let windows =
        json!([{"schedule": "0 10 * * *", "length": "1h", "why": "updates", "matchers": matching("*")}]);
    let maintenance = serde_json::from_value(windows).unwrap();
    let server = Harness::with("10:00:00", Settings { maintenance, ..settings() });
    server.send("10:10:00", &yearly("job", 'a', "error"));
    assert_eq!(messages(&server), [""; 0]);
    let folder = server.into_folder();
    let server = Harness::on(folder, "10:20:00", settings());
    server.advance("10:21:00");
    assert_eq!(messages(&server), ["10:20 opened job"]);
}

#[test]
fn an_explanation_says_which_silence_kept_the_message_back() {
    let server = Harness::with("10:00:00", settings());
    silence(&server, "job", "1h");
    server.send("10:10:00", &yearly("job", 'a', "error"));
    let text = |id: &str| server.api(&format!("/explanations/{id}/"))["text"].as_str().unwrap().to_owned();
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    let of_run = text(&id('a'));
    let part =
        "the message about it was kept back by a silence until 2024-06-03 11:00:00 UTC, by ana: migration";
    assert!(of_run.contains(part), "{of_run}");
    let of_incident = text(&incident);
    let part = "a silence by ana until 2024-06-03 11:00:00 UTC (migration) kept back the message that it was opened, which waits for its end";
    assert!(of_incident.contains(part), "{of_incident}");
    let is_muted = |id: &str| server.api(&format!("/explanations/{id}/"))["consequence"]["muted"].clone();
    assert_eq!([is_muted(&incident), is_muted(&id('a'))], [false, false], "silenced, not muted");
    server.advance("11:00:00");
    server.send("11:10:00", &yearly("job", 'b', "ok"));
    let part = "kept back the message that it was opened, which was sent at its end or after it";
    assert!(text(&incident).contains(part), "{}", text(&incident));
    assert!(
        text(&incident).contains("the rules for messages were first asked about the incident"),
        "{}",
        text(&incident)
    );
    assert_eq!(is_muted(&incident), false);
    // An incident that began and ended unheard was not muted either.
    silence(&server, "job", "1h");
    server.send("11:20:00", &yearly("job", 'c', "error"));
    server.send("11:30:00", &yearly("job", 'd', "ok"));
    server.advance("13:00:00");
    let unheard = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    assert_ne!(unheard, incident);
    assert_eq!(is_muted(&unheard), false);
    assert_eq!(server.put(&format!("{API}/monitors/job/"), &json!({"isMuted": true})).status, 200);
    server.send("13:10:00", &yearly("job", 'e', "error"));
    let muted = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(is_muted(&muted), true);
}

#[test]
fn a_silence_that_cannot_be_is_refused_with_the_reason() {
    let server = Harness::with("10:00:00", settings());
    let good = json!({"matchers": matching("job"), "for": "1h", "by": "ana", "why": "move"});
    let changed = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        if key == "ends_at" {
            body.as_object_mut().unwrap().remove("for");
        }
        body
    };
    let mut endless = good.clone();
    endless.as_object_mut().unwrap().remove("for");
    for (body, reason) in [
        (endless, "a silence always ends: write `for`"),
        (changed("matchers", json!([])), "matchers: there are 0, and must be 1 to 20"),
        (changed("matchers", json!([{"key": "slug", "match": "eq", "value": "a"}])), "no tag \"slug\""),
        (
            changed("matchers", matching(&"j".repeat(16_385))),
            "matchers: the values have 16385 bytes together and may have 16384",
        ),
        (
            changed("matchers", json!([matching(&"j".repeat(8_192))[0], matching(&"j".repeat(8_193))[0]])),
            "matchers: the values have 16385 bytes together and may have 16384; write patterns",
        ),
        (
            changed("matchers", json!(vec![matching("j")[0].clone(); 21])),
            "matchers: there are 21, and must be 1 to 20",
        ),
        (changed("for", json!("soon")), "for: "),
        (changed("for", json!("400d")), "for: the end, 2025-07-08T10:00:00Z, is more than a year ahead"),
        (
            changed("ends_at", json!("2024-06-03T09:00:00Z")),
            "ends_at: the end, 2024-06-03T09:00:00Z, has passed; write one after 2024-06-03T10:00:00Z",
        ),
        (changed("ends_at", json!("noon")), "ends_at: \"noon\" is not an instant"),
        (
            changed("starts_at", json!("2024-06-03T09:58:59Z")),
            "starts_at: the start, 2024-06-03T09:58:59Z, is past, as it is 2024-06-03T10:00:00Z; leave it out",
        ),
        (
            changed("starts_at", json!("2022-06-03T08:00:00Z")),
            "starts_at: the start, 2022-06-03T08:00:00Z, is past",
        ),
        (
            json!({"matchers": matching("job"), "starts_at": "2024-06-03T12:00:00Z",
                "ends_at": "2024-06-03T11:00:00Z", "by": "ana", "why": "move"}),
            "ends_at: the end, 2024-06-03T11:00:00Z, is not after the start, 2024-06-03T12:00:00Z",
        ),
        (changed("by", json!(" ")), "by: \" \" is not 1 to 200 characters; write a name"),
        (changed("why", json!("")), "why: \"\" is not 1 to 500 characters; write the reason"),
        (changed("by", json!("ana\nERROR x")), "by: \"ana\\nERROR x\" has a control character"),
        (
            changed("why", json!("a\u{1b}[31m")),
            "has a control character, such as a line break; write it on one line",
        ),
        (changed("reason", json!("x")), "reason"),
    ] {
        let refused = server.post(&format!("{API}/silences/"), &[], body.to_string().as_bytes());
        assert_eq!(refused.status, 400, "{body}: {refused:?}");
        assert!(refused.body["detail"].as_str().unwrap().contains(reason), "{body}: {refused:?}");
    }
    assert_eq!(server.api("/silences/"), json!([]));

    let id = silence(&server, "job", "1h");
    end(&server, &id);
    let twice = server.delete(&format!("{API}/silences/{id}/"));
    assert_eq!(twice.status, 409, "{twice:?}");
    assert!(
        twice.body["detail"].as_str().unwrap().contains("is over since 2024-06-03T10:00:00Z"),
        "{twice:?}"
    );
    let unknown = server.delete(&format!("{API}/silences/{}/", id.replace(&id[..8], "00000000")));
    assert_eq!(unknown.status, 404, "{unknown:?}");
}

#[test]
fn there_are_at_most_500_silences_that_have_not_ended() {
    let server = Harness::with("10:00:00", settings());
    let ended = silence(&server, "old", "1h");
    end(&server, &ended);
    let longest = json!({"matchers": vec![matching(&"j".repeat(819))[0].clone(); 20], "for": "1h", "by": "ana", "why": "move"});
    let post = || server.post(&format!("{API}/silences/"), &[], longest.to_string().as_bytes());
    let made = post();
    assert_eq!(made.status, 201, "{made:?}");
    server.file().execute(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 499)
         INSERT INTO silences (guid, matchers, starts_at, ends_at, author, why, created_at)
         SELECT randomblob(16), matchers, starts_at, ends_at, author, why, created_at FROM silences, n
         WHERE ended_at IS NULL",
    );
    assert_eq!(post().status, 201, "the 500th");
    let refused = post();
    assert_eq!(refused.status, 409, "{refused:?}");
    let detail = refused.body["detail"].as_str().unwrap();
    let expected = "500 silences are active or still to come, and there may be no more; end one with `crons silence end` or DELETE /silences/{id}/";
    assert!(detail.starts_with(expected), "{detail}");
    end(&server, made.body["id"].as_str().unwrap());
    assert_eq!(post().status, 201, "those that have ended do not count");
    assert_eq!(post().status, 409);
    // Their planned end has passed.
    server.advance("11:00:00");
    assert_eq!(post().status, 201);
}

#[test]
fn the_end_of_a_run_that_waited_for_its_monitor_is_silenced_too() {
    let server = Harness::with("10:00:00", settings());
    silence(&server, "job", "1h");
    let mut failed = yearly("job", 'a', "error");
    failed.as_object_mut().unwrap().remove("monitor_config");
    server.send("10:00:10", &failed);
    server.send("10:00:20", &yearly("job", 'b', "in_progress"));
    assert_eq!(server.api("/incidents/").as_array().unwrap().len(), 1);
    assert_eq!(messages(&server), [""; 0]);
    server.advance("11:00:00");
    assert_eq!(messages(&server), ["11:00 opened job"]);
}

#[test]
fn a_silence_of_the_future_begins_when_it_says_and_the_list_has_pages() {
    let server = Harness::with("10:00:00", settings());
    let body = json!({"matchers": matching("job"), "starts_at": "2024-06-03T10:30:00Z", "for": "30m", "by": "ana",
        "why": "move"});
    let made = server.post(&format!("{API}/silences/"), &[], body.to_string().as_bytes());
    assert_eq!((made.status, &made.body["status"]), (201, &json!("pending")), "{made:?}");
    assert_eq!(made.body["ends_at"], "2024-06-03T11:00:00Z");
    // A start that has just passed, by the clock of the person, is now.
    let mut just_passed = body.clone();
    just_passed["matchers"] = matching("late");
    just_passed["starts_at"] = json!("2024-06-03T09:59:00Z");
    let made_now = server.post(&format!("{API}/silences/"), &[], just_passed.to_string().as_bytes());
    assert_eq!((made_now.status, &made_now.body["status"]), (201, &json!("active")), "{made_now:?}");
    let period = ["starts_at", "ends_at"].map(|key| made_now.body[key].as_str().unwrap().to_owned());
    assert_eq!(period, ["2024-06-03T10:00:00Z", "2024-06-03T10:30:00Z"]);
    server.send("10:10:00", &yearly("job", 'a', "error"));
    server.send("10:40:00", &yearly("job", 'b', "ok"));
    server.advance("11:00:00");
    assert_eq!(messages(&server), ["10:10 opened job", "11:00 resolved job"]);
    silence(&server, "other", "1h");
    let slugs = |path: &str| -> Vec<String> {
        let found = server.api(path);
        let rows = found.as_array().unwrap().iter();
        rows.map(|row| row["matchers"][0]["value"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(slugs("/silences/"), ["other", "late", "job"]);
    assert_eq!(slugs("/silences/?per_page=1"), ["other"]);
    assert_eq!(slugs("/silences/?per_page=1&cursor=1:1:0"), ["late"]);
    assert_eq!(slugs("/silences/?since=2024-06-03T11:00:00Z"), ["other"]);
}
