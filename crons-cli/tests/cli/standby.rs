//! Several servers on one PostgreSQL: one serves, the others stand by.

use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::cluster::{self, Cluster};
use crate::support::{Server, crons};

/// The time in which another server takes over: the lease lasts for 5 seconds, and this machine may be busy.
const TAKEOVER: Duration = Duration::from_secs(60);

/// A server on a database of PostgreSQL.
fn node(database: &str) -> Command {
    let mut command =
        crons(&["serve", "--listen", "127.0.0.1:0", "--rate-limit", "off", "--database", database]);
    command.stderr(Stdio::piped());
    command
}

/// Starts a server that stands by. It is received once it serves.
fn stand_by(database: &str) -> Receiver<Server> {
    let (mut command, (serves, later)) = (node(database), channel());
    command.stderr(Stdio::null());
    std::thread::spawn(move || serves.send(Server::spawn(command)));
    later
}

/// Sends signals, by their names.
fn signal(server: &Server, name: &str) {
    let pid = server.process.id().to_string();
    assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
}

/// Sends runs until one is acknowledged.
fn check_in_eventually(server: &Server, id: u32) {
    let deadline = Instant::now() + TAKEOVER;
    while !server.check_in("job", id) {
        assert!(Instant::now() < deadline, "no check-in was taken for {} s", TAKEOVER.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_server_that_stands_by_takes_over_from_one_that_was_killed() {
    let Some(database) = cluster::new_database() else { return };
    let first = Server::spawn(node(&database));
    let second = stand_by(&database);
    for id in 1..=50 {
        assert!(first.check_in("job", id));
    }
    assert!(second.try_recv().is_err(), "it stands by");
    signal(&first, "KILL");
    let second = second.recv_timeout(TAKEOVER).unwrap();
    assert_eq!(second.key(), first.key(), "clients go on with the same DSN");
    assert!(second.check_in("job", 51));
    let mut stored = second.stored("job");
    stored.sort_unstable();
    assert_eq!(stored, (1..=51).collect::<Vec<_>>(), "nothing that was acknowledged is lost");
}

#[test]
fn a_server_that_ends_in_order_is_followed_at_once() {
    let Some(database) = cluster::new_database() else { return };
    let first = Server::spawn(node(&database));
    let second = stand_by(&database);
    assert!(first.check_in("job", 1));
    signal(&first, "TERM");
    let second = second.recv_timeout(TAKEOVER).unwrap();
    assert_eq!(second.stored("job"), [1]);
}

#[test]
fn a_server_that_was_stopped_for_a_while_writes_nothing_after_another_took_over() {
    let Some(database) = cluster::new_database() else { return };
    let mut first = Server::spawn(node(&database));
    let second = stand_by(&database);
    assert!(first.check_in("job", 1));
    signal(&first, "STOP");
    let second = second.recv_timeout(TAKEOVER).unwrap();
    signal(&first, "CONT");
    assert!(!first.check_in("job", 2), "it may not write any more");
    assert!(!first.process.wait().unwrap().success());
    assert_eq!(second.stored("job"), [1]);
    let mut log = String::new();
    std::io::Read::read_to_string(first.process.stderr.as_mut().unwrap(), &mut log).unwrap();
    assert!(log.contains("another server has taken the database over"), "{log}");
}

#[test]
fn a_server_goes_on_after_its_connections_were_cut_and_after_a_crash_of_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    let server = Server::spawn(node(&cluster.new_database()));
    assert!(server.check_in("job", 1));
    let cut =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'crons'";
    assert_ne!(cluster.execute(cut), "0");
    check_in_eventually(&server, 2);
    cluster.crash();
    check_in_eventually(&server, 3);
    let mut stored = server.stored("job");
    stored.sort_unstable();
    assert_eq!(stored, [1, 2, 3]);
}

#[test]
fn a_server_that_stands_by_outlives_a_crash_of_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.new_database();
    let first = Server::spawn(node(&database));
    let second = stand_by(&database);
    assert!(first.check_in("job", 1));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT holder FROM%'";
    let deadline = Instant::now() + TAKEOVER;
    while cluster.execute(waits) == "0" {
        assert!(Instant::now() < deadline, "the second server does not stand by");
    }
    cluster.crash();
    check_in_eventually(&first, 2);
    signal(&first, "KILL");
    let second = second.recv_timeout(TAKEOVER).unwrap();
    let mut stored = second.stored("job");
    stored.sort_unstable();
    assert_eq!(stored, [1, 2]);
}

#[test]
fn a_role_with_rights_on_its_schema_only_may_serve_it() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.execute("CREATE ROLE jobs LOGIN");
    cluster.execute("CREATE SCHEMA jobs AUTHORIZATION jobs");
    let url = cluster.new_database();
    let (place, _) = url.split_once("&user=").unwrap();
    let server = Server::spawn(node(&format!("{place}&user=jobs&schema=jobs")));
    assert!(server.check_in("job", 1));
}

#[test]
fn a_password_is_never_shown() {
    let refused =
        crons(&["serve", "--database", "postgres://crons:hunter2@127.0.0.1:1/crons?connect_timeout=1"])
            .output();
    let refused = String::from_utf8(refused.unwrap().stderr).unwrap();
    assert!(
        refused.contains(
            "cannot start with postgres://crons@127.0.0.1:1/crons: the database failed: no connection"
        ),
        "{refused}"
    );
    assert!(!refused.contains("hunter2"), "{refused}");
}
