//! What the real server refuses behind a 200 is no delivery, and is said with its reason.

#[path = "support/log.rs"]
mod log;

use std::time::Duration;

use crons::{CheckIn, ClientOptions, Slug, capture_check_in};
use crons_server::{Database, Server, Settings};
use log::Log;

#[tokio::test]
async fn a_check_in_of_a_monitor_that_nobody_described_is_refused_and_the_reason_is_logged() {
    let log = Log::install();
    let folder = tempfile::tempdir().unwrap();
    let settings =
        Settings { database: Database::sqlite(folder.path().join("crons.db")), ..Settings::default() };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(&settings, listener).unwrap();
    let crons = crons::init(ClientOptions::new().dsn(server.dsn()));

    capture_check_in(CheckIn::in_progress(Slug::parse("nobodys").unwrap()));
    assert!(crons::flush_async(Duration::from_secs(30)).await);
    let stats = tokio::task::spawn_blocking(move || crons.close(Duration::from_secs(30))).await.unwrap();
    assert_eq!((stats.sent, stats.refused), (0, 1), "{stats:?}");
    server.shutdown().await.unwrap();
    let log = log.text();
    let line = log.lines().find(|line| line.contains("refused by the server")).expect(&log);
    assert!(line.contains("MONITOR_NOT_FOUND") && line.contains("slug=nobodys"), "{line}");
}
