//! Silences, and the messages that they keep back.

use serde_json::{Value, json};

use super::{API, Written, in_pages, instant, on_every_backend, time};
use crate::Settings;

/// A target at an address where nothing listens.
fn settings() -> Settings {
    let alerts = json!({"webhook": {"ops": {"url": "http://127.0.0.1:1/"}},
        "alert": [{"on": ["opened", "failure", "resolved"], "to": ["ops"]}]});
    Settings { alerts: serde_json::from_value(alerts).unwrap(), ..Settings::default() }
}

/// Makes a silence for monitors of a pattern. Returns its id.
fn silence(written: &Written, pattern: &str, length: &str) -> String {
    let matchers = json!([{"key": "monitor.slug", "match": "glob", "value": pattern}]);
    let body = json!({"matchers": matchers, "for": length, "by": "ana", "why": pattern}).to_string();
    let mut answer = written.agent.post(written.url(&format!("{API}/silences/"))).send(body).unwrap();
    assert_eq!(answer.status(), 201);
    let made: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn silences_come_last_made_first_and_those_that_ended_before_are_left_out() {
    on_every_backend(&Settings::default(), |written| {
        silence(written, "a*", "1h");
        let early = silence(written, "b*", "3h");
        silence(written, "c*", "2h");
        written.advance("10:30:00");
        let ended = written.agent.delete(written.url(&format!("{API}/silences/{early}/"))).call().unwrap();
        assert_eq!(ended.status(), 204);
        let listed = |since: &str| -> Vec<(String, String)> {
            let since = instant(since);
            let found = in_pages(|page| {
                let page = written.queries.silences(since, page).unwrap();
                (page.items, page.more)
            });
            found.into_iter().map(|silence| (silence.why.clone(), time(silence.end()))).collect()
        };
        let row = |why: &str, end: &str| (why.to_owned(), end.to_owned());
        let all = [row("c*", "12:00:00"), row("b*", "10:30:00"), row("a*", "11:00:00")];
        assert_eq!(listed("09:00:00"), all);
        assert_eq!(listed("10:30:00"), [all[0].clone(), all[2].clone()]);
        assert_eq!(listed("11:00:00"), [all[0].clone()]);
        assert_eq!(listed("12:00:00"), []);
    });
}

#[test]
fn a_message_that_is_kept_back_is_sent_at_the_end_of_the_silence() {
    on_every_backend(&settings(), |written| {
        let events = || -> Vec<(String, String)> {
            let alerts = written.queries.alerts(100).unwrap();
            alerts.iter().rev().map(|alert| (time(alert.created), alert.event.clone())).collect()
        };
        written.send("told", "a", 1, "error");
        silence(written, "*", "1h");
        written.send("told", "a", 2, "ok");
        written.send("new", "a", 3, "error");
        written.send("new", "a", 4, "error");
        let before = events();
        assert_eq!(before.len(), 1, "{before:?}");
        written.advance("10:59:00");
        assert_eq!(events(), before);
        written.advance("11:00:00");
        let row = |event: &str| ("11:00:00".to_owned(), event.to_owned());
        assert_eq!(events()[1..], [row("resolved"), row("opened")]);
    });
}
