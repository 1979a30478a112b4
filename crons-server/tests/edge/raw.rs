//! Sends requests as bytes, for what no HTTP client would send.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::harness::Harness;

/// An answer, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Raw {
    /// The value of a header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let named = |line: &str| line.split_once(": ").is_some_and(|(given, _)| given == name);
        let line = self.head.lines().find(|line| named(line));
        line.and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Returns the error that the answer names.
    pub fn detail(&self) -> String {
        self.json()["detail"].as_str().unwrap().to_owned()
    }
}

/// A request with a body, its length announced.
pub fn request(line: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut lines = vec![format!("{line} HTTP/1.1"), "host: localhost".to_owned()];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if !body.is_empty() {
        lines.push(format!("content-length: {}", body.len()));
    }
    let request = lines.join("\r\n") + "\r\n\r\n";
    [request.into_bytes(), body.to_vec()].concat()
}

pub fn connect(server: &Harness) -> TcpStream {
    TcpStream::connect(server.url("").trim_start_matches("http://")).unwrap()
}

/// Sends these bytes, closes the sending side, and reads all answers until the server closes, too.
pub fn send_and_close(server: &Harness, bytes: &[u8], is_head: bool) -> Vec<Raw> {
    let mut socket = connect(server);
    socket.write_all(bytes).unwrap();
    socket.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).unwrap();
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let head = String::from_utf8(rest[..end].to_vec()).unwrap();
        let mut answer = Raw { status: head[9..12].parse().unwrap(), head, body: Vec::new() };
        let length = if is_head { 0 } else { answer.header("content-length").parse().unwrap_or(0) };
        answer.body = rest[end..end + length].to_vec();
        rest.drain(..end + length);
        answers.push(answer);
    }
    answers
}

/// The answer to one request.
pub fn ask(server: &Harness, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Raw {
    let answers = send_and_close(server, &request(line, headers, body), line.starts_with("HEAD "));
    assert_eq!(answers.len(), 1, "{line}: {answers:?}");
    answers[0].clone()
}
