//! A server that accepts everything and does next to nothing: a thread for each connection.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Result;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Starts one in this process; each body is shown to `arrived`, and answered after `delay`.
pub fn start(delay: Duration, arrived: impl Fn(&[u8]) + Send + Sync + 'static) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let arrived = Arc::new(arrived);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let arrived = Arc::clone(&arrived);
            std::thread::spawn(move || {
                // A client that is gone is no fault of the sink.
                let _ = converse(&stream, delay, &*arrived);
            });
        }
    });
    Ok(address)
}

fn converse(mut stream: &TcpStream, delay: Duration, arrived: &dyn Fn(&[u8])) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let (mut line, mut body) = (Vec::new(), Vec::new());
    while read_request(&mut reader, &mut line, &mut body)? {
        arrived(&body);
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        stream.write_all(ANSWER)?;
    }
    Ok(())
}

/// `false` at the end of the connection.
pub fn read_request(
    reader: &mut BufReader<&TcpStream>,
    line: &mut Vec<u8>,
    body: &mut Vec<u8>,
) -> std::io::Result<bool> {
    let mut length = 0;
    loop {
        line.clear();
        if reader.read_until(b'\n', line)? == 0 {
            return Ok(false);
        }
        if line == b"\r\n" {
            break;
        }
        line.make_ascii_lowercase();
        if let Some(value) = line.strip_prefix(b"content-length:") {
            length = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        }
    }
    body.resize(length, 0);
    reader.read_exact(body)?;
    Ok(true)
}

/// The fields of a check-in that are counted.
#[derive(Deserialize)]
pub struct CheckIn<'a> {
    pub check_in_id: &'a str,
    pub monitor_slug: &'a str,
    pub status: &'a str,
}

impl<'a> CheckIn<'a> {
    pub fn of(body: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(body.split(|byte| *byte == b'\n').nth(2)?).ok()
    }
}

/// The check-ins that have arrived.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Counts {
    pub requests: u64,
    /// The number of runs that the sink has received something of.
    pub runs: u64,
    /// Runs that ended as their monitor's name has it.
    pub right: u64,
}

#[derive(Default)]
struct Ledger {
    counts: Counts,
    /// Runs by id, with whether the end has arrived.
    runs: HashMap<u128, bool>,
}

impl Ledger {
    fn note(&mut self, check_in: &CheckIn<'_>) {
        self.counts.requests += 1;
        let id = u128::from_str_radix(&check_in.check_in_id.replace('-', ""), 16).unwrap_or_default();
        let ended = self.runs.entry(id).or_default();
        if !*ended && check_in.monitor_slug.strip_prefix("bench-") == Some(check_in.status) {
            *ended = true;
            self.counts.right += 1;
        }
        self.counts.runs = self.runs.len() as u64;
    }
}

/// Runs as the process that `SinkProcess` talks to: prints its address, and its counts for each line that it is sent.
pub fn serve(delay: u64) -> Result<()> {
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let book = Arc::clone(&ledger);
    let address = start(Duration::from_millis(delay), move |body| {
        if let Some(check_in) = CheckIn::of(body) {
            book.lock().unwrap_or_else(PoisonError::into_inner).note(&check_in);
        }
    })?;
    println!("{address}");
    for line in std::io::stdin().lines() {
        line?;
        let counts = ledger.lock().unwrap_or_else(PoisonError::into_inner).counts;
        println!("{}", serde_json::to_string(&counts)?);
    }
    Ok(())
}

/// A sink whose memory and time are not ours.
pub struct SinkProcess {
    child: Child,
    pub address: String,
}

impl SinkProcess {
    pub fn start(delay: Duration) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["sink", &delay.as_millis().to_string()]);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut sink = Self { child, address: String::new() };
        sink.address = sink.line()?;
        Ok(sink)
    }

    pub fn dsn(&self) -> String {
        format!("http://key@{}/1", self.address)
    }

    pub fn counts(&mut self) -> Result<Counts> {
        writeln!(self.child.stdin.as_mut().ok_or("no way to ask")?)?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    /// The process never writes more than one line for a request, so nothing is lost with the buffer.
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        BufReader::new(self.child.stdout.as_mut().ok_or("no answer")?).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for SinkProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
