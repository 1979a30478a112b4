//! Sentry's envelope: what a check-in looks like on the wire.

use std::sync::Arc;
use std::time::SystemTime;

use crons_types::{CheckIn, Dsn};
use serde::Serialize;

use crate::transport::Request;

/// Our name towards the server.
const SDK_NAME: &str = "crons.rust";
const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes envelopes for one DSN.
pub(crate) struct EnvelopeWriter {
    url: Arc<str>,
    headers: Arc<[(&'static str, String)]>,
    dsn: String,
}

#[derive(Serialize)]
struct Header<'a> {
    dsn: &'a str,
    sdk: Sdk,
    /// Taken as late as possible: the server corrects clocks by it.
    sent_at: String,
}

#[derive(Serialize)]
struct Sdk {
    name: &'static str,
    version: &'static str,
}

impl EnvelopeWriter {
    pub(crate) fn new(dsn: &Dsn) -> Self {
        let client = format!("{SDK_NAME}/{SDK_VERSION}");
        let mut auth =
            format!("Sentry sentry_version=7, sentry_client={client}, sentry_key={}", dsn.public_key());
        if let Some(secret) = dsn.secret_key() {
            auth = format!("{auth}, sentry_secret={secret}");
        }
        let content_type = "application/x-sentry-envelope".to_owned();
        Self {
            url: dsn.envelope_url().into(),
            headers: [("content-type", content_type), ("user-agent", client), ("x-sentry-auth", auth)].into(),
            dsn: dsn.to_string(),
        }
    }

    /// One envelope with one item: current servers refuse a second check-in in the same envelope.
    pub(crate) fn write(&self, check_in: &CheckIn) -> Result<Request, serde_json::Error> {
        let header = Header {
            dsn: &self.dsn,
            sdk: Sdk { name: SDK_NAME, version: SDK_VERSION },
            sent_at: humantime::format_rfc3339_millis(now()).to_string(),
        };
        let payload = serde_json::to_vec(check_in)?;
        let mut body = serde_json::to_vec(&header)?;
        body.extend_from_slice(
            format!("\n{{\"type\":\"check_in\",\"length\":{}}}\n", payload.len()).as_bytes(),
        );
        body.extend_from_slice(&payload);
        body.push(b'\n');
        Ok(Request { url: Arc::clone(&self.url), headers: Arc::clone(&self.headers), body })
    }
}

/// A machine whose clock was never set may be before 1970, which has no form on the wire.
fn now() -> SystemTime {
    SystemTime::now().max(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crons_types::{CheckInId, Environment, MonitorConfig, Slug};
    use serde_json::{Value, json};

    fn lines(request: &Request) -> Vec<Value> {
        let text = std::str::from_utf8(&request.body).unwrap();
        assert!(text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a1_a4_a9_a16_one_item_with_its_length_and_no_key_that_was_not_given() {
        let dsn: Dsn = "http://pub@127.0.0.1:9000/42".parse().unwrap();
        let check_in = CheckIn::ok(Slug::parse("abc123").unwrap())
            .id(CheckInId::from_bytes([0x11; 16]))
            .duration(std::time::Duration::from_secs(123))
            .environment(Environment::parse("production").unwrap());
        let request = EnvelopeWriter::new(&dsn).write(&check_in).unwrap();

        assert_eq!(&*request.url, "http://127.0.0.1:9000/api/42/envelope/");
        assert_eq!(request.headers[0], ("content-type", "application/x-sentry-envelope".to_owned()));
        assert!(request.headers[2].1.ends_with("sentry_key=pub"), "{:?}", request.headers);
        let [header, item, payload] = lines(&request).try_into().unwrap();
        assert_eq!(header["dsn"], "http://pub@127.0.0.1:9000/42");
        assert_eq!(header["sdk"]["name"], "crons.rust");
        assert!(header["sent_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(item, json!({"type": "check_in", "length": payload.to_string().len()}));
        let expected = json!({
            "check_in_id": "11111111111111111111111111111111", "monitor_slug": "abc123", "status": "ok",
            "duration": 123.0, "environment": "production",
        });
        assert_eq!(payload, expected);
    }

    #[test]
    fn a7_a_full_config_is_written_in_sentrys_keys_and_integers() {
        let config = MonitorConfig::crontab("0 * * * *")
            .and_then(|c| c.timezone("Canada/Eastern"))
            .and_then(|c| c.checkin_margin(2))
            .and_then(|c| c.max_runtime(333))
            .and_then(|c| c.failure_issue_threshold(2))
            .and_then(|c| c.recovery_threshold(3))
            .and_then(|c| c.owner("team:6"))
            .unwrap();
        let check_in = CheckIn::in_progress(Slug::parse("foo").unwrap()).monitor_config(config);
        let dsn: Dsn = "https://k:s@host/1".parse().unwrap();
        let request = EnvelopeWriter::new(&dsn).write(&check_in).unwrap();
        assert!(request.headers[2].1.ends_with("sentry_key=k, sentry_secret=s"));
        let expected = json!({
            "monitor_slug": "foo", "status": "in_progress",
            "monitor_config": {
                "schedule": {"type": "crontab", "value": "0 * * * *"}, "timezone": "Canada/Eastern",
                "checkin_margin": 2, "max_runtime": 333, "failure_issue_threshold": 2, "recovery_threshold": 3,
                "owner": "team:6",
            },
        });
        assert_eq!(lines(&request)[2], expected);
    }
}
