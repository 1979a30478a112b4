//! The client: HTTP/1.1 by hand, so that little of the machine is spent on asking.

use std::net::SocketAddr;
use std::ops::Range;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Result;
use crate::process::KEY;

/// A check-in in bytes, made once; only its monitor and its run change.
pub struct Request {
    bytes: Vec<u8>,
    monitor: Range<usize>,
    run: Range<usize>,
}

impl Request {
    /// The envelope that sentry-python sends, with the configuration. The monitor is `job-000000`, the run nil.
    pub fn new(to: SocketAddr, status: &str, schedule: &str) -> Self {
        let (run, duration) = ("0".repeat(32), if status == "in_progress" { "null" } else { "1.204" });
        let payload = format!(
            r#"{{"type":"check_in","monitor_slug":"job-000000","check_in_id":"{run}","status":"{status}","duration":{duration},"environment":"production","release":"app@1.4.2","monitor_config":{{"schedule":{{"type":"crontab","value":"{schedule}"}},"timezone":"Europe/Vienna","checkin_margin":1,"max_runtime":30,"failure_issue_threshold":1,"recovery_threshold":1}},"contexts":{{"trace":{{"trace_id":"c34b0a1f0d8a4ed6a2a4d5e7ad0df6b1"}}}}}}"#
        );
        let body = format!(
            "{{\"event_id\":\"9e0e3b0a4f0e4b0f8d3f2c1b0a998877\",\"sent_at\":\"2026-11-22T13:09:32.000000Z\"}}\n\
             {{\"type\":\"check_in\",\"length\":{}}}\n{payload}\n",
            payload.len()
        );
        let text = format!(
            "POST /api/1/envelope/ HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/x-sentry-envelope\r\n\
             User-Agent: sentry.python/2.75.0\r\nX-Sentry-Auth: Sentry sentry_key={KEY}, sentry_version=7, \
             sentry_client=sentry.python/2.75.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let place = |of: &str| text.find(of).map_or(0..0, |start| start..start + of.len());
        Self { monitor: place("000000\""), run: place(&run), bytes: text.into_bytes() }
    }

    /// Ids look random, as those of clients do: a database must not find them in order.
    pub fn set(&mut self, monitor: usize, run: u64) {
        let id = format!("{:016x}{:016x}", mix(run), mix(!run));
        self.bytes[self.run.clone()].copy_from_slice(id.as_bytes());
        self.bytes[self.monitor.clone()].copy_from_slice(format!("{monitor:06}\"").as_bytes());
    }
}

/// The finaliser of `SplitMix64`: no two numbers become the same.
fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A connection that is kept.
pub struct Client {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(4096) })
    }

    /// Sends a check-in and reads the answer to its end.
    ///
    /// # Errors
    /// If the answer is anything but a plain success: 200, and no reason why it does not count.
    pub async fn send(&mut self, request: &Request) -> Result<()> {
        self.stream.write_all(&request.bytes).await?;
        self.answer.clear();
        loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("the server has closed the connection".into());
            }
            let Some(end) = self.answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = str::from_utf8(&self.answer[..end])?;
            let of = |name: &str| {
                let mut fields = head.lines().filter_map(|line| line.split_once(':'));
                fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
            };
            let length: usize = of("content-length").ok_or("an answer without a length")?.parse()?;
            if self.answer.len() < end + 4 + length {
                continue;
            }
            if !head.starts_with("HTTP/1.1 200") || of("x-sentry-error").is_some() {
                return Err(format!("no plain yes: {}", String::from_utf8_lossy(&self.answer)).into());
            }
            return Ok(());
        }
    }
}
