//! Several servers on one PostgreSQL: all serve, and each may end at any moment.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::cluster::{self, Cluster};
use crate::support::{self, Server, crons};

/// The time in which the others go on without a server that says nothing: 4 seconds, and this machine may be busy.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server on a database of PostgreSQL.
fn node(database: &str) -> Command {
    let mut command =
        crons(&["serve", "--listen", "127.0.0.1:0", "--rate-limit", "off", "--database", database]);
    command.stderr(Stdio::piped());
    command
}

/// Starts a cluster for one test. Returns it with the URL of a new database in it, and the name of that one's schema.
fn own_cluster() -> Option<(Cluster, String, String)> {
    let cluster = Cluster::start()?;
    let database = cluster.new_database();
    let schema = database.rsplit_once('=')?.1.to_owned();
    Some((cluster, database, schema))
}

/// Sends signals, by their names.
fn signal(server: &Server, name: &str) {
    let pid = server.process.id().to_string();
    assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
}

/// Sends runs until one is acknowledged.
fn check_in_eventually(server: &Server, id: u32) {
    wait_until("a check-in is taken", || server.check_in("job", id));
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {} s: {what}", DEADLINE.as_secs());
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

/// The number of kills in a storm: `CRONS_TEST_KILLS`, or a few.
fn kills() -> u32 {
    std::env::var("CRONS_TEST_KILLS").map_or(3, |kills| kills.parse().unwrap())
}

/// Sends runs with these ids one after the other, until one is not acknowledged. Returns the number of acknowledged ones.
fn send(url: &str, ids: Range<u32>, acknowledged: &AtomicU32) -> u32 {
    let mut count = 0;
    for _ in ids.take_while(|id| support::check_in(url, *id)) {
        count += 1;
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    count
}

/// The distance between the ids of two senders: more than the number of runs that a sender sends.
const SENDER: u32 = 1_000_000;

#[test]
fn servers_are_killed_in_a_storm_and_nothing_acknowledged_is_lost() {
    let Some(database) = cluster::new_database() else { return };
    let stays = Server::spawn(node(&database));
    let (path, ends) = ("/api/1/cron/storm/KEY/", AtomicBool::new(false));
    let url = stays.url(path);
    // The numbers of runs that were acknowledged, by sender.
    let mut acknowledged = BTreeMap::new();
    std::thread::scope(|scope| {
        let storm = scope.spawn(|| {
            let ids = (1..SENDER).take_while(|_| !ends.load(Ordering::Relaxed));
            ids.inspect(|id| assert!(support::check_in(&url, *id), "the server that stays takes everything"))
                .fold(0, |count, _| count + 1)
        });
        for kill in 0..kills() {
            let killed = Server::spawn(node(&database));
            let (url, count) = (killed.url(path), AtomicU32::new(0));
            std::thread::scope(|scope| {
                let senders = (1 + 4 * kill..).take(4).map(|sender| {
                    let ids = sender * SENDER + 1..(sender + 1) * SENDER;
                    let (url, count) = (&url, &count);
                    (sender, scope.spawn(move || send(url, ids, count)))
                });
                let senders: Vec<_> = senders.collect();
                wait_until("check-ins are taken", || count.load(Ordering::Relaxed) >= 40);
                // Each of the four senders has a check-in on the way.
                signal(&killed, "KILL");
                acknowledged
                    .extend(senders.into_iter().map(|(sender, thread)| (sender, thread.join().unwrap())));
            });
        }
        ends.store(true, Ordering::Relaxed);
        acknowledged.insert(0, storm.join().unwrap());
    });
    let stored = stored(&stays, "storm");
    for (sender, count) in acknowledged {
        let of_sender = stored.iter().filter(|id| **id / SENDER == sender).map(|id| id % SENDER);
        let of_sender: Vec<_> = of_sender.collect();
        // The next run may have been stored before its answer was sent.
        let is_stored = [count, count + 1].iter().any(|last| of_sender.iter().copied().eq(1..=*last));
        assert!(is_stored, "{count} of sender {sender} were acknowledged, and stored are {of_sender:?}");
        assert!(count > 0 || sender > 0);
    }
}

#[test]
fn the_duties_of_a_server_that_was_killed_are_done_by_another() {
    let Some((cluster, database, schema)) = own_cluster() else { return };
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
    wait_until("another has taken the duties over", || duties_of("max") == "3");
    assert!(second.check_in("job", 2));
}

#[test]
fn a_server_that_was_stopped_for_a_while_stores_nothing_of_then_and_serves_again() {
    let Some((cluster, database, schema)) = own_cluster() else { return };
    let first = Server::spawn(node(&database));
    let second = Server::spawn(node(&database));
    assert!(first.check_in("job", 1));
    signal(&first, "STOP");
    assert!(second.check_in("job", 2), "the others go on at once");
    let listed = format!("SELECT count(*) FROM {schema}.nodes");
    let url = first.url("/api/1/cron/job/KEY/");
    let acknowledged = std::thread::scope(|scope| {
        // The kernel takes the connection while the server stands still.
        let sender = scope.spawn(|| support::check_in(&url, 5));
        wait_until("the others go on without it", || cluster.execute(&listed) == "1");
        signal(&first, "CONT");
        sender.join().unwrap()
    });
    check_in_eventually(&first, 3);
    assert!(second.check_in("job", 4));
    let stored = stored(&second, "job");
    assert!(stored == [1, 2, 3, 4, 5] || (!acknowledged && stored == [1, 2, 3, 4]), "{stored:?}");
    assert_eq!(cluster.execute(&listed), "2");
}

#[test]
fn a_server_that_starts_or_was_stopped_beside_another_makes_no_outage() {
    let Some((cluster, database, schema)) = own_cluster() else { return };
    let first = Server::spawn(node(&database));
    assert!(first.check_in("job", 1));
    let idle = format!(
        "SELECT max(watermark) > min(extract(epoch FROM started_at) + 10) * 1000000 FROM {schema}.nodes"
    );
    wait_until("an idle server says that it is receiving", || cluster.execute(&idle) == "t");
    let second = Server::spawn(node(&database));
    assert!(second.check_in("job", 2));
    assert_eq!(first.get("/outages/"), serde_json::json!([]));

    signal(&second, "STOP");
    let listed = format!("SELECT count(*) FROM {schema}.nodes");
    wait_until("the others go on without it", || cluster.execute(&listed) == "1");
    signal(&second, "CONT");
    check_in_eventually(&second, 3);
    assert_eq!(first.get("/outages/"), serde_json::json!([]));
    assert_eq!(first.get("/monitors/job/checkins/").as_array().unwrap().len(), 3);
}

#[test]
fn the_others_go_on_without_a_server_that_lives_and_stores_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.execute("CREATE ROLE sick LOGIN");
    cluster.execute("CREATE SCHEMA jobs AUTHORIZATION sick");
    let url = cluster.new_database();
    let (place, _) = url.split_once("&user=").unwrap();
    let [first, second] =
        ["sick", "crons"].map(|role| Server::spawn(node(&format!("{place}&user={role}&schema=jobs"))));
    assert!(first.check_in("job", 1) && second.check_in("job", 2));
    // The connection lives by which the server says that it is there; it gets no other one.
    cluster.execute("ALTER ROLE sick CONNECTION LIMIT 1");
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'sick' AND pid <>
        (SELECT pid FROM pg_stat_activity WHERE usename = 'sick' AND query LIKE '%was_cut%' ORDER BY query_start DESC LIMIT 1)";
    wait_until("its other connections are cut", || cluster.execute(cut) == "0");
    assert!(!first.check_in("job", 3), "it cannot store a check-in");
    let listed = "SELECT count(*) FROM jobs.nodes";
    let mut id = 10;
    wait_until("the others go on without it", || {
        id += 1;
        assert!(second.check_in("job", id), "the others wait for it, and refuse nothing");
        cluster.execute(listed) == "1"
    });
    assert!(!first.check_in("job", 3));
    assert_eq!(cluster.execute(listed), "1", "it joins again once it can store something");
    assert!(second.check_in("job", 4));
    cluster.execute("ALTER ROLE sick CONNECTION LIMIT -1");
    check_in_eventually(&first, 5);
    let expected: Vec<u32> = [1, 2, 4, 5].into_iter().chain(11..=id).collect();
    assert_eq!(stored(&second, "job"), expected);
    assert_eq!(second.get("/outages/"), serde_json::json!([]));
}

#[test]
fn an_outage_of_the_database_is_found_once() {
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.new_database();
    let servers = [1, 2].map(|_| Server::spawn(node(&database)));
    assert!(servers.iter().zip(1..).all(|(server, id)| server.check_in("job", id)));
    cluster.hold();
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(4) {
        assert!(!servers[0].check_in("job", 3), "there is no database");
    }
    let nodes = servers[0].url("/api/0/organizations/crons/nodes/");
    wait_until("no list is shown of before", || {
        matches!(ureq::get(&nodes).call(), Err(ureq::Error::StatusCode(503)))
    });
    cluster.go_on();
    check_in_eventually(&servers[0], 4);
    check_in_eventually(&servers[1], 5);
    wait_until("the outage is known", || servers[0].get("/outages/").as_array().unwrap().len() == 1);
    assert_eq!(servers[1].get("/outages/").as_array().unwrap().len(), 1);
}

#[test]
fn a_server_that_ends_in_order_leaves_the_others_at_once() {
    let Some((cluster, database, schema)) = own_cluster() else { return };
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
fn receive_times_follow_the_clock_of_the_database() {
    let Some(library) = faketime() else { return };
    let Some(cluster) = Cluster::start() else { return };
    let database = cluster.new_database();
    let right = Server::spawn(node(&database));
    let wrong = ["-30s", "+30s"].map(|lead| {
        let mut command = node(&database);
        command.env("LD_PRELOAD", &library).env("FAKETIME", lead).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        Server::spawn(command)
    });
    let before = jiff::Timestamp::now();
    for (server, id) in [(&right, 1), (&wrong[0], 2), (&wrong[1], 3)] {
        assert!(server.check_in("job", id));
    }
    let after = jiff::Timestamp::now();
    let runs = right.get("/monitors/job/checkins/");
    assert_eq!(runs.as_array().unwrap().len(), 3);
    let slack = jiff::SignedDuration::from_secs(5);
    for run in runs.as_array().unwrap() {
        let received: jiff::Timestamp = run["dateAdded"].as_str().unwrap().parse().unwrap();
        assert!(before - slack < received && received < after + slack, "{before} {received} {after}");
    }
}

#[test]
fn a_slow_network_to_the_database_takes_no_server_off_the_list() {
    let Some((cluster, database, schema)) = own_cluster() else { return };
    let port = slow_way_to(cluster.socket(), Duration::from_millis(100));
    let slow = format!("postgres://crons@127.0.0.1:{port}/postgres?schema={schema}");
    let fast = Server::spawn(node(&database));
    let slow = [1, 2].map(|_| Server::spawn(node(&slow)));
    let listed = format!("SELECT string_agg(id::text, ' ' ORDER BY id) FROM {schema}.nodes");
    let before = cluster.execute(&listed);
    for id in 1..=2 {
        assert!(slow[0].check_in("job", id * 10));
        assert!(slow[1].check_in("job", id * 10 + 1));
        assert!(fast.check_in("job", id * 10 + 2));
    }
    assert_eq!(stored(&fast, "job").len(), 6);
    assert_eq!(cluster.execute(&listed), before);
}

/// The library that shows a program another time; `None` if this machine has none, which is said loudly.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|folder| folder.unwrap().path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    let found = libraries.find(|library| library.exists());
    if found.is_none() {
        cluster::say_missing("libfaketime", "Debian: faketime");
    }
    found
}

/// Forwards a TCP port of this machine to a Unix socket, with a delay in each direction. Returns the port.
fn slow_way_to(socket: PathBuf, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, database) = (client.unwrap(), UnixStream::connect(&socket).unwrap());
            client.set_nodelay(true).unwrap();
            let (from_client, to_database) = (client.try_clone().unwrap(), database.try_clone().unwrap());
            std::thread::spawn(move || carry(from_client, to_database, delay));
            std::thread::spawn(move || carry(database, client, delay));
        }
    });
    port
}

fn carry(mut from: impl Read, mut to: impl Write, delay: Duration) {
    let mut bytes = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        std::thread::sleep(delay);
        if to.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
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
