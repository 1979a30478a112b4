//! A server on a free port, with a database of its own and a clock that the test moves.

use std::time::Duration;

use crons_server::{Clock, Database, ManualClock, Server, Settings};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The public key of the server.
pub const KEY: &str = "abcdef0123456789abcdef0123456789";
/// The admin token of a server that has one.
pub const TOKEN: &str = "open-sesame-0123456789";
/// The id with which the server makes one.
pub const NIL: &str = "00000000000000000000000000000000";

/// A server whose clock starts at a whole minute near the present, and stands unless the test moves it.
#[derive(Debug)]
pub struct Site {
    server: Server,
    clock: ManualClock,
    agent: ureq::Agent,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn start(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now().as_second();
        let clock = ManualClock::new(Timestamp::from_second(now - now % 3_600).unwrap());
        let settings = Settings {
            database: Database::sqlite(folder.path().join("crons.db")),
            public_key: Some(KEY.parse().unwrap()),
            clock: Clock::Manual(clock.clone()),
            ..settings
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let server = Server::start(&settings, listener).unwrap();
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        Self { server, clock, agent, _folder: folder }
    }

    /// The address of a page.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// The DSN of the server.
    pub fn dsn(&self) -> String {
        self.server.dsn().to_owned()
    }

    /// The instant on the server's clock.
    pub fn now(&self) -> Timestamp {
        Clock::Manual(self.clock.clone()).now()
    }

    /// Moves the clock, through every minute on the way.
    pub async fn advance(&self, minutes: i64) {
        let then = self.now() + SignedDuration::from_mins(minutes);
        assert!(self.server.advance_to(then).await, "the minutes until {then} are not stored");
    }

    /// Sends a check-in in an envelope, as an SDK does. Returns the status of the answer.
    pub fn send(&self, check_in: &Value) -> u16 {
        let envelope =
            format!("{{\"dsn\":\"http://{KEY}@127.0.0.1/1\"}}\n{{\"type\":\"check_in\"}}\n{check_in}\n");
        let sent = self.agent.post(self.url("/api/1/envelope/")).send(envelope.as_bytes());
        sent.unwrap().status().as_u16()
    }

    /// Sends a form of a page, as another browser would.
    pub fn post_form(&self, path: &str, form: &[(&str, &str)]) {
        let sent = self.agent.post(self.url(path)).send_form(form.iter().copied());
        assert_eq!(sent.unwrap().status(), 200, "{path}");
    }

    /// The JSON of the API at this path below the organization.
    pub fn api(&self, path: &str) -> Value {
        let url = self.url(&format!("/api/0/organizations/crons{path}"));
        let request = self.agent.get(url).header("authorization", format!("Bearer {TOKEN}"));
        request.call().unwrap().body_mut().read_json().unwrap()
    }

    pub(crate) async fn stop(self) {
        self.server.shutdown().await.unwrap();
    }
}

/// A check-in of an hourly job that may be five minutes late and take ten.
pub fn check_in(slug: &str, id: &str, status: &str) -> Value {
    json!({
        "check_in_id": id, "monitor_slug": slug, "status": status, "environment": "production",
        "monitor_config": {
            "schedule": {"type": "crontab", "value": "0 * * * *"}, "checkin_margin": 5, "max_runtime": 10,
            "timezone": "Europe/Vienna", "owner": "team:ops",
        },
    })
}
