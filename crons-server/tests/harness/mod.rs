//! A server on a free port, with a database file and a clock that the test sets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg_attr(
    feature = "postgres",
    expect(clippy::expect_used, reason = "a test that cannot go on has failed")
)]
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

pub mod browser;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;

use std::time::{Duration, Instant};

use crons_server::{Clock, Database, ManualClock, Server, Settings, StartError};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub const KEY: &str = "abcdef0123456789abcdef0123456789";
const DAY: &str = "2024-06-03";

pub struct Harness {
    runtime: Runtime,
    server: Option<Server>,
    clock: ManualClock,
    folder: tempfile::TempDir,
    settings: Settings,
    pub agent: ureq::Agent,
}

pub const API: &str = "/api/0/organizations/crons";

/// An answer: its status, its header `X-Sentry-Error`, and its body as JSON where it is some.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub error: Option<String>,
    pub body: Value,
}

impl Harness {
    /// Starts a server whose clock stands at this time of 3 June 2024 (UTC).
    pub fn at(time: &str) -> Self {
        Self::with(time, Settings::default())
    }

    /// Starts a server with these webhooks and rules.
    pub fn with_alerts(time: &str, alerts: Value) -> Self {
        Self::with(time, Settings { alerts: serde_json::from_value(alerts).unwrap(), ..Settings::default() })
    }

    /// Starts a server with these settings, except for database, key and clock.
    pub fn with(time: &str, settings: Settings) -> Self {
        Self::on(tempfile::tempdir().unwrap(), time, settings)
    }

    /// Starts a server in this folder, on its file `crons.db` if there is one.
    pub fn on(folder: tempfile::TempDir, time: &str, settings: Settings) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock = ManualClock::new(instant(time));
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut harness = Self { runtime, server: None, clock, folder, settings, agent };
        harness.start(time);
        harness
    }

    /// Starts a server on a new database of PostgreSQL, whose clock stands at this time; `None` if this machine has no PostgreSQL.
    #[cfg(feature = "postgres")]
    pub fn on_postgres(time: &str, settings: Settings) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(POSTGRES_URL), postgres::new_database()?).unwrap();
        Some(Self::on(folder, time, settings))
    }

    /// Executes a statement in the schema of this server's PostgreSQL. Returns the value that it prints.
    #[cfg(feature = "postgres")]
    pub fn execute(&self, sql: &str) -> String {
        let url = std::fs::read_to_string(self.folder.path().join(POSTGRES_URL)).unwrap();
        let (_, schema) = url.split_once("schema=").unwrap();
        postgres::shared().unwrap().execute(&format!("SET search_path TO {schema}; {sql}"))
    }

    /// Starts one more server on the same database of PostgreSQL, by the same clock.
    #[cfg(feature = "postgres")]
    pub fn node(&self) -> Self {
        self.node_with(self.settings.clone())
    }

    /// Starts one more server on the same database of PostgreSQL, by the same clock, with other settings.
    #[cfg(feature = "postgres")]
    pub fn node_with(&self, settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(self.folder.path().join(POSTGRES_URL), folder.path().join(POSTGRES_URL)).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let clock = self.clock.clone();
        let mut node = Self { runtime, server: None, clock, folder, settings, agent: self.agent.clone() };
        node.server = Some(node.try_start().unwrap());
        node
    }

    /// Changes webhooks and rules for the next start.
    pub fn configure(&mut self, alerts: Value) {
        self.settings.alerts = serde_json::from_value(alerts).unwrap();
    }

    pub fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("crons.db")
    }

    /// The database of the server: the file, or with `CRONS_TEST_DATABASES=postgres` one of PostgreSQL, whose URL is kept in the folder.
    fn database_of_server(&self) -> Database {
        #[cfg(feature = "postgres")]
        let kept = self.folder.path().join(POSTGRES_URL);
        #[cfg(feature = "postgres")]
        if is_on_postgres() || kept.exists() {
            let url = std::fs::read_to_string(&kept).unwrap_or_else(|_| {
                let url = postgres::new_database().expect("CRONS_TEST_DATABASES asks for PostgreSQL");
                std::fs::write(&kept, &url).unwrap();
                url
            });
            return url.parse().unwrap();
        }
        Database::sqlite(self.database())
    }

    /// The database file, for faults and facts that the API does not have.
    pub fn file(&self) -> sqlite::File {
        sqlite::File::open(&self.database())
    }

    /// Stops the server, if it runs, and starts it again on the same file.
    pub fn start(&mut self, time: &str) {
        self.stop();
        self.clock.set(instant(time));
        // A server that was killed releases the lock on its file a moment later.
        self.server = Some(eventually(|| self.try_start().ok()));
    }

    /// Starts one more server on the same file.
    pub fn try_start(&self) -> Result<Server, StartError> {
        let settings = Settings {
            database: self.database_of_server(),
            public_key: Some(KEY.parse().unwrap()),
            clock: Clock::Manual(self.clock.clone()),
            ..self.settings.clone()
        };
        self.runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            Server::start(&settings, listener)
        })
    }

    pub fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.shutdown()).unwrap();
        }
    }

    /// Stops the server. Returns the folder with its file, for another one.
    pub fn into_folder(mut self) -> tempfile::TempDir {
        self.stop();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Ends the server without a shutdown.
    pub fn kill(&mut self) {
        drop(self.server.take());
    }

    /// Sets the clock, forward or back. The server notices with the next request.
    pub fn set_clock(&self, time: &str) {
        self.clock.set(instant(time));
    }

    pub fn sweep(&self) -> Option<usize> {
        self.runtime.block_on(self.server.as_ref().unwrap().sweep())
    }

    /// Moves the clock, through every minute on the way.
    pub fn advance(&self, time: &str) {
        self.runtime.block_on(self.server.as_ref().unwrap().advance_to(instant(time)));
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.as_ref().unwrap().address())
    }

    /// Moves the clock and sends a check-in in an envelope, as an SDK does.
    pub fn send(&self, time: &str, check_in: &Value) -> Answer {
        self.advance(time);
        self.send_now(check_in)
    }

    /// Sends a check-in in an envelope, whatever the clock shows.
    pub fn send_now(&self, check_in: &Value) -> Answer {
        let envelope =
            format!("{{\"dsn\":\"http://{KEY}@127.0.0.1/1\"}}\n{{\"type\":\"check_in\"}}\n{check_in}\n");
        self.post("/api/1/envelope/", &[], envelope.as_bytes())
    }

    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent.post(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body).unwrap())
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.agent.put(self.url(path)).send(body.to_string()).unwrap())
    }

    pub fn delete(&self, path: &str) -> Answer {
        answer(self.agent.delete(self.url(path)).call().unwrap())
    }

    /// The JSON at this path of the API.
    pub fn api(&self, path: &str) -> Value {
        let answer = self.get(&format!("{API}{path}"));
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.body
    }

    pub fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(self.url(path)).call().unwrap())
    }

    pub fn monitor(&self, slug: &str) -> Value {
        self.get(&format!("/api/0/organizations/crons/monitors/{slug}/")).body
    }

    /// The monitor's production environment, or its only one.
    pub fn environment(&self, slug: &str) -> Value {
        let monitor = self.monitor(slug);
        let environments = monitor["environments"].as_array().cloned().unwrap_or_default();
        let production = environments.iter().find(|environment| environment["name"] == "production");
        production.or(environments.first()).cloned().unwrap_or(Value::Null)
    }

    /// The check-ins of a monitor, oldest first.
    pub fn check_ins(&self, slug: &str) -> Vec<Value> {
        let answer = self.get(&format!("/api/0/organizations/crons/monitors/{slug}/checkins/"));
        let mut check_ins = answer.body.as_array().cloned().unwrap_or_default();
        check_ins.reverse();
        check_ins
    }

    pub fn statuses(&self, slug: &str) -> Vec<String> {
        self.check_ins(slug).iter().map(|check_in| check_in["status"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the alerts, oldest first.
    pub fn alerts(&self) -> Vec<Value> {
        let answer = self.get("/api/0/organizations/crons/alerts/");
        let mut alerts = answer.body.as_array().cloned().unwrap_or_default();
        alerts.reverse();
        alerts
    }

    pub fn page(&self) -> String {
        self.agent.get(self.url("/")).call().unwrap().body_mut().read_to_string().unwrap()
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.stop();
        if !std::thread::panicking() {
            let dangling = sqlite::dangling_rows(&self.database());
            assert!(!matches!(dangling, Some(1..)), "{dangling:?} rows refer to no row");
        }
    }
}

/// The file with the URL of a database of PostgreSQL, in the folder of its server.
#[cfg(feature = "postgres")]
const POSTGRES_URL: &str = "postgres-url";

/// Returns whether the servers of the tests are to use PostgreSQL.
#[cfg(feature = "postgres")]
fn is_on_postgres() -> bool {
    std::env::var("CRONS_TEST_DATABASES").is_ok_and(|databases| databases == "postgres")
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let text = response.body_mut().read_to_string().unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let error = response.headers().get("x-sentry-error").map(|error| error.to_str().unwrap().to_owned());
    Answer { status: response.status().as_u16(), error, body }
}

/// Polls until `look` finds something, for 30 seconds at most.
pub fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it did not happen within 30 seconds");
        std::thread::yield_now();
    }
}

/// `10:00:05` on the day of the tests, or a whole instant.
pub fn instant(time: &str) -> Timestamp {
    if time.contains('T') { time.parse().unwrap() } else { format!("{DAY}T{time}Z").parse().unwrap() }
}

/// An instant as the API writes it.
pub fn api(time: &str) -> Value {
    json!(instant(time).to_string())
}

/// Returns the number of check-ins with this outcome in a usage list.
pub fn json_count(usage: &Value, outcome: &str) -> u64 {
    let rows = usage.as_array().unwrap().iter().filter(|row| row["outcome"] == outcome);
    rows.map(|row| row["count"].as_u64().unwrap()).sum()
}

/// An id of one repeated letter, as the scenarios write it.
pub fn id(letter: char) -> String {
    letter.to_string().repeat(32)
}

/// An id of one repeated letter, as the API writes it.
pub fn api_id(letter: char) -> Value {
    let run = |length: usize| letter.to_string().repeat(length);
    json!(format!("{}-{}-{}-{}-{}", run(8), run(4), run(4), run(4), run(12)))
}

pub const NIL: &str = "00000000000000000000000000000000";

/// A check-in of the monitor `job`, which expects to run hourly.
pub fn check_in(id: &str, status: &str) -> Value {
    with(id, status, &json!({"schedule": {"type": "crontab", "value": "0 * * * *"}}))
}

/// A check-in of the monitor `job` with this configuration.
pub fn with(id: &str, status: &str, config: &Value) -> Value {
    json!({"check_in_id": id, "monitor_slug": "job", "status": status, "monitor_config": config})
}

/// The hourly configuration with more keys.
pub fn hourly(more: &Value) -> Value {
    let mut config = json!({"schedule": {"type": "crontab", "value": "0 * * * *"}});
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}
