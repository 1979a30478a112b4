//! Tests of the file of the database: served by one server, read by any number, and reported as missing if it is removed.

use crate::harness::{Answer, Harness, api, check_in, id};
use crons_server::{Database, Replay, Settings};
use serde_json::json;

#[test]
fn a_file_that_is_served_is_refused_to_a_second_server_which_is_told_so() {
    let mut server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "ok"));
    let refused = server.try_start().unwrap_err().to_string();
    for part in ["crons.db is served by another server already", "crons.db.lock", "use another file"] {
        assert!(refused.contains(part), "{refused}");
    }
    server.send("10:00:01", &check_in(&id('b'), "ok"));
    assert_eq!(server.statuses("job"), ["ok", "ok"], "the first one goes on");
    server.stop();
    server.start("10:00:02");
    assert_eq!(server.statuses("job").len(), 2, "the claim ends with the server");
    server.kill();
    server.start("10:00:03");
    assert_eq!(server.statuses("job").len(), 2, "however that ends");
}

#[cfg(unix)]
#[test]
fn a_second_server_is_refused_by_whichever_way_it_comes_to_the_file() {
    let server = Harness::at("10:00:00");
    let other = tempfile::tempdir().unwrap();
    let link = other.path().join("link.db");
    std::os::unix::fs::symlink(server.database(), &link).unwrap();
    let by_link = Settings { database: Database::sqlite(link), ..Settings::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let started = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        crons_server::Server::start(&by_link, listener).map(drop)
    });
    assert!(started.unwrap_err().to_string().contains("served by another server already"));
}

#[test]
fn who_only_reads_is_not_hindered_and_hinders_nobody() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &check_in(&id('a'), "error"));
    let copy = server.database().with_file_name("copy.db");
    crons_server::backup(&Database::sqlite(server.database()), &copy).unwrap();
    for database in [server.database(), copy] {
        let (incidents, report) = Replay::default().run(&Database::sqlite(database)).unwrap().unwrap();
        assert_eq!((incidents, report.incidents.len()), (1, 1));
    }
    assert_eq!(server.send("10:00:01", &check_in(&id('b'), "ok")).status, 200);
}

/// Asserts that the sender is told that its check-in was not stored, so that nothing is lost unnoticed.
fn assert_fails(server: &Harness, sent: &Answer) {
    assert_eq!(sent.status, 503, "{sent:?}");
    assert!(sent.body["detail"].as_str().unwrap().contains("could not be stored"), "{sent:?}");
    assert_eq!(server.get("/ready").status, 503);
}

#[cfg(unix)]
#[test]
fn while_the_file_is_gone_nothing_is_acknowledged_and_once_it_is_back_nothing_is_missing() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    server.advance("11:00:50");
    let mut other = check_in(&id('b'), "ok");
    other["monitor_slug"] = json!("other");
    assert_eq!(server.send_now(&other).status, 200);
    assert_eq!(server.get("/ready").status, 200);

    let aside = server.database().with_file_name("aside.db");
    std::fs::rename(server.database(), &aside).unwrap();
    assert_fails(&server, &server.send_now(&check_in(&id('c'), "ok")));
    std::fs::copy(&aside, server.database()).unwrap();
    assert_fails(&server, &server.send_now(&check_in(&id('c'), "ok")));

    std::fs::rename(&aside, server.database()).unwrap();
    server.set_clock("11:01:20");
    assert_eq!(server.send_now(&other).status, 200);
    assert_eq!(server.get("/ready").status, 200);
    let outage = json!([{"since": api("11:00:50"), "until": api("11:01:20")}]);
    assert_eq!(server.api("/outages/"), outage, "whoever reported meanwhile was turned away");
    assert_eq!(server.statuses("job"), ["ok", "unknown"], "and has missed nothing");
    server.advance("12:01:00");
    assert_eq!(server.statuses("job"), ["ok", "unknown", "missed"]);
}
