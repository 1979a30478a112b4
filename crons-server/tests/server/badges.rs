//! Tests of badges: access by key and token, and the state that they show.

use crate::harness::{API, Harness, check_in, id};
use crons_server::Settings;
use serde_json::{Value, json};

const TOKEN: &str = "open-sesame-0123456789";

fn get(server: &Harness, path: &str, token: Option<&str>) -> (u16, String, String) {
    let mut request = server.agent.get(server.url(path));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut answer = request.call().unwrap();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (answer.status().as_u16(), kind.unwrap_or_default(), answer.body_mut().read_to_string().unwrap())
}

fn badge(server: &Harness, query: &str) -> Value {
    let (status, _, text) = get(server, &format!("/monitors/job/badge.json{query}"), None);
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_badge_shows_the_worst_environment_that_is_not_muted() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    let shown = badge(&server, "");
    for (key, expected) in [
        ("label", json!("job")),
        ("message", json!("Okay")),
        ("state", json!("ok")),
        ("schemaVersion", json!(1)),
    ] {
        assert_eq!(shown[key], expected, "{key}");
    }
    let mut failed = check_in(&id('b'), "error");
    failed["environment"] = json!("staging");
    server.send("10:00:10", &failed);
    assert_eq!(badge(&server, "")["state"], "failed");
    assert_eq!(badge(&server, "?environment=production")["state"], "ok");
    assert_eq!(badge(&server, "?environment=staging")["label"], "job (staging)");
    let put = |path: &str, body: Value| {
        assert_eq!(server.put(&format!("{API}/monitors/job/{path}"), &body).status, 200);
    };
    put("environments/staging/", json!({"isMuted": true}));
    assert_eq!(badge(&server, "")["state"], "ok");
    put("", json!({"isMuted": true}));
    assert_eq!(badge(&server, "")["state"], "muted");
    put("", json!({"status": "disabled", "name": "<script>alert(1)</script> & \"co\""}));
    assert_eq!(badge(&server, "")["state"], "disabled");
    let (status, kind, picture) = get(&server, "/monitors/job/badge.svg", None);
    assert_eq!((status, kind.as_str()), (200, "image/svg+xml; charset=utf-8"));
    assert!(picture.starts_with("<svg ") && picture.contains("Disabled"), "{picture}");
    assert!(!picture.contains("<script"), "{picture}");
    for (path, expected) in [
        ("/monitors/nothing/badge.svg", 404),
        ("/monitors/job/badge.json?environment=nowhere", 404),
        ("/monitors/job/badge.json?colour=red", 400),
        ("/monitors/%FF/badge.json", 400),
    ] {
        let (status, kind, text) = get(&server, path, None);
        assert_eq!((status, kind.as_str()), (expected, "application/json"), "{path}: {text}");
    }
}

#[test]
fn a_badge_is_opened_by_its_own_key_and_opens_nothing_else() {
    let settings = Settings { admin_token: Some(TOKEN.parse().unwrap()), ..Settings::default() };
    let mut server = Harness::with("10:00:00", settings);
    for slug in ["job", "other"] {
        let mut run = check_in(crate::harness::NIL, "ok");
        run["monitor_slug"] = json!(slug);
        server.send("10:00:05", &run);
    }
    let path = format!("{API}/monitors/job/badge/");
    assert_eq!(get(&server, &path, None).0, 401);
    let addresses: Value = serde_json::from_str(&get(&server, &path, Some(TOKEN)).2).unwrap();
    let address = addresses["svg"].as_str().unwrap().to_owned();
    let key = address.split_once("?key=").unwrap().1.to_owned();
    assert_eq!(get(&server, &address, None).0, 200);
    assert_eq!(get(&server, addresses["json"].as_str().unwrap(), None).0, 200);
    assert_eq!(get(&server, "/monitors/job/badge.svg", Some(TOKEN)).0, 200);
    for path in [
        "/monitors/job/badge.svg".to_owned(),
        "/monitors/job/badge.svg?key=".to_owned(),
        format!("/monitors/job/badge.svg?key={}", "0".repeat(32)),
        format!("/monitors/other/badge.svg?key={key}"),
        format!("/monitors/nothing/badge.svg?key={key}"),
        format!("/monitors/job?key={key}"),
        format!("{API}/monitors/job/?key={key}"),
        format!("/metrics?key={key}"),
    ] {
        assert_eq!(get(&server, &path, None).0, 401, "{path}");
    }
    server.start("10:01:00");
    assert_eq!(get(&server, &address, None).0, 200, "after a restart");
}
