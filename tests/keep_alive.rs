//! Tests of a run that takes longer than its `max_runtime`, from the client's own delivery to the server's API. The clocks of both are
//! the test's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use crons::test::TestClient;
use crons::{ClientOptions, MonitorConfig, capture_check_in, monitor};
use crons_server::{Clock, Database, ManualClock, Server, Settings};
use jiff::Timestamp;
use serde_json::Value;

#[crons::monitor(slug = "annotated", interval = "1 day", max_runtime = 2, keep_alive = true)]
async fn annotated() {
    std::future::pending::<()>().await;
}

/// The status of the last run of a monitor. Reads on a thread of its own: the server answers from this runtime.
async fn status(server: &Server, slug: &str) -> Value {
    let url = format!("http://{}/api/0/organizations/crons/monitors/{slug}/checkins/", server.address());
    let read = move || ureq::get(&url).call().unwrap().body_mut().read_json::<Value>().unwrap();
    tokio::task::spawn_blocking(read).await.unwrap()[0].clone()
}

#[tokio::test]
async fn a_run_that_is_kept_alive_does_not_time_out() {
    let folder = tempfile::tempdir().unwrap();
    // The second is the worst one of a minute: the server counts from its begin.
    let mut now: Timestamp = "2024-06-03T10:00:59Z".parse().unwrap();
    let settings = Settings {
        database: Database::sqlite(folder.path().join("crons.db")),
        clock: Clock::Manual(ManualClock::new(now)),
        ..Settings::default()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::start(&settings, listener).unwrap();
    // The clock of the server is another one, and must not make the client hold anything back.
    let unlimited = crons::MaxCheckIns::Unlimited;
    let crons = crons::init(ClientOptions::new().dsn(server.dsn()).max_check_ins_per_minute(unlimited));

    // The clock of this client moves when it is told to. Its check-ins are sent by the client of the program.
    let client = TestClient::new();
    let run = |slug: &str, kept: bool| {
        let config = MonitorConfig::interval("1 day").unwrap().max_runtime(3).unwrap();
        client.scope(|| monitor(slug).monitor_config(config).keep_alive(kept).start())
    };
    let (kept, bare) = (run("kept", true), run("bare", false));
    let mut annotated = Box::pin(client.scope_async(annotated()));
    assert!(pollster::block_on(std::future::poll_fn(|context| {
        std::task::Poll::Ready(annotated.as_mut().poll(context).is_pending())
    })));
    let mut sent = 0;
    for _ in 0..120 {
        client.advance(Duration::from_secs(5));
        let check_ins = client.check_ins().split_off(sent);
        sent += check_ins.len();
        for check_in in check_ins {
            capture_check_in(check_in);
        }
        assert!(crons::flush_async(Duration::from_secs(30)).await);
        now += Duration::from_secs(5);
        server.advance_to(now).await;
    }
    assert_eq!(status(&server, "bare").await["status"], "timeout", "ten minutes have passed");
    for slug in ["kept", "annotated"] {
        assert_eq!(status(&server, slug).await["status"], "in_progress", "{slug}");
    }
    client.scope(|| kept.ok());
    client.advance(Duration::ZERO);
    for check_in in client.check_ins().split_off(sent) {
        capture_check_in(check_in);
    }
    assert!(crons::flush_async(Duration::from_secs(30)).await);
    let ended = status(&server, "kept").await;
    assert_eq!((&ended["status"], &ended["duration"]), (&"ok".into(), &600_000.into()));

    // The process is frozen: nothing is sent, and the server counts the run as timed out.
    now += Duration::from_secs(180);
    server.advance_to(now).await;
    assert_eq!(status(&server, "annotated").await["status"], "timeout");

    drop((bare, annotated));
    tokio::task::spawn_blocking(move || crons.close(Duration::from_secs(30))).await.unwrap();
    server.shutdown().await.unwrap();
}
