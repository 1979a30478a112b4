//! Silences on pages: notes, forms without a script, and bars of timelines.

use crate::harness::*;
use crons_server::Settings;
use serde_json::json;

fn page(server: &Harness, path: &str) -> String {
    server.agent.get(server.url(path)).call().unwrap().body_mut().read_to_string().unwrap()
}

/// The text of a page without its tags.
fn text(html: &str) -> String {
    let parts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sends a form. Returns the status, and the page that it leads to or the reason why it was refused.
fn submit(server: &Harness, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    let answer = browser::post(server, path, &[], fields);
    let location = answer.header("location").to_owned();
    (answer.status, if location.is_empty() { answer.body } else { location })
}

fn server() -> Harness {
    let windows = json!([{"schedule": "0 8 * * *", "length": "1h", "why": "updates",
        "matchers": [{"key": "monitor.slug", "match": "glob", "value": "jo*"}]}]);
    let maintenance = serde_json::from_value(windows).unwrap();
    let server = Harness::with("10:00:00", Settings { maintenance, ..Settings::default() });
    server.send_now(&check_in(&id('a'), "ok"));
    let mut other = check_in(&id('b'), "ok");
    other["monitor_slug"] = json!("other");
    server.send_now(&other);
    server
}

#[test]
fn the_form_of_a_monitor_silences_it_and_its_pages_say_until_when_by_whom_and_why() {
    let server = server();
    let back = ("return_to", "/monitors/job");
    let (status, location) = submit(
        &server,
        "/silences",
        &[("slug", "job"), ("for", "4h"), ("by", "Ana <b>"), ("why", "migration"), back],
    );
    assert_eq!((status, location.as_str()), (303, "/monitors/job"));
    let note = "silenced until 14:00 by Ana &lt;b&gt;: migration";
    let shown = page(&server, "/monitors/job");
    assert!(shown.contains(note) && shown.contains("End now"), "{}", text(&shown));
    let list = page(&server, "/");
    assert_eq!(list.matches(note).count(), 1, "of the two monitors one is silenced");
    assert!(!page(&server, "/monitors/other").contains("End now"));

    server.advance("11:00:00");
    let list = text(&page(&server, "/"));
    assert!(list.contains("silenced from 10:00 to 14:00 by Ana &lt;b&gt;: migration"), "{list}");
    assert!(list.contains("silenced from 08:00 to 09:00 by maintenance: updates"), "{list}");
    let drawing = page(&server, "/");
    assert_eq!(
        drawing.matches("class=\"silence\" d=").count(),
        2,
        "a sample of the legend, and one timeline"
    );

    let silence = server.api("/silences/")[0]["id"].as_str().unwrap().to_owned();
    assert!(shown.contains(&format!("action=\"/silences/{silence}/end\"")), "{shown}");
    let (status, location) = submit(&server, &format!("/silences/{silence}/end"), &[back]);
    assert_eq!((status, location.as_str()), (303, "/monitors/job"));
    assert!(!page(&server, "/monitors/job").contains("silenced until"));
    assert_eq!(server.api("/silences/")[0]["status"], "ended");
    let list = text(&page(&server, "/"));
    assert!(list.contains("silenced from 10:00 to 11:00 by Ana"), "{list}");
    let (status, refused) = submit(&server, &format!("/silences/{silence}/end"), &[back]);
    assert!(status == 409 && refused.contains("there is nothing to end"), "{refused}");
}

#[test]
fn the_checked_monitors_of_the_list_are_silenced_at_once() {
    let server = server();
    let fields =
        [("slug", "job"), ("slug", "other"), ("for", "1h"), ("until", ""), ("by", "ana"), ("why", "move")];
    assert_eq!(submit(&server, "/silences", &fields), (303, "/".to_owned()));
    assert_eq!(page(&server, "/").matches("silenced until 11:00 by ana: move").count(), 2);
    // The other buttons of that form send its fields along.
    let fields = [
        ("slug", "job"),
        ("do", "mute"),
        ("for", "1h"),
        ("until", ""),
        ("zone", "UTC"),
        ("by", ""),
        ("why", ""),
    ];
    assert_eq!(submit(&server, "/monitors", &fields), (303, "/".to_owned()));
    assert_eq!(server.monitor("job")["isMuted"], true);
    assert_eq!(server.api("/silences/").as_array().unwrap().len(), 1);
}

#[test]
fn an_end_is_a_time_by_the_clock_of_the_monitors_zone() {
    let server = server();
    let fields = |until: &'static str, zone: &'static str| {
        [("slug", "job"), ("for", "until"), ("until", until), ("zone", zone), ("by", "ana"), ("why", "move")]
    };
    assert_eq!(submit(&server, "/silences", &fields("2024-06-03T14:30", "Europe/Vienna")).0, 303);
    assert_eq!(server.api("/silences/")[0]["ends_at"], "2024-06-03T12:30:00Z");
    for (until, zone, reason) in [
        ("", "UTC", "until: \"\" is no date and time"),
        (
            "2024-06-03T12:00",
            "Europe/Vienna",
            "until: \"2024-06-03T12:00\" has passed by the clock of Europe/Vienna, where it is 2024-06-03T12:00",
        ),
        (
            "2025-06-05T12:01",
            "Europe/Vienna",
            "until: \"2025-06-05T12:01\", by the clock of Europe/Vienna, is more than a year ahead",
        ),
        ("2024-06-03T14:30", "Vienna", "zone: "),
    ] {
        let (status, refused) = submit(&server, "/silences", &fields(until, zone));
        assert!(status == 400 && refused.replace("\\\"", "\"").contains(reason), "{refused}");
    }
    let (status, refused) = submit(&server, "/silences", &[("for", "1h"), ("by", "a"), ("why", "b")]);
    assert!(status == 400 && refused.contains("no monitor is chosen"), "{refused}");
    let fields = [("slug", "gone"), ("for", "1h"), ("by", "a"), ("why", "b")];
    let (status, refused) = submit(&server, "/silences", &fields);
    assert!(status == 404 && refused.contains("there is no monitor"), "{refused}");
}

#[test]
fn a_silence_of_a_page_outlasts_a_rename_and_names_the_monitor() {
    let server = server();
    let fields =
        [("slug", "job"), ("slug", "other"), ("slug", "gone"), ("for", "1h"), ("by", "ana"), ("why", "move")];
    assert_eq!(submit(&server, "/silences", &fields).0, 303);
    let renamed = server.put(&format!("{API}/monitors/job/"), &json!({"slug": "renamed", "name": "New job"}));
    assert_eq!(renamed.status, 200, "{renamed:?}");
    let shown = text(&page(&server, "/monitors/renamed"));
    assert!(shown.contains("silenced until 11:00 by ana: move"), "{shown}");
    assert!(shown.contains("monitor &quot;New job&quot; and 1 other"), "{shown}");
    let one = [("slug", "renamed"), ("for", "1h"), ("by", "bea"), ("why", "move")];
    assert_eq!(submit(&server, "/silences", &one).0, 303);
    let shown = text(&page(&server, "/monitors/renamed"));
    assert!(shown.contains("monitor &quot;New job&quot;bea"), "{shown}");
}

#[test]
fn one_environment_is_silenced_alone_and_named() {
    let server = server();
    let mut staging = check_in(&id('c'), "ok");
    staging["environment"] = json!("staging");
    server.send_now(&staging);
    let fields = [("slug", "job"), ("environment", "staging"), ("for", "1h"), ("by", "ana"), ("why", "move")];
    assert_eq!(submit(&server, "/silences", &fields).0, 303);
    let shown = text(&page(&server, "/monitors/job"));
    assert!(shown.contains("staging is silenced until 11:00 by ana: move"), "{shown}");
    assert!(!shown.contains("production is silenced"), "{shown}");
}
