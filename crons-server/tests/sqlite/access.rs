//! Tests of access control, with an admin token and without one.

use crate::harness::{Harness, KEY, NIL, check_in};
use crons_server::{Database, Server, Settings, StartError};
use tokio::net::TcpListener;

const TOKEN: &str = "open-sesame-0123456789";
/// `admin:` and the token, as a browser sends it.
const BASIC: &str = "Basic YWRtaW46b3Blbi1zZXNhbWUtMDEyMzQ1Njc4OQ==";
const MONITORS: &str = "/api/0/organizations/crons/monitors/";

fn guarded() -> Harness {
    Harness::with("10:00:00", Settings { admin_token: Some(TOKEN.parse().unwrap()), ..Settings::default() })
}

fn get(server: &Harness, path: &str, headers: &[(&str, &str)]) -> ureq::http::Response<ureq::Body> {
    let mut request = server.agent.get(server.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.call().unwrap()
}

#[test]
fn pages_and_api_are_for_those_who_show_the_admin_token() {
    let server = guarded();
    let bearer = format!("Bearer {TOKEN}");
    let cases: [(&str, u16); 8] = [
        ("", 401),
        (&bearer, 200),
        (BASIC, 200),
        ("Bearer open-sesame-012345678", 401),
        ("Bearer Open-Sesame-0123456789", 401),
        ("Bearer ", 401),
        // The name `admin`, and no password.
        ("Basic YWRtaW46", 401),
        ("Basic ***", 401),
    ];
    for path in ["/", MONITORS] {
        for (authorization, status) in cases {
            assert_eq!(
                get(&server, path, &[("authorization", authorization)]).status(),
                status,
                "{path} with {authorization:?}"
            );
        }
    }
}

#[test]
fn whoever_has_no_token_learns_nothing_but_how_to_send_it() {
    let server = guarded();
    server.send("10:00:00", &check_in(NIL, "ok"));
    for path in [
        "/".to_owned(),
        MONITORS.to_owned(),
        format!("{MONITORS}job/"),
        format!("{MONITORS}job/checkins/"),
        format!("{MONITORS}nobodys/"),
        "/nowhere".to_owned(),
        "/api/1/nowhere/".to_owned(),
    ] {
        let mut answer = get(&server, &path, &[]);
        assert_eq!(answer.status(), 401, "{path}");
        assert_eq!(
            answer.headers()["www-authenticate"],
            "Basic realm=\"crons\", charset=\"UTF-8\"",
            "{path}"
        );
        let body = answer.body_mut().read_to_string().unwrap();
        assert!(
            body.contains("this needs the admin token or an API token") && body.contains("Bearer"),
            "{path}: {body}"
        );
        assert!(!body.contains("job") && !body.contains(TOKEN), "{path}: {body}");
    }
}

#[test]
fn check_ins_need_the_projects_key_and_no_token() {
    let server = guarded();
    assert_eq!(server.send("10:00:00", &check_in(NIL, "ok")).status, 200);
    assert_eq!(server.get(&format!("/api/1/cron/job/{KEY}/?status=ok")).status, 202);
    let bearer = format!("Bearer {TOKEN}");
    let path = "/api/1/cron/job/?status=ok";
    assert_eq!(get(&server, path, &[("authorization", &bearer)]).status(), 403);
}

#[test]
fn with_a_token_any_host_is_served_and_only_its_own_pages() {
    let server = guarded();
    let cron = format!("/api/1/cron/job/{KEY}/?status=ok");
    server.send("10:00:00", &check_in(NIL, "ok"));
    for (host, origin, refused) in [
        ("crons.example", None, false),
        ("10.0.0.7:9170", None, false),
        ("crons.example", Some("https://crons.example"), false),
        ("crons.example:443", Some("https://crons.example"), false),
        ("crons.example", Some("https://evil.example"), true),
        ("crons.example", Some("http://127.0.0.1:9170"), true),
        ("crons.example", Some("null"), true),
    ] {
        let mut headers = vec![("host", host), ("authorization", BASIC)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        for path in ["/", MONITORS, "/health"] {
            let status = get(&server, path, &headers).status();
            assert_eq!(status, if refused { 403 } else { 200 }, "{path} at {host} from {origin:?}");
        }
        // The public key lets any page send check-ins, as at Sentry.
        assert_eq!(get(&server, &cron, &headers).status(), 202, "{host} from {origin:?}");
    }
}

#[test]
fn health_and_readiness_are_for_all_and_only_one_needs_a_database() {
    for server in [guarded(), Harness::at("10:00:00")] {
        for (path, status) in [("/health", "ok"), ("/ready", "ready")] {
            let answer = server.get(path);
            assert_eq!((answer.status, answer.body), (200, serde_json::json!({"status": status})));
        }
    }
    let server = guarded();
    server.file().execute("PRAGMA foreign_keys = OFF; ALTER TABLE monitors RENAME TO gone");
    assert_eq!(server.get("/health").status, 200);
    let answer = server.get("/ready");
    assert_eq!(answer.status, 503);
    assert!(answer.body["detail"].as_str().unwrap().contains("the database cannot be read"), "{answer:?}");
}

#[tokio::test]
async fn an_address_that_others_can_reach_needs_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings =
        Settings { database: Database::sqlite(folder.path().join("crons.db")), ..Settings::default() };
    let listener = async || TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = Server::start(&settings, listener().await).unwrap_err();
    assert!(matches!(refused, StartError::NotLoopback(_)), "{refused}");
    let said = refused.to_string();
    for part in ["0.0.0.0:", "--admin-token", "admin_token", "127.0.0.1"] {
        assert!(said.contains(part), "{said}");
    }
    settings.admin_token = Some(TOKEN.parse().unwrap());
    let server = Server::start(&settings, listener().await).unwrap();
    assert!(server.dsn().contains("@127.0.0.1:"), "{}", server.dsn());
    server.shutdown().await.unwrap();
}

#[test]
fn secrets_are_not_shown_by_debug() {
    let settings = Settings {
        admin_token: Some(TOKEN.parse().unwrap()),
        public_key: Some(KEY.parse().unwrap()),
        ..Settings::default()
    };
    let shown = format!("{settings:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains(KEY), "{shown}");
}
