//! Tests that a check-in that the real server refuses behind a 200 is not delivered, and the reason is logged; one that it
//! accepts with a remark is delivered.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crons::{CheckIn, ClientOptions, Slug, capture_check_in};
use crons_server::{Database, Server, Settings};

use crate::support::child;
use crate::support::log::Log;

/// Checks both cases in one test, as a process has one client and one log.
#[tokio::test]
async fn a_refused_check_in_is_not_sent_one_with_a_remark_is() {
    if !child::is_alone() {
        return;
    }
    let log = Log::install();
    let folder = tempfile::tempdir().unwrap();
    let settings =
        Settings { database: Database::sqlite(folder.path().join("crons.db")), ..Settings::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(&settings, listener).unwrap();
    let crons = crons::init(ClientOptions::new().dsn(server.dsn()));

    // The monitor was not described by a check-in.
    capture_check_in(CheckIn::in_progress(Slug::parse("nobodys").unwrap()));
    assert!(crons::flush_async(Duration::from_secs(30)).await);
    // The monitor was created under another spelling of the slug.
    let (address, key) = (server.address(), server.public_key().to_owned());
    tokio::task::spawn_blocking(move || make_monitor("Shared!", address, &key)).await.unwrap();
    for _ in 0..2 {
        capture_check_in(CheckIn::ok(Slug::parse("shared").unwrap()));
    }
    assert!(crons::flush_async(Duration::from_secs(30)).await);
    let stats = tokio::task::spawn_blocking(move || crons.close(Duration::from_secs(30))).await.unwrap();
    assert_eq!((stats.sent, stats.refused), (2, 1), "{stats:?}");
    server.shutdown().await.unwrap();

    let log = log.text();
    let line = log.lines().find(|line| line.contains("refused by the server")).expect(&log);
    assert!(line.contains("MONITOR_NOT_FOUND") && line.contains("slug=nobodys"), "{line}");
    let remarks: Vec<&str> = log.lines().filter(|line| line.contains("but not as it was sent")).collect();
    let [remark] = remarks[..] else { panic!("once is enough: {log}") };
    assert!(remark.contains(r#"monitor_slug: "shared" and "Shared!" are one monitor"#), "{remark}");
    assert!(remark.contains("slug=shared"), "{remark}");
}

/// Creates a monitor by a check-in that is written by hand.
fn make_monitor(slug: &str, address: std::net::SocketAddr, key: &str) {
    let schedule = r#"{"type": "crontab", "value": "@daily"}"#;
    let body = format!(r#"{{"status": "ok", "monitor_config": {{"schedule": {schedule}}}}}"#);
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "POST /api/1/cron/{slug}/{key}/ HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}
