//! Tests of `crons tail`: which runs it prints, and what it says when it cannot.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::listener::Listener;
use super::support::{Server, crons};

/// A `crons tail` that is killed at the end of a test.
struct Tail {
    process: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Tail {
    fn start(arguments: &[&str], url: &str) -> Self {
        let mut command = crons(&[&["tail", "--url", url], arguments].concat());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = lines(process.stdout.take().unwrap());
        let stderr = lines(process.stderr.take().unwrap());
        Self { process, stdout, stderr }
    }

    fn line(&self) -> String {
        self.stdout.recv_timeout(PATIENCE).unwrap()
    }

    fn error(&self) -> String {
        self.stderr.recv_timeout(PATIENCE).unwrap()
    }

    /// The next run that is printed, by the number in its id.
    fn id(&self) -> u32 {
        let run: Value = serde_json::from_str(&self.line()).unwrap();
        u32::from_str_radix(&run["id"].as_str().unwrap()[24..], 16).unwrap()
    }
}

/// The time after which a line that does not come fails a test.
const PATIENCE: Duration = Duration::from_secs(60);

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    receiver
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_tail_prints_runs_as_they_begin_and_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    assert!(server.check_in("job", 1));
    let tail = Tail::start(&["job", "--json"], &server.url(""));
    let next = || -> Value { serde_json::from_str(&tail.line()).unwrap() };
    let report = |id: u32, status: &str| {
        let body = json!({"status": status, "check_in_id": format!("{id:032x}")}).to_string();
        let url = server.url("/api/1/cron/job/KEY/");
        assert_eq!(
            ureq::post(url).header("content-type", "application/json").send(body).unwrap().status(),
            202
        );
    };
    // The newest run is there from the beginning.
    assert_eq!(next()["status"], "ok");
    report(2, "in_progress");
    assert_eq!(next()["status"], "in_progress");
    report(2, "error");
    let ended = next();
    assert_eq!(
        (&ended["status"], &ended["id"]),
        (&json!("error"), &json!("00000000-0000-0000-0000-000000000002"))
    );
}

#[cfg(unix)]
#[test]
fn no_run_between_two_looks_is_lost_however_many_there_are() {
    use rustix::process::{Pid, Signal, kill_process};

    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("crons.db"));
    // More runs than a page has, so that old ones are on a page that the first look has not read.
    for id in 1..=110 {
        assert!(server.check_in("busy", id));
    }
    assert!(server.check_in("job", 1_000));
    let tail = Tail::start(&["--json"], &server.url(""));
    // The runs of the first look are not printed, so the first run that is printed shows that it is over.
    let mut sent = 1_000;
    while sent == 1_000 || tail.stdout.recv_timeout(Duration::from_millis(300)).is_err() {
        sent += 1;
        assert!(server.check_in("job", sent));
    }
    sent += 1;
    assert!(server.check_in("job", sent));
    while tail.id() != sent {}
    let process = Pid::from_child(&tail.process);
    kill_process(process, Signal::STOP).unwrap();
    for id in 2_001..=2_250 {
        assert!(server.check_in("busy", id));
    }
    kill_process(process, Signal::CONT).unwrap();
    let printed: BTreeSet<u32> = (0..250).map(|_| tail.id()).collect();
    assert_eq!(printed, (2_001..=2_250).collect());
    assert!(server.check_in("job", 3_000));
    assert_eq!(tail.id(), 3_000, "no older run follows");
}

/// A server of one environment. At its first look a client finds no run; from then on each page of runs has a next one.
fn endless() -> Listener {
    let asked = AtomicUsize::new(0);
    Listener::answering(move |line| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        let (body, next) = if line.contains("/checkins/") {
            let run = json!({"id": number.to_string(), "status": "ok", "environment": "production",
                "dateAdded": "2999-01-01T00:00:00Z", "dateUpdated": "2999-01-01T00:00:00Z"});
            (if number < 4 { json!([]) } else { json!([run]) }, number >= 4)
        } else {
            let environment = json!({"name": "production", "lastCheckIn": number});
            (json!([{"slug": "job", "environments": [environment]}]), false)
        };
        let (body, length) = (body.to_string(), body.to_string().len());
        let link = format!("link: <>; rel=\"next\"; results=\"{next}\"; cursor=\"1:1:0\"");
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{link}\r\ncontent-length: {length}\r\n\r\n{body}")
    })
}

#[test]
fn runs_beyond_the_bound_of_a_look_are_named() {
    let tail = Tail::start(&[], &format!("http://{}", endless().address));
    assert_eq!(
        tail.error(),
        "crons: job, environment production, had more than 1000 runs since the last look; the earlier ones are not shown"
    );
    assert!(tail.line().contains("job  production"));
}

#[test]
fn an_outage_of_the_server_is_told_once_and_so_is_its_end() {
    let asked = AtomicUsize::new(0);
    let listener = Listener::answering(move |_| {
        // The first look has two requests: the time and the monitors. Each later one has one.
        let is_down = (2..5).contains(&asked.fetch_add(1, Ordering::Relaxed));
        let (status, body) = if is_down { (503, r#"{"detail": "the disk is full"}"#) } else { (200, "[]") };
        format!("HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    });
    let url = format!("http://{}", listener.address);
    let tail = Tail::start(&[], &url);
    assert_eq!(tail.error(), "crons: the disk is full");
    assert_eq!(tail.error(), format!("crons: the server at {url} answers again"));
}
