//! A client for tests that ask what arrives, and not only what is reported.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crons_types::{CheckIn, CheckInStatus};

use super::scope::scoped;
use super::simulated::{Simulated, TestServer};
use crate::client::client::Client;
use crate::client::error::InitError;
use crate::client::global;
use crate::client::options::{ClientOptions, Resolved};
use crate::record::stats::Stats;
use crate::wire::encode::CheckInEncoder;
use crate::wire::envelope::EnvelopeWriter;

/// A client without thread or network: its clock stands still until the test moves it, and its server does as told. All else,
/// order, folding, rate limits, retries, is what the real client does.
///
/// Jobs report to it within [`scope`](Self::scope); what they report is sent when time passes, or on `crons::flush`.
///
/// ```
/// # use crons_runtime as crons;
/// use crons::CheckInStatus::{InProgress, Ok};
/// use crons::test::{TestClient, TestServer};
/// use std::time::Duration;
///
/// let client = TestClient::new();
/// client.scope(|| {
///     let run = crons::monitor("import").start();
///     client.advance(Duration::from_secs(5));
///     client.set_server(TestServer::Down);
///     run.ok();
///     client.advance(Duration::from_secs(600));
///     client.assert_statuses("import", &[InProgress]);
///
///     client.set_server(TestServer::Up);
///     client.advance(Duration::from_secs(30));
///     client.assert_statuses("import", &[InProgress, Ok]);
/// });
/// assert_eq!(client.check_ins()[1].duration, Some(Duration::from_secs(5)));
/// assert!(client.stats().all_delivered());
/// ```
pub struct TestClient {
    simulated: Arc<Simulated>,
    client: Arc<Client>,
}

impl TestClient {
    /// With the options that [`ClientOptions`] has by default, in the environment `production`.
    ///
    /// # Panics
    /// If `SENTRY_RELEASE` is set and not UTF-8.
    #[expect(
        clippy::new_without_default,
        clippy::expect_used,
        reason = "all else about these options is right"
    )]
    pub fn new() -> Self {
        Self::with_options(ClientOptions::new()).expect("SENTRY_RELEASE is UTF-8")
    }

    /// With these options. Without a DSN or an environment among them it has its own; a transport among them is not used.
    ///
    /// # Errors
    /// If a DSN or an environment among them is malformed, or they disable the client.
    pub fn with_options(options: ClientOptions) -> Result<Self, InitError> {
        let settings = match options.for_test().resolve()? {
            Resolved::Enabled(settings) => settings,
            Resolved::Disabled(why) => return Err(InitError::Startup(why.into())),
        };
        let encoder = CheckInEncoder {
            envelopes: EnvelopeWriter::new(&settings.dsn),
            defaults: settings.defaults.clone(),
            before_send: settings.before_send.clone(),
        };
        let simulated = Arc::new(Simulated::new(&settings, encoder));
        let sink: Arc<Simulated> = Arc::clone(&simulated);
        Ok(Self { simulated, client: Arc::new(Client::Sink(sink)) })
    }

    /// Runs `f`; what it reports on this thread goes to this client.
    pub fn scope<R>(&self, f: impl FnOnce() -> R) -> R {
        global::with(Arc::clone(&self.client), f)
    }

    /// As [`scope`](Self::scope), for a future: what is reported while it is polled, on whatever thread.
    pub async fn scope_async<F: Future>(&self, future: F) -> F::Output {
        scoped(Arc::clone(&self.client), future).await
    }

    /// What the server does from now on.
    pub fn set_server(&self, server: TestServer) {
        self.simulated.set_server(server);
    }

    /// Lets so much time pass: what may be sent is sent on the way, at its time.
    pub fn advance(&self, time: Duration) {
        self.simulated.advance(time);
    }

    /// What has arrived at the server, in order.
    pub fn check_ins(&self) -> Vec<CheckIn> {
        self.simulated.arrived()
    }

    /// What has arrived about one monitor, in order.
    pub fn statuses(&self, slug: &str) -> Vec<CheckInStatus> {
        let check_ins = self.check_ins().into_iter();
        check_ins.filter(|one| one.monitor_slug.as_str() == slug).map(|one| one.status).collect()
    }

    /// What became of the check-ins.
    pub fn stats(&self) -> Stats {
        self.client.stats()
    }

    /// Asserts what has arrived about one monitor, in order.
    ///
    /// # Panics
    /// If it was something else; says all that has arrived.
    #[track_caller]
    pub fn assert_statuses(&self, slug: &str, expected: &[CheckInStatus]) {
        let arrived = self.statuses(slug);
        let all: Vec<String> =
            self.check_ins().iter().map(|one| format!("{} {}", one.monitor_slug, one.status)).collect();
        assert!(
            arrived == expected,
            "of `{slug}`, {} arrived, and not {}; in all: {all:?}; {:?}",
            listed(&arrived),
            listed(expected),
            self.stats(),
        );
    }
}

fn listed(statuses: &[CheckInStatus]) -> String {
    if statuses.is_empty() {
        return "nothing".to_owned();
    }
    statuses.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
