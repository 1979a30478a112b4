//! Tests of envelopes, read by the types of Sentry's own Rust SDK.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crons::{
    CheckIn, ClientOptions, MonitorConfig, Request, Response, SendFuture, Slug, Transport, capture_check_in,
};
use sentry_types::protocol::latest::{
    Envelope, EnvelopeItem, MonitorCheckIn, MonitorIntervalUnit, MonitorSchedule,
};

use crate::support::child;

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Request>>>);

impl Transport for Recorder {
    fn send(&self, request: Request) -> SendFuture {
        self.0.lock().unwrap().push(request);
        Box::pin(async { Ok(Response::new(200)) })
    }
}

/// Parses the only item of an envelope by the types of Sentry's SDK.
fn read(request: &Request) -> MonitorCheckIn {
    let envelope = Envelope::from_slice(&request.body).unwrap();
    let mut items = envelope.items();
    let Some(EnvelopeItem::MonitorCheckIn(check_in)) = items.next() else {
        panic!("no check-in in {envelope:?}")
    };
    assert!(items.next().is_none(), "more than one item");
    check_in.clone()
}

#[test]
fn envelopes_are_read_by_sentrys_own_types() {
    if !child::is_alone() {
        return;
    }
    let recorder = Recorder::default();
    let options = ClientOptions::new().dsn("https://topsecret@host.example/prefix/42").environment("staging");
    let crons = crons::init(options.transport(recorder.clone()));
    let config = MonitorConfig::crontab("0 3 * * *")
        .and_then(|config| config.timezone("Europe/Vienna"))
        .and_then(|config| config.checkin_margin("10 minutes"))
        .and_then(|config| config.max_runtime("2h"))
        .and_then(|config| config.failure_issue_threshold(2))
        .and_then(|config| config.recovery_threshold(3))
        .unwrap();
    let slug = Slug::parse("nightly-backup").unwrap();
    let id = capture_check_in(CheckIn::in_progress(slug.clone()).monitor_config(config));
    assert!(crons.flush(Duration::from_secs(30)));
    capture_check_in(CheckIn::ok(slug).check_in_id(id).duration(Duration::from_millis(1_500)));
    let interval = MonitorConfig::interval("90 minutes").unwrap();
    assert!(crons.flush(Duration::from_secs(30)));
    capture_check_in(CheckIn::error(Slug::parse("sync").unwrap()).monitor_config(interval));
    assert!(crons.close(Duration::from_secs(30)).all_delivered());

    let requests = recorder.0.lock().unwrap();
    let [begin, end, sync] = requests.iter().map(read).collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(&*requests[0].url, "https://host.example/prefix/api/42/envelope/");
    let headers: BTreeMap<&str, &str> =
        requests[0].headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(headers["content-type"], "application/x-sentry-envelope");
    assert!(headers["user-agent"].starts_with("crons.rust/"));
    assert!(headers["x-sentry-auth"].starts_with("Sentry sentry_version=7, sentry_client=crons.rust/"));
    assert!(!format!("{:?}", requests[0]).contains("topsecret"), "the key is shown");

    assert_eq!(begin.check_in_id.simple().to_string(), id.to_string());
    assert_eq!(
        (begin.monitor_slug.as_str(), begin.environment.as_deref()),
        ("nightly-backup", Some("staging"))
    );
    assert_eq!((begin.duration, end.duration), (None, Some(1.5)));
    assert_eq!(serde_json::to_value(begin.status).unwrap(), "in_progress");
    assert_eq!(serde_json::to_value(end.status).unwrap(), "ok");
    let config = begin.monitor_config.unwrap();
    assert!(matches!(config.schedule, MonitorSchedule::Crontab { value } if value == "0 3 * * *"));
    assert_eq!(config.timezone.as_deref(), Some("Europe/Vienna"));
    assert_eq!((config.checkin_margin, config.max_runtime), (Some(10), Some(120)));
    assert_eq!((config.failure_issue_threshold, config.recovery_threshold), (Some(2), Some(3)));

    assert_eq!(serde_json::to_value(sync.status).unwrap(), "error");
    let schedule = sync.monitor_config.unwrap().schedule;
    assert!(matches!(schedule, MonitorSchedule::Interval { value: 90, unit: MonitorIntervalUnit::Minute }));
}
