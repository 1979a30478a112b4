//! API tokens: scopes, revocation, storage, refusals.

use crate::harness::*;
use crons_server::Settings;
use serde_json::{Value, json};

const ADMIN: &str = "open-sesame-0123456789";

fn server() -> Harness {
    let settings = Settings { admin_token: Some(ADMIN.parse().unwrap()), ..Settings::default() };
    let server = Harness::with("10:00", settings);
    server.send("10:00", &check_in(&id('a'), "ok"));
    server
}

/// Sends a request with this token. Returns the status and the body.
fn ask(server: &Harness, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(server.url(path))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        // A refusal does not wait for the body, and ends the connection.
        .header("connection", "close")
        .body(if body.is_null() { String::new() } else { body.to_string() })
        .unwrap();
    let mut answer = server.agent.run(request).unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Makes a token. Returns its id and the token itself.
fn create(server: &Harness, name: &str, scope: &str) -> (String, String) {
    let wanted = json!({"name": name, "scope": scope});
    let (status, made) = ask(server, "POST", &format!("{API}/tokens/"), ADMIN, &wanted);
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["name"], &made["scope"]), (&json!(name), &json!(scope)));
    (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

#[test]
fn a_token_opens_what_its_scope_says() {
    let server = server();
    let (_, read) = create(&server, "dashboard", "read");
    let (_, write) = create(&server, "deploy", "write");
    let muted = json!({"isMuted": true});
    let matchers = json!([{"key": "monitor.slug", "match": "glob", "value": "job"}]);
    let silence = json!({"matchers": matchers, "for": "2h", "by": "ana", "why": "migration"});
    for (method, path, body, by_read, by_write) in [
        ("GET", format!("{API}/monitors/"), Value::Null, 200, 200),
        ("GET", format!("{API}/monitors/job/checkins/"), Value::Null, 200, 200),
        ("GET", "/api/0/".to_owned(), Value::Null, 200, 200),
        ("GET", "/metrics".to_owned(), Value::Null, 200, 200),
        ("PUT", format!("{API}/monitors/job/"), muted, 403, 200),
        ("POST", format!("{API}/silences/"), silence, 403, 201),
        ("DELETE", format!("{API}/monitors/job/"), Value::Null, 403, 202),
        ("GET", format!("{API}/tokens/"), Value::Null, 403, 403),
        ("POST", format!("{API}/tokens/"), json!({"name": "more", "scope": "write"}), 403, 403),
        ("GET", "/".to_owned(), Value::Null, 403, 403),
    ] {
        assert_eq!(ask(&server, method, &path, &read, &body).0, by_read, "{method} {path} by read");
        assert_eq!(ask(&server, method, &path, &write, &body).0, by_write, "{method} {path} by write");
    }
}

#[test]
fn the_index_names_the_scopes_of_the_token() {
    let server = server();
    let (_, read) = create(&server, "dashboard", "read");
    let (_, write) = create(&server, "deploy", "write");
    let reads = json!(["org:read", "project:read", "alerts:read"]);
    let all = json!(["org:read", "project:read", "project:write", "alerts:read", "alerts:write"]);
    for (token, name, scopes) in
        [(read.as_str(), "api-token", reads), (&write, "api-token", all.clone()), (ADMIN, "admin", all)]
    {
        let (status, index) = ask(&server, "GET", "/api/0/", token, &Value::Null);
        assert_eq!((status, &index["auth"]["scopes"], &index["user"]["name"]), (200, &scopes, &json!(name)));
    }
}

#[test]
fn a_revoked_token_opens_nothing_from_the_answer_on() {
    let mut server = server();
    let (id, token) = create(&server, "dashboard", "write");
    let (other, kept) = create(&server, "deploy", "read");
    let monitors = format!("{API}/monitors/");
    assert_eq!(ask(&server, "GET", &monitors, &token, &Value::Null).0, 200);
    let (status, _) = ask(&server, "DELETE", &format!("{API}/tokens/{id}/"), ADMIN, &Value::Null);
    assert_eq!(status, 204);
    let (status, refused) = ask(&server, "GET", &monitors, &token, &Value::Null);
    assert_eq!(status, 401);
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .starts_with("this is neither the admin token nor a valid API token")
    );
    let (status, _) = ask(&server, "DELETE", &format!("{API}/tokens/{id}/"), ADMIN, &Value::Null);
    assert_eq!(status, 404);
    // The others outlive a restart.
    server.stop();
    server.start("10:05");
    assert_eq!(ask(&server, "GET", &monitors, &kept, &Value::Null).0, 200);
    let (_, listed) = ask(&server, "GET", &format!("{API}/tokens/"), ADMIN, &Value::Null);
    assert_eq!(
        listed,
        json!([{"dateCreated": api("10:00"), "id": other, "name": "deploy", "scope": "read"}])
    );
}

#[test]
fn the_token_is_shown_once_and_stored_nowhere() {
    let mut server = server();
    let (_, token) = create(&server, "dashboard", "read");
    assert!(token.starts_with("crons_") && token.len() == 49, "{token}");
    server.stop();
    let stored = std::fs::read(server.database()).unwrap();
    let wal = std::fs::read(server.database().with_extension("db-wal")).unwrap_or_default();
    for secret in [&token, &token["crons_".len()..]] {
        let has = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!has(&stored) && !has(&wal));
    }
}

#[test]
fn a_token_in_a_path_is_not_repeated() {
    let server = server();
    let (_, token) = create(&server, "dashboard", "read");
    for (method, path) in [
        ("DELETE", format!("{API}/tokens/{token}/")),
        ("GET", format!("{API}/monitors/{token}/")),
        ("GET", format!("{API}/explanations/{token}/")),
        ("GET", format!("{API}/monitors/?{token}=1")),
        ("GET", format!("/{token}")),
    ] {
        let (status, refused) = ask(&server, method, &path, ADMIN, &Value::Null);
        assert!(matches!(status, 400 | 404), "{path}: {status}");
        assert!(!refused.to_string().contains(&token["crons_".len()..]), "{path}: {refused}");
    }
}

#[test]
fn a_wrong_request_for_a_token_says_what_to_write() {
    let server = server();
    create(&server, "dashboard", "read");
    for (body, status, part) in [
        (json!({"name": "x", "scope": "admin"}), 400, "there is no \"admin\"; write `read`"),
        (json!({"name": " ", "scope": "read"}), 400, "name: it is empty; write 1 to 64 characters"),
        (json!({"name": "x".repeat(65), "scope": "read"}), 400, "name: it has 65 characters; write 1 to 64"),
        (
            json!({"name": "a\nb", "scope": "read"}),
            400,
            "name: \"a\\nb\" has a control character; write 1 to 64",
        ),
        (json!({"name": "dashboard", "scope": "write"}), 409, "there is a token \"dashboard\" already"),
        (json!({"scope": "read"}), 400, "name"),
    ] {
        let (got, refused) = ask(&server, "POST", &format!("{API}/tokens/"), ADMIN, &body);
        assert_eq!(got, status, "{body}: {refused}");
        assert!(refused["detail"].as_str().unwrap().contains(part), "{body}: {refused}");
    }
    // The tokens are as many as there may be.
    for number in 1..200 {
        create(&server, &number.to_string(), "read");
    }
    let (got, refused) =
        ask(&server, "POST", &format!("{API}/tokens/"), ADMIN, &json!({"name": "more", "scope": "read"}));
    assert_eq!(got, 409, "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("200 tokens already"), "{refused}");
    for (id, status) in [("x", 400), ("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaab", 404)] {
        let path = format!("{API}/tokens/{id}/");
        assert_eq!(ask(&server, "DELETE", &path, ADMIN, &Value::Null).0, status, "{id}");
    }
}

#[test]
fn of_tokens_that_are_made_at_once_by_one_name_there_is_one() {
    let server = server();
    let body = json!({"name": "race", "scope": "read"});
    let made: Vec<u16> = std::thread::scope(|scope| {
        let ask = || ask(&server, "POST", &format!("{API}/tokens/"), ADMIN, &body).0;
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let count = |status| made.iter().filter(|got| **got == status).count();
    assert_eq!((count(201), count(409)), (1, 7), "{made:?}");
    assert_eq!(
        ask(&server, "GET", &format!("{API}/tokens/"), ADMIN, &Value::Null).1.as_array().unwrap().len(),
        1
    );
}
