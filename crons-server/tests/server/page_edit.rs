//! Tests of the form that edits a monitor.

use crate::harness::Harness;
use crate::harness::browser::{self, ACCEPT, Page, get, three_monitors};
use serde_json::{Value, json};

fn post(server: &Harness, path: &str, form: &[(&str, &str)]) -> Page {
    browser::post(server, path, &[ACCEPT], form)
}

fn page(server: &Harness, path: &str) -> (u16, String) {
    let Page { status, body, .. } = get(server, path, &[ACCEPT]);
    (status, body)
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

fn save(server: &Harness, form: &[(String, String)]) -> Page {
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    post(server, "/monitors/a/edit", &form)
}

#[test]
fn a_form_that_is_saved_as_it_was_loaded_changes_nothing() {
    let server = three_monitors();
    let before = server.monitor("a");
    let answer = save(&server, &form(&page(&server, "/monitors/a/edit").1));
    assert_eq!(answer.redirect(), (303, "/monitors/a"), "{answer:?}");
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
    // A field that is emptied has its default again.
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
