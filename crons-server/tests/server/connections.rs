//! Tests of clients that are connected and send nothing, or too much, or too slowly; and of correct ones meanwhile.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{Harness, KEY, check_in, id};
use crons_server::{ConnectionLimits, RateLimit, Settings};
use serde_json::json;

/// The deadline of a test, long enough for a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

fn limited(limits: ConnectionLimits) -> Harness {
    Harness::with(
        "10:00:00",
        Settings { connection_limits: limits, rate_limit: RateLimit::OFF, ..Settings::default() },
    )
}

fn limits(change: impl FnOnce(&mut ConnectionLimits)) -> ConnectionLimits {
    let mut limits = ConnectionLimits::default();
    change(&mut limits);
    limits
}

fn connect(server: &Harness, begin: &str) -> TcpStream {
    let mut socket = TcpStream::connect(server.url("").trim_start_matches("http://")).unwrap();
    socket.write_all(begin.as_bytes()).unwrap();
    socket
}

fn head(request: &str, more: &str) -> String {
    format!("{request} HTTP/1.1\r\nHost: localhost\r\n{more}")
}

/// Returns whether the server has closed the connection; what it had sent before is left out.
fn is_closed(mut socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).unwrap();
    loop {
        match socket.read(&mut [0; 1024]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < DEADLINE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Status of the next answer, whose body is left out.
fn status(reader: &mut BufReader<&TcpStream>) -> String {
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line: &String| line != "\r\n") {
        let mut line = String::new();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "closed after {lines:?}");
        lines.push(line);
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.trim().parse().unwrap());
    reader.read_exact(&mut vec![0; length]).unwrap();
    lines[0].split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn those_that_keep_the_server_waiting_make_room_for_a_check_in() {
    let server = limited(limits(|limits| limits.connections = Some(50)));
    let envelope = format!("POST /api/1/envelope/?sentry_key={KEY}");
    for (case, begin) in [
        ("idle", String::new()),
        ("headers", head("GET /", "X-Slow: ")),
        ("body", head(&envelope, "Content-Length: 1000\r\n\r\n{}\n")),
        ("chunks", head(&envelope, "Transfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n")),
    ] {
        let sockets: Vec<TcpStream> = (0..120).map(|_| connect(&server, &begin)).collect();
        // The check-in has a connection of its own, as the agent may keep one.
        let check_in = head(&format!("GET /api/1/cron/{case}/{KEY}/?status=ok"), "Connection: close\r\n\r\n");
        let socket = connect(&server, &check_in);
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        assert_eq!(status(&mut BufReader::new(&socket)), "202", "{case}");
        wait_until(case, || sockets.iter().filter(|socket| !is_closed(socket)).count() <= 50);
        assert!(is_closed(&sockets[0]), "the first to come is the first to go: {case}");
        assert!(!is_closed(&sockets[119]), "{case}");
    }
}

#[test]
fn requests_that_finish_are_answered_however_many_wait() {
    let server = limited(limits(|limits| limits.connections = Some(50)));
    let mut crowd = Vec::new();
    for number in 0..200_u128 {
        crowd.extend((0..3).map(|_| connect(&server, &head("GET /", ""))));
        let answer = server.send("10:00:00", &check_in(&format!("{:032x}", number + 1), "ok"));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[test]
fn headers_that_drip_are_cut_off() {
    let limits = limits(|limits| limits.headers = Duration::from_millis(300));
    let server = limited(limits);
    let mut slow = connect(&server, &head("GET /", "X-Slow: "));
    let idle = connect(&server, "");
    let begun = Instant::now();
    wait_until("the end of a slow one", || {
        // An error means that the connection is closed, which the next look shows.
        let _ = slow.write(b"x");
        is_closed(&slow)
    });
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    wait_until("the end of an idle one", || is_closed(&idle));
    assert_eq!(server.send("10:00:00", &check_in(&id('a'), "ok")).status, 200);
}

#[test]
fn headers_that_are_too_many_or_too_long_are_refused() {
    let server = limited(ConnectionLimits::default());
    let many = connect(&server, &head("GET /", &format!("{}\r\n", "X-Many: x\r\n".repeat(200))));
    assert_eq!(status(&mut BufReader::new(&many)), "431");
    let mut long = connect(&server, "");
    // The server closes the connection before the request is written, and the answer may be lost by that.
    let _ = long.write_all(head("GET /", &format!("X-Long: {}\r\n\r\n", "x".repeat(1 << 20))).as_bytes());
    let mut answer = Vec::new();
    let _ = long.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let plenty = format!("X-Long: {}\r\nConnection: close\r\n\r\n", "x".repeat(16 * 1024));
    let socket = connect(&server, &head("GET /", &plenty));
    assert_eq!(status(&mut BufReader::new(&socket)), "200");
}

#[test]
fn one_connection_carries_many_requests() {
    let server = limited(ConnectionLimits::default());
    let mut socket = connect(&server, "");
    let answers = socket.try_clone().unwrap();
    let mut answers = BufReader::new(&answers);
    let body =
        json!({"status": "ok", "monitor_config": {"schedule": {"type": "crontab", "value": "@daily"}}});
    let body = body.to_string();
    let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let post = head(&format!("POST /api/1/cron/job/{KEY}/"), &more);
    for _ in 0..20 {
        socket.write_all(post.as_bytes()).unwrap();
        assert_eq!(status(&mut answers), "202");
    }
    // The requests are sent all at once.
    socket.write_all(head("GET /", "\r\n").repeat(5).as_bytes()).unwrap();
    for _ in 0..5 {
        assert_eq!(status(&mut answers), "200");
    }
    assert_eq!(server.check_ins("job").len(), 20);
}

#[test]
fn a_refused_request_does_not_close_its_connection() {
    let server = Harness::at("10:00:00");
    let socket = connect(&server, "");
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut answers = BufReader::new(&socket);
    let body = "x".repeat(100_000);
    let length = format!("Content-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
    for (request, refusal) in [
        ("POST /monitors", "415"),
        ("POST /nothing", "404"),
        ("DELETE /live", "405"),
        ("PUT /api/0/organizations/none/monitors/job/", "404"),
        ("PUT /api/0/organizations/crons/monitors/job/", "400"),
        ("POST /api/1/envelope/?sentry_key=unknown", "400"),
        ("PUT /api/1/cron/job/unknown/", "405"),
    ] {
        for _ in 0..10 {
            // The head comes before the body, as most clients send them.
            (&socket).write_all(head(request, &length).as_bytes()).unwrap();
            (&socket).write_all(body.as_bytes()).unwrap();
            assert_eq!(status(&mut answers), refusal, "{request}");
        }
    }
}

#[test]
fn the_end_does_not_wait_for_idle_connections() {
    let mut server = Harness::at("10:00:00");
    let mut sockets: Vec<TcpStream> = (0..40).map(|_| connect(&server, "")).collect();
    for socket in &mut sockets[..20] {
        socket.write_all(head("GET /", "\r\n").as_bytes()).unwrap();
        assert_eq!(status(&mut BufReader::new(&*socket)), "200");
    }
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    for socket in &sockets {
        wait_until("the end of an idle one", || is_closed(socket));
    }
}
