//! Tests of reports that a server did not take: when and in which order the next runs send them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::lab::{Lab, statuses, texts};

/// A server with one answer to starts and one to ends, and the bodies of its requests.
#[derive(Clone, Default)]
struct Fake(Arc<Mutex<([String; 2], Vec<String>)>>);

impl Fake {
    /// Starts the server. Returns it and its DSN.
    fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let dsn = format!("http://key@{}/1", listener.local_addr().unwrap());
        let fake = Self::default();
        let served = fake.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let fake = served.clone();
                std::thread::spawn(move || fake.serve(BufReader::new(stream)));
            }
        });
        (fake, dsn)
    }

    fn serve(&self, mut stream: BufReader<std::net::TcpStream>) {
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap_or_default() == 0 {
                    return;
                }
                let header = line.trim().to_ascii_lowercase();
                if header.is_empty() {
                    break;
                }
                length =
                    header.strip_prefix("content-length: ").map_or(length, |length| length.parse().unwrap());
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let body = String::from_utf8(body).unwrap();
            let mut state = self.0.lock().unwrap();
            let answer = &state.0[usize::from(!body.contains("\"status\":\"in_progress\""))];
            let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
            state.1.push(body);
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    }

    /// Answers starts and ends from now on with these statuses and headers.
    fn answer(&self, start: &str, end: &str) {
        self.0.lock().unwrap().0 = [start.to_owned(), end.to_owned()];
    }

    /// Takes the bodies of the requests that have a report on this slug with this status.
    fn take(&self, slug: &str, status: &str) -> Vec<String> {
        let all = std::mem::take(&mut self.0.lock().unwrap().1);
        let words = [format!("\"monitor_slug\":\"{slug}\""), format!("\"status\":\"{status}\"")];
        all.into_iter().filter(|body| words.iter().all(|word| body.contains(word))).collect()
    }
}

#[test]
fn older_runs_from_the_spool_never_outdate_the_newest() {
    for (late, newest) in [("true", "error"), ("false", "ok")] {
        let lab = Lab::new();
        let dsn = lab.server().dsn().to_owned();
        // Each of them leaves the newest four of those before, as the server takes no more at once.
        for _ in 0..8 {
            lab.reporting(&dsn, &["a", "--interval", "1 day", "--flush", "0s"], &[late]).output().unwrap();
        }
        let server = lab.server_at(&dsn, &[]);
        let job = if newest == "ok" { "true" } else { "false" };
        let output = lab.reporting(&dsn, &["a", "--interval", "1 day"], &[job]).output().unwrap();
        assert!(texts(&output).2.contains("the oldest runs in the spool (1) are not reported"), "{output:?}");
        let expected = statuses(&server, "a");
        assert_eq!(
            (expected.len(), &*expected[0]),
            (5, newest),
            "the newest four of the spool came before: {output:?}"
        );
        lab.reporting(&dsn, &["b", "--interval", "1 day"], &["true"]).output().unwrap();
        assert_eq!(statuses(&server, "a"), expected, "nothing is left for a later run");
    }
}

#[test]
fn the_end_of_a_run_that_a_limit_refuses_is_sent_by_the_next_run() {
    let limited = "429 Too Many Requests\r\nretry-after: 3600";
    let taken_with_limit = "200 OK\r\nx-sentry-rate-limits: 999999:monitor:organization";
    for (start, end) in [(limited, limited), (taken_with_limit, limited), ("200 OK", limited)] {
        let lab = Lab::new();
        let (server, dsn) = Fake::start();
        server.answer(start, end);
        let output = lab.reporting(&dsn, &["job", "--flush", "1s"], &["false"]).output().unwrap();
        assert!(texts(&output).2.contains("in the spool, for the next start"), "{output:?}");
        server.take("job", "error");
        server.answer("200 OK", "200 OK");
        assert!(lab.reporting(&dsn, &["other"], &["true"]).status().unwrap().success());
        assert_eq!(server.take("job", "error").len(), 1, "{start} {end}");
    }
}
