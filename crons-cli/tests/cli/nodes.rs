//! Several servers on one PostgreSQL: all serve, and each may end at any moment.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::cluster::{self, Cluster};
use crate::support::{self, Server, crons};

/// The time in which the others go on without a server that says nothing: 4 seconds, and this machine may be busy.
const TAKEOVER: Duration = Duration::from_secs(60);

/// A server on a database of PostgreSQL.
fn node(database: &str) -> Command {
    let mut command =
        crons(&["serve", "--listen", "127.0.0.1:0", "--rate-limit", "off", "--database", database]);
    command.stderr(Stdio::piped());
    command
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

/// The ids of the stored runs, in order.
fn stored(server: &Server, slug: &str) -> Vec<u32> {
    let mut stored = server.stored(slug);
    stored.sort_unstable();
    stored
}

#[test]
fn servers_on_one_database_serve_side_by_side() {
    let Some(database) = cluster::new_database() else { return };
    let servers = [1, 2, 3].map(|_| Server::spawn(node(&database)));
    for id in 1..=60_u32 {
        assert!(servers[id as usize % 3].check_in("job", id));
    }
    for server in &servers {
        assert_eq!(server.key(), servers[0].key(), "clients need one DSN");
        assert_eq!(stored(server, "job"), (1..=60).collect::<Vec<_>>());
    }
}

#[test]
fn servers_are_killed_in_a_storm_and_nothing_acknowledged_is_lost() {
    let Some(database) = cluster::new_database() else { return };
    let stays = Server::spawn(node(&database));
    let (url, ends) = (stays.url("/api/1/cron/storm/KEY/"), AtomicBool::new(false));
    let acknowledged = std::thread::scope(|scope| {
        let storm = scope.spawn(|| {
            let mut acknowledged = Vec::new();
            for id in (1_000_000..).take_while(|_| !ends.load(Ordering::Relaxed)) {
                assert!(support::check_in(&url, id), "the server that was not killed takes everything");
                acknowledged.push(id);
            }
            acknowledged
        });
        let mut acknowledged = Vec::new();
        for round in 0..5_u32 {
            let killed = Server::spawn(node(&database));
            acknowledged
                .extend((1..=20).map(|run| round * 100 + run).filter(|id| killed.check_in("storm", *id)));
            signal(&killed, "KILL");
        }
        ends.store(true, Ordering::Relaxed);
        acknowledged.extend(storm.join().unwrap());
        acknowledged
    });
    assert!(acknowledged.len() > 100);
    assert_eq!(stored(&stays, "storm"), acknowledged);
}

#[test]
fn the_duties_of_a_server_that_was_killed_are_done_by_another() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.new_database();
    let schema = database.rsplit_once('=').unwrap().1.to_owned();
    let first = Server::spawn(node(&database));
    let second = Server::spawn(node(&database));
    assert!(first.check_in("job", 1));
    let duties_of = |node: &str| {
        cluster.execute(&format!(
            "SELECT count(*) FROM {schema}.duties WHERE node = (SELECT {node}(id) FROM {schema}.nodes)"
        ))
    };
    assert_eq!(duties_of("min"), "3");
    signal(&first, "KILL");
    let deadline = Instant::now() + TAKEOVER;
    while duties_of("max") != "3" {
        assert!(Instant::now() < deadline, "nobody has taken the duties over");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(second.check_in("job", 2));
}

#[test]
fn a_server_that_was_stopped_for_a_while_stores_nothing_of_then_and_serves_again() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.new_database();
    let schema = database.rsplit_once('=').unwrap().1.to_owned();
    let first = Server::spawn(node(&database));
    let second = Server::spawn(node(&database));
    assert!(first.check_in("job", 1));
    signal(&first, "STOP");
    assert!(second.check_in("job", 2), "the others go on at once");
    let listed = format!("SELECT count(*) FROM {schema}.nodes");
    let deadline = Instant::now() + TAKEOVER;
    while cluster.execute(&listed) != "1" {
        assert!(Instant::now() < deadline, "the others count on the server that was stopped");
        std::thread::sleep(Duration::from_millis(50));
    }
    signal(&first, "CONT");
    check_in_eventually(&first, 3);
    assert!(second.check_in("job", 4));
    assert_eq!(stored(&second, "job"), [1, 2, 3, 4]);
    assert_eq!(cluster.execute(&listed), "2");
}

#[test]
fn a_server_that_ends_in_order_leaves_the_others_at_once() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.new_database();
    let schema = database.rsplit_once('=').unwrap().1.to_owned();
    let mut first = Server::spawn(node(&database));
    let second = Server::spawn(node(&database));
    assert!(first.check_in("job", 1));
    signal(&first, "TERM");
    assert!(first.process.wait().unwrap().success());
    assert_eq!(cluster.execute(&format!("SELECT count(*) FROM {schema}.nodes")), "1", "it has left the list");
    assert!(second.check_in("job", 2));
}

#[test]
fn servers_go_on_after_cut_connections_and_a_crash_of_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.new_database();
    let (server, other) = (Server::spawn(node(&database)), Server::spawn(node(&database)));
    assert!(server.check_in("job", 1));
    let cut =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'crons'";
    assert_ne!(cluster.execute(cut), "0");
    check_in_eventually(&server, 2);
    cluster.crash();
    check_in_eventually(&server, 3);
    check_in_eventually(&other, 4);
    assert_eq!(stored(&server, "job"), [1, 2, 3, 4]);
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
