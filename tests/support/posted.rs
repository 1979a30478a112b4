//! Requests as a server or a proxy reads them.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::io::BufRead;

pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

#[derive(Debug)]
pub struct Posted {
    /// `POST /path HTTP/1.1`
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Posted {
    /// The next request of a connection; `None` at its end.
    pub fn read(reader: &mut impl BufRead) -> Option<Self> {
        let line = next_line(reader)?;
        let mut headers = Vec::new();
        loop {
            let header = next_line(reader)?;
            let Some((name, value)) = header.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut posted = Self { line, headers, body: Vec::new() };
        let length = posted.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
        posted.body.resize(length, 0);
        reader.read_exact(&mut posted.body).ok()?;
        Some(posted)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The second word of the request's line.
    pub fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

/// Reads a line, and returns it without its end.
fn next_line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}
