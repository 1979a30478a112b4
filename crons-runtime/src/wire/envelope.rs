//! Sentry's envelope (<https://develop.sentry.dev/sdk/data-model/envelopes/>), with one check-in.

use std::sync::Arc;
use std::time::SystemTime;

use crons_types::{CheckIn, CheckInId, Dsn};
use serde::Serialize;

use crate::record::discard::DiscardCounts;
use crate::wire::transport::Request;

/// The name of the client in `sdk` and `User-Agent`.
pub(crate) const SDK_NAME: &str = "crons.rust";
const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes envelopes for one DSN.
pub(crate) struct EnvelopeWriter {
    url: Arc<str>,
    headers: Arc<[(&'static str, String)]>,
    dsn: String,
    public_key: String,
}

#[derive(Serialize)]
struct Header<'a> {
    dsn: &'a str,
    sdk: Sdk,
    /// The time just before the request, by which the server corrects clocks.
    sent_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<TraceHeader<'a>>,
}

#[derive(Serialize)]
struct TraceHeader<'a> {
    trace_id: CheckInId,
    public_key: &'a str,
}

#[derive(Serialize)]
struct Sdk {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct ItemHeader {
    #[serde(rename = "type")]
    kind: &'static str,
    length: usize,
}

/// The payload of a check-in: its fields, and the trace of its run.
#[derive(Serialize)]
struct Payload<'a> {
    #[serde(flatten)]
    check_in: &'a CheckIn,
    #[serde(skip_serializing_if = "Option::is_none")]
    contexts: Option<Contexts>,
}

#[derive(Serialize)]
struct Contexts {
    trace: Trace,
}

#[derive(Serialize)]
struct Trace {
    trace_id: CheckInId,
}

/// The counts of discarded check-ins since the last request, as a client report.
#[derive(Serialize)]
struct ClientReport {
    timestamp: String,
    discarded_events: Vec<DiscardedEvents>,
}

#[derive(Serialize)]
struct DiscardedEvents {
    reason: &'static str,
    category: &'static str,
    quantity: u64,
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
            public_key: dsn.public_key().to_owned(),
        }
    }

    /// Writes an envelope with one check-in, as Relay answers 413 to a second one, and with a client report if check-ins were discarded.
    pub(crate) fn write(
        &self,
        check_in: &CheckIn,
        trace: Option<CheckInId>,
        discarded: &DiscardCounts,
    ) -> Result<Request, serde_json::Error> {
        let now = humantime::format_rfc3339_millis(now()).to_string();
        let sdk = Sdk { name: SDK_NAME, version: SDK_VERSION };
        let header = Header {
            dsn: &self.dsn,
            sdk,
            sent_at: now.clone(),
            trace: trace.map(|trace_id| TraceHeader { trace_id, public_key: &self.public_key }),
        };
        let mut body = serde_json::to_vec(&header)?;
        body.push(b'\n');
        let contexts = trace.map(|trace_id| Contexts { trace: Trace { trace_id } });
        write_item(&mut body, "check_in", &Payload { check_in, contexts })?;
        if !discarded.is_empty() {
            let discarded = discarded.by_reason().into_iter();
            let discarded_events = discarded
                .map(|(reason, quantity)| DiscardedEvents { reason, category: "monitor", quantity })
                .collect();
            write_item(&mut body, "client_report", &ClientReport { timestamp: now, discarded_events })?;
        }
        Ok(Request { url: Arc::clone(&self.url), headers: Arc::clone(&self.headers), body })
    }
}

fn write_item(body: &mut Vec<u8>, kind: &'static str, payload: &impl Serialize) -> serde_json::Result<()> {
    let payload = serde_json::to_vec(payload)?;
    serde_json::to_writer(&mut *body, &ItemHeader { kind, length: payload.len() })?;
    body.push(b'\n');
    body.extend_from_slice(&payload);
    body.push(b'\n');
    Ok(())
}

/// The current time, at least 1970: a machine whose clock was never set may be earlier, which cannot be written.
fn now() -> SystemTime {
    SystemTime::now().max(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::discard::DiscardReason;
    use crons_types::{Environment, MonitorConfig, Slug};
    use serde_json::{Value, json};

    fn lines(request: &Request) -> Vec<Value> {
        let text = std::str::from_utf8(&request.body).unwrap();
        assert!(text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn one_item_with_its_length_and_no_key_that_was_not_given() {
        let dsn: Dsn = "http://pub@127.0.0.1:9000/42".parse().unwrap();
        let check_in = CheckIn::ok(Slug::parse("abc123").unwrap())
            .check_in_id(CheckInId::from_bytes([0x11; 16]))
            .duration(std::time::Duration::from_secs(123))
            .environment(Environment::parse("production").unwrap());
        let request = EnvelopeWriter::new(&dsn).write(&check_in, None, &DiscardCounts::default()).unwrap();

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
    fn the_trace_of_a_run_stands_in_the_header_and_in_the_payload() {
        let dsn: Dsn = "http://pub@host/42".parse().unwrap();
        let id = CheckInId::from_bytes([0x22; 16]);
        let check_in = CheckIn::ok(Slug::parse("job").unwrap()).check_in_id(id);
        let request =
            EnvelopeWriter::new(&dsn).write(&check_in, Some(id), &DiscardCounts::default()).unwrap();
        let [header, _, payload] = lines(&request).try_into().unwrap();
        assert_eq!(header["trace"], json!({"trace_id": id.to_string(), "public_key": "pub"}));
        assert_eq!(payload["contexts"], json!({"trace": {"trace_id": id.to_string()}}));
    }

    #[test]
    fn losses_go_along_as_a_client_report_with_each_reason_once() {
        let dsn: Dsn = "http://pub@host/42".parse().unwrap();
        let check_in = CheckIn::ok(Slug::parse("job").unwrap());
        let mut discarded = DiscardCounts::default();
        for (loss, quantity) in [
            (DiscardReason::Throttled, 2),
            (DiscardReason::RateLimited, 3),
            (DiscardReason::QueueOverflow, 1),
        ] {
            discarded.add(loss, quantity);
        }
        let request = EnvelopeWriter::new(&dsn).write(&check_in, None, &discarded).unwrap();
        let [_, _, _, item, mut report] = lines(&request).try_into().unwrap();
        assert_eq!(item["type"], "client_report");
        assert!(report["timestamp"].take().as_str().unwrap().ends_with('Z'));
        let expected = json!([
            {"reason": "queue_overflow", "category": "monitor", "quantity": 1},
            {"reason": "ratelimit_backoff", "category": "monitor", "quantity": 5},
        ]);
        assert_eq!(report["discarded_events"], expected);
    }

    #[test]
    fn a_full_config_is_written_in_sentrys_keys_and_integers() {
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
        let request = EnvelopeWriter::new(&dsn).write(&check_in, None, &DiscardCounts::default()).unwrap();
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
