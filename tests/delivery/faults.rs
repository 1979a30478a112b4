//! Tests of faults on the wire: the job goes on, the deadlines hold, and no loss goes unreported.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crons::{CheckIn, ClientOptions, Slug, capture_check_in, monitor, stats};

use crate::support::log::Log;
use crate::support::posted::{OK, Posted};
use crate::support::{DEADLINE, one_at_a_time, until};

/// The log of the process. Lines about a server hold its address.
fn said() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(Log::install)
}

/// A server with a chosen treatment of its n-th request.
struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start(treat: impl Fn(usize, &TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let (counted, treat) = (Arc::clone(&requests), Arc::new(treat));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (counted, treat) = (Arc::clone(&counted), Arc::clone(&treat));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(&stream);
                    while Posted::read(&mut reader).is_some() {
                        let number = counted.fetch_add(1, Ordering::SeqCst);
                        // A client that is gone cannot be answered.
                        if treat(number, &stream).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    fn options(&self) -> ClientOptions {
        ClientOptions::new().dsn(format!("http://key@{}/1", self.address))
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    stream.write_all(OK.as_bytes())
}

fn end_of_a_run() {
    capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
}

/// Asserts that the job ends as without the client, in next to no time.
fn unharmed() {
    let begin = Instant::now();
    assert_eq!(monitor("job").run(|| Err::<(), _>("disk full")), Err("disk full"));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_name_that_does_not_resolve() {
    let _one = one_at_a_time();
    let log = said();
    let crons = crons::init(ClientOptions::new().dsn("http://key@sentry.invalid/1"));
    unharmed();
    until(|| stats().retried > 0, || log.text());
    let text = log.text();
    let line = text.lines().find(|line| line.contains("http://sentry.invalid/")).expect(&text);
    assert!(line.contains("dns error"), "{line}");
    let begin = Instant::now();
    let stats = crons.close(Duration::from_millis(100));
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!((stats.sent, stats.queued), (0, 1), "{stats:?}");
}

#[test]
fn a_server_that_does_not_speak_tls() {
    let _one = one_at_a_time();
    let log = said();
    let server = Server::start(|_, stream| answer(stream));
    let address = server.address;
    let crons = crons::init(ClientOptions::new().dsn(format!("https://key@{address}/1")));
    unharmed();
    until(|| stats().retried > 0, || log.text());
    let text = log.text();
    let line = text.lines().find(|line| line.contains(&format!("https://{address}/"))).expect(&text);
    // The error is that of the side that notices first.
    assert!(line.contains("received corrupt message") || line.contains("client error (Connect)"), "{line}");
    assert_eq!(crons.close(Duration::ZERO).sent, 0);
    assert_eq!(server.requests(), 0, "a check-in was sent in the clear");
}

#[test]
fn a_trickling_answer_is_cut_off_at_the_request_timeout() {
    let _one = one_at_a_time();
    // The status line is never complete: at this pace it would take an hour.
    let server = Server::start(|number, mut stream| match number {
        0 => loop {
            stream.write_all(b"H")?;
            std::thread::sleep(Duration::from_millis(20));
        },
        1 => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n")?;
            loop {
                stream.write_all(b"X: y\r\n")?;
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        _ => answer(stream),
    });
    let crons = crons::init(server.options().request_timeout(Duration::from_millis(300)));
    end_of_a_run();
    assert!(crons.flush(DEADLINE), "{:?}", stats());
    let stats = crons.close(DEADLINE);
    assert!(stats.all_delivered() && stats.sent == 1, "{stats:?}");
    assert!(stats.retried >= 2, "{stats:?}");
}

#[test]
fn a_slow_answer_makes_neither_flush_nor_close_late() {
    let _one = one_at_a_time();
    let server = Server::start(|_, mut stream| {
        loop {
            stream.write_all(b"H")?;
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let crons = crons::init(server.options());
    end_of_a_run();
    until(|| server.requests() > 0, || "nothing was sent".to_owned());
    let begin = Instant::now();
    assert!(!crons.flush(Duration::from_millis(100)));
    assert_eq!(crons.close(Duration::from_millis(100)).queued, 1);
    // A request may take ten seconds.
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_status_counts_although_its_body_never_ends() {
    let _one = one_at_a_time();
    let server = Server::start(|number, mut stream| {
        if number > 0 {
            return answer(stream);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
        loop {
            stream.write_all(b"x")?;
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let crons = crons::init(server.options().request_timeout(Duration::from_secs(2)));
    end_of_a_run();
    assert!(crons.flush(DEADLINE), "{:?}", stats());
    let stats = crons.close(DEADLINE);
    assert_eq!((stats.sent, stats.retried), (1, 0), "{stats:?}");
}

#[test]
fn a_connection_that_is_reset_in_the_middle() {
    let _one = one_at_a_time();
    let server = Server::start(|number, mut stream| {
        match number {
            // The connection is closed with a request unread: the other side sees a reset.
            0 => Err(std::io::ErrorKind::ConnectionReset.into()),
            1 => {
                stream.write_all(b"HTTP/1.1 20")?;
                Err(std::io::ErrorKind::ConnectionReset.into())
            }
            _ => answer(stream),
        }
    });
    let crons = crons::init(server.options());
    end_of_a_run();
    assert!(crons.flush(DEADLINE), "{:?}", stats());
    let stats = crons.close(DEADLINE);
    assert_eq!((stats.sent, stats.retried, server.requests()), (1, 2, 3), "{stats:?}");
}

#[test]
fn what_is_too_large_is_not_sent_again_and_the_log_says_so() {
    let _one = one_at_a_time();
    let log = said();
    let server = Server::start(|_, mut stream| {
        stream.write_all(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n")
    });
    let crons = crons::init(server.options());
    capture_check_in(CheckIn::ok(Slug::parse("too-large").unwrap()));
    assert!(crons.flush(DEADLINE));
    let stats = crons.close(DEADLINE);
    assert_eq!((stats.refused, stats.retried, server.requests()), (1, 0, 1), "{stats:?}");
    let text = log.text();
    let line = text.lines().find(|line| line.contains("slug=too-large")).expect(&text);
    assert!(line.contains("http=413") && line.contains("too large"), "{line}");
}
