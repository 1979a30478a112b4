//! Tests of the stream of changes that keeps open pages up to date.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{API, Harness, NIL, check_in, hourly, with};
use crons_server::Settings;
use serde_json::{Value, json};

/// A client of the stream.
struct Stream {
    lines: BufReader<TcpStream>,
    last_id: String,
}

/// An event: its name and its data.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    name: String,
    data: Value,
}

impl Event {
    fn row(&self, slug: &str) -> &str {
        self.data["rows"][slug].as_str().unwrap_or_default()
    }
}

fn address(server: &Harness) -> String {
    server.url("").strip_prefix("http://").unwrap().to_owned()
}

/// Opens a stream, and reads the head of the answer. `Err`: the status of a refusal.
fn try_open(server: &Harness, query: &str, last_id: &str) -> Result<Stream, u16> {
    let mut socket = TcpStream::connect(address(server)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let last = if last_id.is_empty() { String::new() } else { format!("last-event-id: {last_id}\r\n") };
    write!(
        socket,
        "GET /live?{query} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n{last}\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(lines.read_line(&mut head).unwrap(), 0, "{head}");
    }
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    if status != 200 {
        return Err(status);
    }
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    Ok(Stream { lines, last_id: String::new() })
}

fn open(server: &Harness, query: &str) -> Stream {
    try_open(server, query, "").unwrap()
}

impl Stream {
    /// The next event; `None` at the end of the stream. Frames of HTTP are skipped: their lines have no colon, or are no field.
    fn next(&mut self) -> Option<Event> {
        let (mut name, mut line) = (String::new(), String::new());
        loop {
            line.clear();
            if self.lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", event)) => event.clone_into(&mut name),
                Some(("id", id)) => id.clone_into(&mut self.last_id),
                Some(("data", data)) => {
                    let data = serde_json::from_str(data).unwrap();
                    // Fields may come in any order, but `data` is the last of ours.
                    return Some(Event { name, data });
                }
                _ => {}
            }
        }
    }

    /// The next event whose row of `slug` contains `text`.
    fn until(&mut self, slug: &str, text: &str) -> Event {
        loop {
            let event = self.next().unwrap();
            if event.row(slug).contains(text) {
                return event;
            }
        }
    }
}

fn run(slug: &str, status: &str) -> Value {
    let mut run = with(NIL, status, &hourly(&json!({})));
    run["monitor_slug"] = json!(slug);
    run
}

#[test]
fn runs_misses_and_commands_arrive_as_rows_by_themselves() {
    let server = Harness::at("10:00:00");
    let mut stream = open(&server, "window=24h");
    server.send_now(&run("job", "ok"));
    let event = stream.until("job", "Okay");
    assert_eq!(event.name, "rows");
    assert!(event.row("job").starts_with("<li class=\"monitor ok\" id=\"monitor-job\""), "{event:?}");
    assert_eq!((&event.data["counts"]["ok"], &event.data["total"]), (&json!(1), &json!(1)));
    // The deadline passes, as no check-in comes.
    server.advance("11:02:00");
    let event = stream.until("job", "Missed");
    assert_eq!((&event.data["state"], &event.data["counts"]["missed"]), (&json!("missed"), &json!(1)));
    server.put(&format!("{API}/monitors/job/"), &json!({"isMuted": true}));
    stream.until("job", "(muted)");
    server.delete(&format!("{API}/monitors/job/"));
    let gone = loop {
        let event = stream.next().unwrap();
        if event.data["rows"]["job"].is_null() {
            break event;
        }
    };
    assert_eq!(gone.data["total"], json!(0));
    // A refused payload changes its line.
    server.send_now(&json!({"monitor_slug": "nobody", "status": "done"}));
    let event = stream.next().unwrap();
    assert!(event.data["refused"].as_str().unwrap().contains("nobody"), "{event:?}");
}

#[test]
fn each_stream_gets_the_rows_of_its_own_window() {
    let server = Harness::at("10:00:00");
    let (mut day, mut quarter) = (open(&server, "window=24h"), open(&server, "window=90d"));
    server.send_now(&run("job", "ok"));
    assert!(day.until("job", "Okay").row("job").contains("Last 24 hours"));
    assert!(quarter.until("job", "Okay").row("job").contains("Last 90 days"));
}

#[test]
fn after_a_reconnect_nothing_is_missing() {
    let mut server = Harness::at("10:00:00");
    let page = server.page();
    let position = page.split("data-after=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    // The check-in arrives after the page was read, and before the stream is opened.
    server.send_now(&run("early", "ok"));
    let mut stream = open(&server, &format!("after={position}"));
    let missed = stream.until("early", "Okay");
    assert_eq!(missed.data["rows"].as_object().unwrap().len(), 1, "{missed:?}");
    let last_id = stream.last_id.clone();
    drop(stream);
    server.send_now(&run("a", "error"));
    server.send_now(&run("b", "ok"));
    // The browser sends the former address, too, and its last event wins.
    let mut stream = try_open(&server, &format!("after={position}"), &last_id).unwrap();
    let missed = stream.until("a", "Failed");
    assert!(missed.row("early").is_empty(), "{missed:?}");
    if missed.row("b").is_empty() {
        // The change was noted after the stream had begun.
        stream.until("b", "Okay");
    }
    let last_id = stream.last_id.clone();
    drop(stream);
    // The server knows nothing of events before its own start.
    server.start("10:05:00");
    assert_eq!(try_open(&server, "", &last_id).unwrap().next().unwrap().name, "reload");
}

#[test]
fn a_storm_of_changes_is_one_order_to_read_anew() {
    let server = Harness::at("10:00:00");
    for number in 0..120 {
        server.send_now(&run(&format!("job-{number}"), "ok"));
    }
    let mut stream = open(&server, "after=00000001-1");
    assert_eq!(stream.next().unwrap().name, "reload");
    server.advance("11:02:00");
    let event = stream.next().unwrap();
    // The first frame may have come before the last deadline was evaluated.
    assert!(event.name == "reload" || event.data["rows"].as_object().unwrap().len() <= 100, "{event:?}");
}

#[test]
fn the_stream_of_a_monitor_tells_its_changes_only() {
    let server = Harness::at("10:00:00");
    let mut stream = open(&server, "monitor=job");
    let mut list = open(&server, "window=24h");
    server.send_now(&run("other", "ok"));
    list.until("other", "Okay");
    server.send_now(&run("job", "ok"));
    list.until("job", "Okay");
    let event = stream.next().unwrap();
    assert_eq!((event.name.as_str(), event.data), ("changed", json!({})));
    assert_eq!(stream.last_id, list.last_id, "the change of the other monitor was not told");
}

#[test]
fn the_mute_of_a_broken_monitor_arrives_though_nothing_runs() {
    let mut server = Harness::at("10:00:00");
    let yearly = json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}});
    for letter in ['a', 'b', 'c', 'd'] {
        server.send_now(&with(&crate::harness::id(letter), "error", &yearly));
    }
    server.start("2024-06-17T09:59:00Z");
    server.advance("2024-06-17T10:00:00Z");
    server.start("2024-07-01T09:58:00Z");
    let mut stream = open(&server, "window=24h");
    server.advance("2024-07-01T10:00:00Z");
    assert!(stream.until("job", "id=\"monitor-job\"").row("job").contains("class=\"monitor muted"));
}

#[test]
fn an_acknowledgement_arrives_on_the_page_of_its_monitor() {
    let server = Harness::at("10:00:00");
    let mut stream = open(&server, "monitor=job");
    server.send_now(&run("job", "error"));
    assert_eq!(stream.next().unwrap().name, "changed");
    let incident = server.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
    let before = stream.last_id.clone();
    server.put(&format!("{API}/incidents/{incident}/acknowledgement/"), &json!({"by": "Ada"}));
    assert_eq!(stream.next().unwrap().name, "changed");
    assert_ne!(stream.last_id, before);
}

#[test]
fn streams_do_not_delay_the_shutdown() {
    let mut server = Harness::at("10:00:00");
    let mut streams: Vec<Stream> = (0..20).map(|_| open(&server, "")).collect();
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    for stream in &mut streams {
        assert_eq!(stream.next(), None);
    }
}

/// A server that takes as many connections.
fn narrow(connections: usize) -> Harness {
    let mut settings = Settings::default();
    settings.connection_limits.connections = Some(connections);
    Harness::with("10:00:00", settings)
}

#[test]
fn a_stream_stays_open_while_idle_connections_are_closed() {
    let server = narrow(8);
    let mut stream = open(&server, "window=24h");
    let crowd: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(address(&server)).unwrap()).collect();
    server.send_now(&run("job", "ok"));
    stream.until("job", "Okay");
    let closed = crowd.iter().filter(|idle| {
        idle.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        matches!((&mut &**idle).read(&mut [0]), Ok(0))
    });
    assert!(closed.count() >= 32, "idle ones were closed");
}

#[test]
fn half_of_the_connections_stay_for_check_ins() {
    let server = narrow(8);
    let streams: Vec<Stream> = (0..4).map(|_| open(&server, "")).collect();
    assert_eq!(try_open(&server, "", "").err(), Some(503));
    assert_eq!(server.send_now(&check_in(NIL, "ok")).status, 200);
    drop(streams);
    // The server notices within a frame that a client is gone.
    server.send_now(&check_in(NIL, "ok"));
    crate::harness::eventually(|| try_open(&server, "", "").ok());
}

#[test]
fn a_stream_of_an_unknown_window_or_position_is_refused() {
    let server = Harness::at("10:00:00");
    for query in ["window=1y", "after=yesterday", "since=1", "window=24h&window=7d"] {
        assert_eq!(try_open(&server, query, "").err(), Some(400), "{query}");
    }
    assert_eq!(try_open(&server, "", "yesterday").err(), Some(400));
}
