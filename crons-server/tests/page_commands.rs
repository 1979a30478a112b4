//! Commands by the forms of pages: mute, disable, delete, acknowledge, for one monitor and for many.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use harness::{API, Harness, id};
use serde_json::{Value, json};

/// An answer: its status, the page that it leads to, and its text.
#[derive(Debug)]
struct Answer {
    status: u16,
    location: String,
    body: String,
}

fn post(server: &Harness, path: &str, form: &[(&str, &str)]) -> Answer {
    let request = server.agent.post(server.url(path)).config().max_redirects(0).build();
    let mut answer = request.header("accept", "text/html").send_form(form.iter().copied()).unwrap();
    let location = answer.headers().get("location").map_or("", |value| value.to_str().unwrap()).to_owned();
    Answer { status: answer.status().as_u16(), location, body: answer.body_mut().read_to_string().unwrap() }
}

fn page(server: &Harness, path: &str) -> (u16, String) {
    let mut answer = server.agent.get(server.url(path)).header("accept", "text/html").call().unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}

fn run(slug: &str, environment: &str, id: &str, status: &str) -> Value {
    json!({
        "check_in_id": id, "monitor_slug": slug, "status": status, "environment": environment,
        "monitor_config": {"schedule": {"type": "crontab", "value": "0 * * * *"}},
    })
}

/// A server with the monitors `a`, `b` and `c`, each with `production` and `staging`.
fn three_monitors() -> Harness {
    let server = Harness::at("10:00:00");
    for (number, slug) in ["a", "b", "c"].into_iter().enumerate() {
        for (place, environment) in ["production", "staging"].into_iter().enumerate() {
            let id = format!("{:032x}", 1 + 2 * number + place);
            assert_eq!(server.send("10:00:00", &run(slug, environment, &id, "ok")).status, 200);
        }
    }
    server
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
        assert_eq!((answer.status, answer.location.as_str()), (303, "/monitors/a"), "{form:?}: {answer:?}");
        assert_eq!(state(&server, "a"), (status.to_owned(), muted), "{form:?}");
        assert_eq!(state(&server, "b"), ("active".to_owned(), vec![]));
    }
    let there = "/monitors/a?environment=staging";
    let answer = post(&server, "/monitors/a/change", &[("do", "mute"), ("return_to", there)]);
    assert_eq!((answer.status, answer.location.as_str()), (303, there));
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
    assert_eq!((answer.status, answer.location.as_str()), (303, "/monitors/a"));
    assert_eq!(server.monitor("a")["environments"].as_array().unwrap().len(), 1);
    let answer = post(&server, "/monitors/a/delete", &[]);
    assert_eq!((answer.status, answer.location.as_str()), (303, "/"));
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
    assert_eq!((answer.status, answer.location.as_str()), (303, "/?state=ok"));
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
    server.send("10:00:00", &run("job", "production", &id('1'), "error"));
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
    server.send("10:30:00", &run("job", "production", &id('2'), "ok"));
    let answer = post(&server, &path, &[("do", "acknowledge"), ("by", "me")]);
    assert!(answer.status == 409 && answer.body.contains("is over since 2024-06-03T10:30:00Z"), "{answer:?}");
}

/// The fields of the form that edits a monitor, as the page fills them in.
fn form(page: &str) -> Vec<(String, String)> {
    let attribute = |input: &str, name: &str| -> Option<String> {
        let value = input.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
        Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    };
    let form = page.split("action=\"/monitors/").find(|form| form.contains("/edit\"")).unwrap();
    let inputs = form.split("<input ").skip(1).map(|input| format!(" {}", input.split('>').next().unwrap()));
    inputs.filter_map(|input| Some((attribute(&input, "name")?, attribute(&input, "value")?))).collect()
}

fn with(mut form: Vec<(String, String)>, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    for (name, value) in changes {
        let field = form.iter_mut().find(|(field, _)| field == name).unwrap();
        (*value).clone_into(&mut field.1);
    }
    form
}

fn save(server: &Harness, form: &[(String, String)]) -> Answer {
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    post(server, "/monitors/a/edit", &form)
}

#[test]
fn a_form_that_is_saved_as_it_was_loaded_changes_nothing() {
    let server = three_monitors();
    let before = server.monitor("a");
    let answer = save(&server, &form(&page(&server, "/monitors/a/edit").1));
    assert_eq!((answer.status, answer.location.as_str()), (303, "/monitors/a"), "{answer:?}");
    assert_eq!(server.monitor("a"), before);
}

#[test]
fn every_field_of_a_monitor_is_edited() {
    let server = three_monitors();
    let loaded = form(&page(&server, "/monitors/a/edit").1);
    let changes = [
        ("name", "A <b>backup</b> & \"more\""),
        ("owner", "team:ops"),
        ("schedule", "2h"),
        ("timezone", "Europe/Vienna"),
        ("checkin_margin", "7"),
        ("max_runtime", " 45 "),
        ("failure_issue_threshold", "3"),
        ("recovery_threshold", "2"),
    ];
    assert_eq!(save(&server, &with(loaded, &changes)).status, 303);
    let monitor = server.monitor("a");
    assert_eq!(
        (&monitor["name"], &monitor["owner"]["id"]),
        (&json!("A <b>backup</b> & \"more\""), &json!("ops"))
    );
    let config = &monitor["config"];
    assert_eq!(
        (&config["schedule"], &config["timezone"], &config["checkin_margin"], &config["max_runtime"]),
        (&json!([2, "hour"]), &json!("Europe/Vienna"), &json!(7), &json!(45))
    );
    assert_eq!((&config["failure_issue_threshold"], &config["recovery_threshold"]), (&json!(3), &json!(2)));
    let (_, text) = page(&server, "/monitors/a");
    assert!(
        text.contains("A &lt;b&gt;backup&lt;/b&gt; &amp;") && text.contains("Last set by a person"),
        "{text}"
    );
    // Emptied fields have their defaults again.
    let empty = changes.map(|(name, _)| (name, if name == "schedule" { "0 3 * * *" } else { "" }));
    assert_eq!(save(&server, &with(form(&page(&server, "/monitors/a/edit").1), &empty)).status, 303);
    let monitor = server.monitor("a");
    assert_eq!((&monitor["name"], &monitor["owner"]), (&json!("a"), &Value::Null));
    assert_eq!(
        (&monitor["config"]["schedule"], &monitor["config"]["max_runtime"]),
        (&json!("0 3 * * *"), &Value::Null)
    );
}

#[test]
fn a_value_that_is_not_allowed_keeps_the_form_and_changes_nothing() {
    let server = three_monitors();
    let before = server.monitor("a");
    let loaded = form(&page(&server, "/monitors/a/edit").1);
    for (name, value, part) in [
        ("schedule", "0 0 3 * * *", "schedule"),
        ("schedule", "", "schedule"),
        ("timezone", "Europe/Wien", "timezone"),
        ("checkin_margin", "ten", "\"ten\" is no whole number"),
        ("max_runtime", "0", "max_runtime: 0 is not in 1"),
        ("owner", "ops", "owner"),
        ("name", &"x".repeat(129), "name"),
        ("revision", "none", "revision: \"none\" is none"),
    ] {
        let answer = save(&server, &with(loaded.clone(), &[(name, value), ("recovery_threshold", "5")]));
        let text = answer.body.replace("&quot;", "\"");
        assert!(answer.status == 400 && text.contains(part), "{name}: {text}");
        if name != "revision" {
            assert!(
                text.contains("role=\"alert\"") && text.contains(" name=\"recovery_threshold\" value=\"5\""),
                "{text}"
            );
        }
    }
    assert_eq!(server.monitor("a"), before);
    let answer = post(&server, "/monitors/a/edit", &[("schedule", "* * * * *")]);
    assert!(answer.status == 400 && answer.body.contains("revision"), "{answer:?}");
    assert_eq!(page(&server, "/monitors/z/edit").0, 404);
}

#[test]
fn the_later_of_two_tabs_is_told_what_the_earlier_one_changed() {
    let server = three_monitors();
    let (first, second) =
        (form(&page(&server, "/monitors/a/edit").1), form(&page(&server, "/monitors/a/edit").1));
    assert_eq!(save(&server, &with(first, &[("max_runtime", "20"), ("owner", "user:ada")])).status, 303);
    assert_eq!(
        post(&server, "/monitors/a/change", &[("do", "mute"), ("environment", "staging")]).status,
        303
    );
    let answer = save(&server, &with(second, &[("max_runtime", "45"), ("name", "Mine")]));
    assert_eq!(answer.status, 409, "{answer:?}");
    let text = answer.body.replace("<b>", "").replace("</b>", "");
    for part in [
        "Minutes that a run may take: it was nothing, and is now 20.",
        "Owner: it was nothing, and is now user:ada.",
        "Muted environments: it was none, and is now staging.",
        " name=\"max_runtime\" value=\"45\"",
        " name=\"name\" value=\"Mine\"",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("Schedule: it was"), "{text}");
    assert_eq!(server.monitor("a")["config"]["max_runtime"], json!(20));
    // A form that was refused for a value still is the one of the page that was loaded.
    let stale = form(&page(&server, "/monitors/a/edit").1);
    let refused = save(&server, &with(stale, &[("max_runtime", "ten")]));
    assert_eq!(
        (refused.status, post(&server, "/monitors/a/change", &[("do", "disable")]).status),
        (400, 303)
    );
    let refused = save(&server, &with(form(&refused.body), &[("recovery_threshold", "ten")]));
    let told =
        save(&server, &with(form(&refused.body), &[("max_runtime", "10"), ("recovery_threshold", "1")]));
    assert!(told.status == 409 && told.body.contains("Disabled: it was <b>no</b>"), "{told:?}");
    assert_eq!(post(&server, "/monitors/a/change", &[("do", "enable")]).status, 303);
    // The form of that answer saves, since it has seen the change.
    let again = save(&server, &form(&answer.body));
    assert_eq!(again.status, 303, "{again:?}");
    let monitor = server.monitor("a");
    assert_eq!((&monitor["config"]["max_runtime"], &monitor["name"]), (&json!(45), &json!("Mine")));
}
