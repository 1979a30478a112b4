//! Tests of commands by the forms of pages: mute, disable, delete, acknowledge, for one monitor and for many.

use crate::harness::browser::{self, ACCEPT, Page, get, three_monitors};
use crate::harness::{API, Harness, id};

fn post(server: &Harness, path: &str, form: &[(&str, &str)]) -> Page {
    browser::post(server, path, &[ACCEPT], form)
}

fn page(server: &Harness, path: &str) -> (u16, String) {
    let Page { status, body, .. } = get(server, path, &[ACCEPT]);
    (status, body)
}

/// The state of a monitor, and the names of its muted environments.
fn state(server: &Harness, slug: &str) -> (String, Vec<String>) {
    let monitor = server.monitor(slug);
    let environments = monitor["environments"].as_array().unwrap();
    let muted = environments.iter().filter(|environment| environment["isMuted"] == true);
    let mut muted: Vec<String> =
        muted.map(|environment| environment["name"].as_str().unwrap().to_owned()).collect();
    muted.sort();
    (monitor["status"].as_str().unwrap().to_owned(), muted)
}

#[test]
fn a_button_changes_the_monitor_and_leads_back_to_its_page() {
    let server = three_monitors();
    let both = vec!["production".to_owned(), "staging".to_owned()];
    for (form, status, muted) in [
        (vec![("do", "mute")], "active", both.clone()),
        (vec![("do", "unmute"), ("environment", "staging")], "active", both[..1].to_vec()),
        (vec![("do", "disable")], "disabled", both[..1].to_vec()),
        (vec![("do", "enable")], "active", both[..1].to_vec()),
        (vec![("do", "unmute")], "active", vec![]),
        (vec![("do", "mute"), ("environment", "production")], "active", both[..1].to_vec()),
    ] {
        let answer = post(&server, "/monitors/a/change", &form);
        assert_eq!(answer.redirect(), (303, "/monitors/a"), "{form:?}: {answer:?}");
        assert_eq!(state(&server, "a"), (status.to_owned(), muted), "{form:?}");
        assert_eq!(state(&server, "b"), ("active".to_owned(), vec![]));
    }
    let there = "/monitors/a?environment=staging";
    let answer = post(&server, "/monitors/a/change", &[("do", "mute"), ("return_to", there)]);
    assert_eq!(answer.redirect(), (303, there));
}

#[test]
fn a_command_that_cannot_be_carried_out_says_why_and_changes_nothing() {
    let server = three_monitors();
    for (path, form, status, part) in [
        (
            "/monitors/a/change",
            vec![("do", "explode")],
            400,
            "allowed are `mute`, `unmute`, `disable`, `enable`",
        ),
        ("/monitors/a/change", vec![], 400, "is no command"),
        (
            "/monitors/a/change",
            vec![("do", "disable"), ("environment", "staging")],
            400,
            "for a whole monitor",
        ),
        ("/monitors/a/change", vec![("do", "mute"), ("environment", "x")], 404, "has no environment"),
        ("/monitors/a/change", vec![("do", "mute"), ("enviroment", "staging")], 400, "`environment`"),
        ("/monitors/a/change", vec![("do", "mute"), ("return_to", "//evil.example")], 400, "return_to"),
        ("/monitors/z/change", vec![("do", "mute")], 404, "there is no monitor"),
        ("/monitors/a/delete", vec![("environment", "")], 400, "it is empty"),
        ("/monitors/a/delete", vec![("environment", "x")], 404, "has no environment"),
        ("/monitors/z/delete", vec![], 404, "there is no monitor"),
        ("/monitors", vec![("do", "mute")], 400, "no monitor is chosen"),
        ("/monitors", vec![("do", "explode"), ("slug", "a")], 400, "`enable`, `delete`"),
        ("/monitors", vec![("do", "mute"), ("slugs", "a")], 400, "no field of this form"),
        (
            "/monitors",
            vec![("do", "mute"), ("slug", "a"), ("return_to", "https://evil.example")],
            400,
            "return_to",
        ),
        ("/incidents/none/acknowledgement", vec![("do", "acknowledge"), ("by", "me")], 400, "is no UUID"),
        (
            "/incidents/0123456789abcdef0123456789abcdef/acknowledgement",
            vec![("do", "acknowledge"), ("by", "me")],
            404,
            "no such incident",
        ),
    ] {
        let answer = post(&server, path, &form);
        let text = answer.body.replace("&quot;", "\"");
        assert_eq!(answer.status, status, "{path} {form:?}: {text}");
        assert!(text.contains(part) && text.contains("<!DOCTYPE html>"), "{path} {form:?}: {text}");
    }
    let many: Vec<(String, String)> =
        (0..2_001).map(|number| ("slug".to_owned(), number.to_string())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, slug)| (name.as_str(), slug.as_str())).collect();
    let answer = post(&server, "/monitors", &[&[("do", "mute"), ("slug", "a")], many.as_slice()].concat());
    assert!(answer.status == 400 && answer.body.contains("2002 monitors are chosen"), "{answer:?}");
    for slug in ["a", "b", "c"] {
        assert_eq!(state(&server, slug), ("active".to_owned(), vec![]), "{slug}");
    }
}

#[test]
fn a_get_changes_nothing() {
    let server = three_monitors();
    for (path, status) in [
        ("/monitors/a/change?do=mute", 405),
        ("/monitors?do=delete&slug=a", 405),
        ("/monitors/a/delete", 200),
    ] {
        assert_eq!(page(&server, path).0, status, "{path}");
    }
    assert_eq!(state(&server, "a"), ("active".to_owned(), vec![]));
}

#[test]
fn deletion_is_asked_about_on_a_page_of_its_own() {
    let server = three_monitors();
    let (status, asked) = page(&server, "/monitors/a/delete?environment=staging");
    assert!(status == 200 && asked.contains("Delete environment staging of a?"), "{asked}");
    assert_eq!(page(&server, "/monitors/a/delete?environment=x").0, 404);
    assert_eq!(page(&server, "/monitors/z/delete").0, 404);
    let answer = post(&server, "/monitors/a/delete", &[("environment", "staging")]);
    assert_eq!(answer.redirect(), (303, "/monitors/a"));
    assert_eq!(server.monitor("a")["environments"].as_array().unwrap().len(), 1);
    let answer = post(&server, "/monitors/a/delete", &[]);
    assert_eq!(answer.redirect(), (303, "/"));
    assert_eq!(server.get(&format!("{API}/monitors/a/")).status, 404);
    assert_eq!(server.get(&format!("{API}/monitors/b/")).status, 200);
}

#[test]
fn many_monitors_are_changed_at_once_and_missing_ones_are_named() {
    let server = three_monitors();
    let both = || vec!["production".to_owned(), "staging".to_owned()];
    let answer = post(
        &server,
        "/monitors",
        &[("do", "mute"), ("slug", "a"), ("slug", "c"), ("slug", "a"), ("return_to", "/?state=ok")],
    );
    assert_eq!(answer.redirect(), (303, "/?state=ok"));
    for (slug, muted) in [("a", both()), ("b", vec![]), ("c", both())] {
        assert_eq!(state(&server, slug), ("active".to_owned(), muted), "{slug}");
    }
    let answer =
        post(&server, "/monitors", &[("do", "disable"), ("slug", "b"), ("slug", "<i>gone"), ("slug", "c")]);
    assert_eq!(answer.status, 404, "{answer:?}");
    assert!(
        answer.body.contains("Done for 2 of 3") && answer.body.contains("&lt;i&gt;gone"),
        "{}",
        answer.body
    );
    for (slug, status) in [("a", "active"), ("b", "disabled"), ("c", "disabled")] {
        assert_eq!(state(&server, slug).0, status, "{slug}");
    }
    let asked = post(&server, "/monitors", &[("do", "delete"), ("slug", "a"), ("slug", "b")]);
    assert!(asked.status == 200 && asked.body.contains("Delete 2 monitors?"), "{asked:?}");
    assert_eq!(server.get(&format!("{API}/monitors/a/")).status, 200);
    let form = [("do", "delete"), ("slug", "a"), ("slug", "b"), ("confirmed", "yes")];
    assert_eq!(post(&server, "/monitors", &form).status, 303);
    for (slug, status) in [("a", 404), ("b", 404), ("c", 200)] {
        assert_eq!(server.get(&format!("{API}/monitors/{slug}/")).status, status, "{slug}");
    }
}

#[test]
fn an_incident_is_acknowledged_and_the_acknowledgement_withdrawn_while_it_is_open() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &browser::run("job", "production", &id('1'), "error"));
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/incidents/{incident}/acknowledgement");
    for (by, status) in [("", 400), ("  ", 400), (&"x".repeat(201), 400), ("<b>Ada</b>", 303)] {
        let form = [("do", "acknowledge"), ("by", by), ("return_to", "/monitors/job")];
        assert_eq!(post(&server, &path, &form).status, status, "{by}");
    }
    let (_, text) = page(&server, "/monitors/job");
    assert!(text.contains("by &lt;b&gt;Ada&lt;/b&gt;") && text.contains("value=\"withdraw\""), "{text}");
    assert_eq!(post(&server, &path, &[("do", "withdraw")]).status, 303);
    assert!(page(&server, "/monitors/job").1.contains("value=\"acknowledge\""));
    server.send("10:30:00", &browser::run("job", "production", &id('2'), "ok"));
    let answer = post(&server, &path, &[("do", "acknowledge"), ("by", "me")]);
    assert!(answer.status == 409 && answer.body.contains("is over since 2024-06-03T10:30:00Z"), "{answer:?}");
}
