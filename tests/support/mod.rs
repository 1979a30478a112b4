//! A server with a chosen behaviour, which remembers the check-ins that it was sent.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

pub mod child;
pub mod log;
mod network_variables;
pub mod posted;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The limit of every wait, which only a failing test reaches.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The reaction to a request.
#[derive(Clone)]
pub enum Behaviour {
    Answer(u16),
    /// Answers with these lines of headers, each with its line break.
    AnswerWith(u16, &'static str),
    /// Reads the request and closes the connection.
    HangUp,
    /// Announces more than it then sends.
    HalfAnswer,
    /// Reads the request and does not answer, until the client gives up.
    Silence,
    /// Answers 200 when the gate is open.
    Gate(Arc<Gate>),
}

#[derive(Default)]
pub struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        drop(self.opened.wait_while(self.open.lock().unwrap(), |open| !*open).unwrap());
    }
}

/// A server, and the check-ins it was sent, in order of arrival.
pub struct Sink {
    pub address: SocketAddr,
    received: Arc<Received>,
}

#[derive(Default)]
struct Received {
    check_ins: Mutex<Vec<Value>>,
    /// The client reports in the same envelopes.
    client_reports: Mutex<Vec<Value>>,
    arrived: Condvar,
}

impl Sink {
    /// Starts on a free port; the n-th request is treated by `behaviour(n)`, counted from 0.
    pub fn start(behaviour: impl Fn(usize) -> Behaviour + Send + Sync + 'static) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").unwrap(), behaviour)
    }

    pub fn listen(
        listener: TcpListener,
        behaviour: impl Fn(usize) -> Behaviour + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Received::default());
        let (sink, behaviour) = (Arc::clone(&received), Arc::new(behaviour));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sink, behaviour) = (Arc::clone(&sink), Arc::clone(&behaviour));
                std::thread::spawn(move || serve(&stream, &sink, &*behaviour));
            }
        });
        Self { address, received }
    }

    pub fn dsn(&self) -> String {
        format!("http://key@{}/1", self.address)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.received.check_ins.lock().unwrap()
    }

    /// The check-ins that have arrived so far.
    pub fn check_ins(&self) -> Vec<Value> {
        self.lock().clone()
    }

    /// The reports on losses that came along.
    pub fn client_reports(&self) -> Vec<Value> {
        self.received.client_reports.lock().unwrap().clone()
    }

    /// Waits until at least `count` have arrived.
    pub fn wait_for(&self, count: usize) -> Vec<Value> {
        let until = Instant::now() + DEADLINE;
        let mut check_ins = self.lock();
        while check_ins.len() < count {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "only {} of {count} check-ins arrived: {check_ins:?}", check_ins.len());
            check_ins = self.received.arrived.wait_timeout(check_ins, left).unwrap().0;
        }
        check_ins.clone()
    }
}

fn serve(stream: &TcpStream, sink: &Received, behaviour: &dyn Fn(usize) -> Behaviour) {
    // Answers are written in pieces, which must not wait for each other.
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    while let Some((check_in, client_report)) = read_request(&mut reader) {
        sink.client_reports.lock().unwrap().extend(client_report);
        let mut check_ins = sink.check_ins.lock().unwrap();
        let number = check_ins.len();
        check_ins.push(check_in);
        drop(check_ins);
        sink.arrived.notify_all();
        // A client that is gone cannot be answered.
        let _ = match behaviour(number) {
            Behaviour::Answer(status) => {
                write!(writer, "HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\n{{}}")
            }
            Behaviour::AnswerWith(status, headers) => {
                write!(writer, "HTTP/1.1 {status} X\r\n{headers}Content-Length: 2\r\n\r\n{{}}")
            }
            Behaviour::HangUp => return drop(stream.shutdown(Shutdown::Both)),
            Behaviour::HalfAnswer => {
                let _ = write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{{");
                return drop(stream.shutdown(Shutdown::Both));
            }
            Behaviour::Silence => reader.read_to_end(&mut Vec::new()).map(drop),
            Behaviour::Gate(gate) => {
                gate.pass();
                write!(writer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{{}}")
            }
        };
    }
}

/// The check-in of the next request, and the report on losses that came along; `None` at the end of the connection.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<(Value, Option<Value>)> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let text = String::from_utf8(body).ok()?;
    let mut lines = text.lines().skip(2).step_by(2).map(|line| serde_json::from_str(line).ok());
    Some((lines.next()??, lines.next().flatten()))
}

/// Locks the global client of the program: tests of it run one at a time.
pub fn one_at_a_time() -> MutexGuard<'static, ()> {
    static CLIENT: Mutex<()> = Mutex::new(());
    CLIENT.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Returns the status of each check-in about a monitor.
pub fn statuses<'a>(check_ins: &'a [Value], slug: &str) -> Vec<&'a str> {
    let of_slug = check_ins.iter().filter(|check_in| check_in["monitor_slug"] == slug);
    of_slug.map(|check_in| check_in["status"].as_str().unwrap()).collect()
}

/// Waits until a condition holds that no event announces; panics with `otherwise` if it never does.
pub fn until(holds: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let until = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < until, "{}", otherwise());
        std::thread::sleep(Duration::from_millis(5));
    }
}
