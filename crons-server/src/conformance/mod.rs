//! The conformance suite of databases, on every backend: each query of [`Queries`] over rows that the server itself has written, and in
//! `writes` each promise of [`Store`](crate::store::Store) without a server.

#[cfg(feature = "postgres")]
#[path = "../../tests/harness/postgres.rs"]
pub(crate) mod cluster;
mod activity;
mod alerts;
mod check_ins;
#[cfg(feature = "postgres")]
mod damaged;
mod explained;
mod export;
mod incidents;
mod monitors;
mod receipts;
mod retention;
mod silences;
mod tokens;
mod writes;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::store::{self, IncidentFilter, MemoryDatabase, OpenDatabase, PageRequest, Queries};
use crate::{Clock, Database, ManualClock, OpenServer, Server, Settings};

/// Makes a new database, in a folder if it has files; `None` if this machine has no such database.
type Create = fn(&Path) -> Option<Open>;
/// Opens the database, the first time and after a crash.
type Open = Box<dyn Fn() -> OpenDatabase>;

/// The backends, by name.
const BACKENDS: &[(&str, Create)] = &[
    ("sqlite", sqlite),
    ("memory", memory),
    #[cfg(feature = "postgres")]
    ("postgres", postgres),
    #[cfg(feature = "postgres")]
    ("postgres, prepared", postgres_prepared),
];

#[expect(clippy::unnecessary_wraps, reason = "other databases may be missing")]
fn sqlite(folder: &Path) -> Option<Open> {
    let database = Database::sqlite(folder.join("crons.db"));
    Some(Box::new(move || store::open(&database).unwrap()))
}

#[cfg(feature = "postgres")]
fn postgres(_: &Path) -> Option<Open> {
    postgres_of(&cluster::new_database()?)
}

#[cfg(feature = "postgres")]
fn postgres_prepared(_: &Path) -> Option<Open> {
    postgres_of(&format!("{}&prepared=true", cluster::new_database()?))
}

#[cfg(feature = "postgres")]
#[expect(clippy::unnecessary_wraps, reason = "a backend may be missing")]
fn postgres_of(url: &str) -> Option<Open> {
    let database: Database = url.parse().unwrap();
    Some(Box::new(move || store::open(&database).unwrap()))
}

/// A database whose rows outlive each [`OpenDatabase`], as those of a file do.
#[expect(clippy::unnecessary_wraps, reason = "other databases may be missing")]
fn memory(_: &Path) -> Option<Open> {
    let database = MemoryDatabase::default();
    Some(Box::new(move || {
        let reader = || Arc::new(database.clone());
        let (queries, probe, sweeper) = (reader(), reader(), reader());
        OpenDatabase { store: Box::new(database.clone()), queries, probe, sweeper }
    }))
}

const API: &str = "/api/0/organizations/crons";
const KEY: &str = "abcdef0123456789abcdef0123456789";
const START: &str = "10:00:00";
/// The first page of a list.
const FIRST: PageRequest = PageRequest { skip: 0, limit: 100 };

/// Runs a test on every backend.
fn on_every_backend(settings: &Settings, test: impl Fn(&Written)) {
    for (name, create) in BACKENDS {
        println!("on {name}");
        let folder = tempfile::tempdir().unwrap();
        if let Some(open) = create(folder.path()) {
            test(&Written::new(settings, &open, folder));
        }
    }
}

/// A database that a server writes to, and its queries.
struct Written {
    runtime: Runtime,
    server: Option<Server>,
    clock: ManualClock,
    queries: Arc<dyn Queries>,
    agent: ureq::Agent,
    _folder: tempfile::TempDir,
}

impl Written {
    fn new(settings: &Settings, open: &Open, folder: tempfile::TempDir) -> Self {
        let clock = ManualClock::new(instant(START));
        let public_key = Some(KEY.parse().unwrap());
        let settings = Settings { clock: Clock::Manual(clock.clone()), public_key, ..settings.clone() };
        let opened = OpenServer::with(open(), &settings).unwrap();
        let queries = Arc::clone(&opened.database.queries);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let server = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            opened.serve(listener).unwrap()
        });
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Self { runtime, server: Some(server), clock, queries, agent, _folder: folder }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Lets time pass, through every minute on the way.
    fn advance(&self, time: &str) {
        assert!(self.runtime.block_on(self.server().advance_to(instant(time))));
    }

    /// Sends a check-in of a job that is expected once a year, so that nothing is missed meanwhile.
    fn send(&self, monitor: &str, environment: &str, number: u32, status: &str) {
        self.send_with(
            monitor,
            environment,
            number,
            status,
            &json!({"type": "crontab", "value": "0 0 1 1 *"}),
        );
    }

    fn send_with(&self, monitor: &str, environment: &str, number: u32, status: &str, schedule: &Value) {
        let config = json!({"schedule": schedule, "max_runtime": 10_080});
        self.send_payload(&json!({"monitor_slug": monitor, "environment": environment, "status": status,
            "check_in_id": format!("{number:032x}"), "monitor_config": config}));
    }

    fn send_payload(&self, payload: &Value) {
        let envelope = format!("{{}}\n{{\"type\":\"check_in\"}}\n{payload}\n");
        let url = self.url(&format!("/api/1/envelope/?sentry_key={KEY}"));
        self.agent.post(url).send(envelope.as_bytes()).unwrap();
    }

    fn put(&self, path: &str, body: &Value) {
        let answer = self.agent.put(self.url(&format!("{API}{path}"))).send(body.to_string()).unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }

    fn delete(&self, path: &str) {
        let answer = self.agent.delete(self.url(&format!("{API}{path}"))).call().unwrap();
        assert_eq!(answer.status(), 202, "{path}");
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server().address())
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.shutdown()).unwrap();
        }
    }
}

/// Returns the items of a list, read in pages of two, which must be those of one large page.
fn in_pages<T: PartialEq + std::fmt::Debug>(read: impl Fn(PageRequest) -> (Vec<T>, bool)) -> Vec<T> {
    let (mut items, mut skip) = (Vec::new(), 0);
    loop {
        let (page, more) = read(PageRequest { skip, limit: 2 });
        assert!(page.len() == 2 || !more, "{page:?} is not the last page");
        items.extend(page);
        skip += 2;
        if !more {
            break;
        }
    }
    let (whole, more) = read(FIRST);
    assert!(whole == items && !more, "{whole:?} in one page, {items:?} in pages");
    assert_eq!(read(PageRequest { skip: skip + 100, limit: 2 }), (Vec::new(), false));
    items
}

/// Waits for a condition that soon holds.
fn eventually(happened: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !happened() {
        assert!(std::time::Instant::now() < deadline, "it did not happen within 20 seconds");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// The incidents of a monitor.
fn incidents_of(slug: &str) -> IncidentFilter<'_> {
    IncidentFilter { monitor_slug: Some(slug), ..IncidentFilter::default() }
}

/// `10:00:05` on the day of the tests.
fn instant(time: &str) -> jiff::Timestamp {
    format!("2024-06-03T{time}Z").parse().unwrap()
}

/// The instant as the tests write it.
fn time(instant: jiff::Timestamp) -> String {
    instant.strftime("%H:%M:%S").to_string()
}

/// The number that a check-in was sent with.
fn number(id: uuid::Uuid) -> u128 {
    id.as_u128()
}
