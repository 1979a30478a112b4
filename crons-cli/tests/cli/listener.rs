//! A listener that gives fixed answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A listener on any free port. It lives as long as its process.
pub struct Listener {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    /// Starts a listener that answers with these bytes, and closes the connection.
    pub fn start(answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::answering(move |_| answer.clone())
    }

    /// Starts a listener that answers with a JSON value, by the first line of a request in lower case, and closes the connection.
    pub fn json(answer: impl Fn(&str) -> Value + Send + 'static) -> Self {
        Self::answering(move |line| {
            let body = answer(line).to_string();
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            )
        })
    }

    /// Starts a listener whose answer depends on the first line of a request in lower case, and closes the connection.
    pub fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let line = read_request(&mut reader);
                let answer = answer(line.as_deref().unwrap_or_default());
                lines.lock().unwrap().extend(line);
                // Fails if the client has gone, as one may that speaks TLS.
                let _ = reader.get_mut().write_all(answer.as_bytes());
            }
        });
        Self { address, asked }
    }

    pub fn dsn(&self) -> String {
        format!("http://key@{}/1", self.address)
    }

    /// The first line of the first request, in lower case.
    pub fn asked(&self) -> String {
        self.asked.lock().unwrap().first().cloned().unwrap_or_default()
    }
}

/// Reads a request to its end. Returns its first line in lower case; `None` if what comes is no HTTP.
pub fn read_request(reader: &mut impl BufRead) -> Option<String> {
    let (mut first, mut length) = (None, 0);
    loop {
        let mut line = Vec::new();
        // A record of TLS has its type first.
        if reader.fill_buf().ok()?.first() == Some(&0x16) || reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8(line).ok()?.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        first.get_or_insert(line);
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body).ok()?;
    first
}
