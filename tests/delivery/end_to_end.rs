//! Tests from an annotated function to the API of the server: nothing in between is replaced.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use crons::{CheckIn, ClientOptions, Slug, capture_check_in};
use crons_server::{Clock, Database, ManualClock, Server, Settings};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::child;

#[crons::monitor(
    slug = "nightly-backup",
    schedule = "0 3 * * MON-FRI",
    timezone = "Europe/Vienna",
    checkin_margin = 10,
    max_runtime = "2h",
    failure_issue_threshold = 2,
    recovery_threshold = 3,
    owner = "team:ops"
)]
fn nightly_backup() -> Result<u32, String> {
    Ok(7)
}

#[crons::monitor(interval = "10 minutes")]
async fn sync_users() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err("no users".to_owned())
}

#[crons::monitor(slug = "train-model", interval = "1 day")]
fn train_model() {
    panic!("out of memory");
}

#[crons::monitor(slug = "reindex", interval = "1 day", max_runtime = 5)]
async fn reindex() {
    std::future::pending::<()>().await;
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Reads on a thread of its own: the server answers from this runtime.
async fn api(server: &Server, path: &str) -> Value {
    let url = format!("http://{}/api/0/organizations/crons/monitors/{path}", server.address());
    tokio::task::spawn_blocking(move || ureq::get(&url).call().unwrap().body_mut().read_json().unwrap())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_way_to_watch_a_job_arrives_and_is_judged() {
    if !child::is_alone() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        database: Database::sqlite(folder.path().join("crons.db")),
        clock: Clock::Manual(ManualClock::new(instant("2024-06-03T10:00:05Z"))),
        ..Settings::default()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(&settings, listener).unwrap();
    let crons = crons::init(ClientOptions::new().dsn(server.dsn()).environment("staging"));

    assert_eq!(nightly_backup(), Ok(7));
    assert_eq!(sync_users().await, Err("no users".to_owned()));
    assert!(std::thread::spawn(train_model).join().is_err());
    let poll = crons::MonitorConfig::interval("5 minutes").unwrap();
    crons::monitor("poll").monitor_config(poll).run(|| ());
    let open = tokio::spawn(reindex());
    let manual = Slug::parse("nightly-backup").unwrap();
    let id = capture_check_in(CheckIn::in_progress(manual.clone()));
    // The begin of `reindex` is on its way once its task has run.
    while api(&server, "").await.as_array().unwrap().len() < 5 {
        assert!(crons::flush_async(Duration::from_secs(30)).await);
    }
    capture_check_in(CheckIn::ok(manual).check_in_id(id).duration(Duration::from_secs(90)));
    assert!(crons::flush_async(Duration::from_secs(30)).await);

    let backup = api(&server, "nightly-backup/").await;
    let config = json!({
        "schedule_type": "crontab", "schedule": "0 3 * * MON-FRI", "checkin_margin": 10, "max_runtime": 120,
        "timezone": "Europe/Vienna", "failure_issue_threshold": 2, "recovery_threshold": 3, "alert_rule_id": null,
    });
    assert_eq!(backup["config"], config);
    assert_eq!(backup["owner"], json!({"type": "team", "id": "ops", "name": "ops"}));
    assert_eq!(backup["environments"][0]["name"], "staging");
    assert_eq!(backup["environments"][0]["nextCheckIn"], "2024-06-04T01:00:00Z");
    let runs = api(&server, "nightly-backup/checkins/").await;
    assert_eq!((&runs[0]["status"], &runs[0]["duration"]), (&json!("ok"), &json!(90_000)));
    assert_eq!(runs[1]["status"], "ok");

    for slug in ["sync-users", "train-model"] {
        let environment = api(&server, &format!("{slug}/")).await["environments"][0].clone();
        assert_eq!(environment["status"], "error", "{slug}");
        assert_ne!(environment["activeIncident"], Value::Null, "{slug}");
    }
    assert_eq!(api(&server, "reindex/checkins/").await[0]["status"], "in_progress");

    server.advance_to(instant("2024-06-03T10:10:00Z")).await;
    assert_eq!(api(&server, "poll/checkins/").await[0]["status"], "missed");
    assert_eq!(api(&server, "reindex/checkins/").await[0]["status"], "timeout");
    for slug in ["poll", "reindex"] {
        assert_eq!(api(&server, &format!("{slug}/")).await["environments"][0]["status"], "error", "{slug}");
    }

    open.abort();
    assert!(open.await.unwrap_err().is_cancelled());
    let closed = tokio::task::spawn_blocking(move || crons.close(Duration::from_secs(30))).await.unwrap();
    assert!(closed.all_delivered(), "{closed:?}");
    server.shutdown().await.unwrap();
}
