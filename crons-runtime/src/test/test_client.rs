//! A client that delivers to a simulated server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crons_types::{CheckIn, CheckInStatus};

use super::simulated::{Simulated, TestServer};
use crate::client::client::Client;
use crate::client::destination::Destination;
use crate::client::error::InitError;
use crate::client::options::ClientOptions;
use crate::client::scope::ScopedFuture;
use crate::client::settings::Resolved;
use crate::record::stats::Stats;
use crate::wire::encode::CheckInEncoder;
use crate::wire::envelope::EnvelopeWriter;

/// A client without thread or network: its clock advances by [`advance`](Self::advance) only, and its server behaves as
/// [`set_server`](Self::set_server) says. Order, coalescing, rate limits and retries are those of the real client.
///
/// Jobs report to it within [`scope`](Self::scope), and monitors of its [`client`](Self::client) anywhere. Check-ins are sent when time
/// passes, or on `crons::flush`. A clone is a handle of the same client, for other threads.
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
#[derive(Clone)]
pub struct TestClient {
    simulated: Arc<Simulated>,
    client: Client,
}

impl TestClient {
    /// Creates a client with the options that [`ClientOptions`] has by default, in the environment `production`.
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

    /// Creates a client with these options. It has a DSN and an environment of its own if they are left out; a transport
    /// among the options is not used.
    ///
    /// # Errors
    /// If the DSN or the environment is malformed, or the options disable the client.
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
        let destination = Destination::Sink(simulated.clone());
        Ok(Self { simulated, client: Client::borrowed(Some(Arc::new(destination))) })
    }

    /// The client itself, as code under test takes it.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// use crons::test::TestClient;
    ///
    /// fn import(client: &crons::Client) {
    ///     client.monitor("import").run(|| ());
    /// }
    ///
    /// let test = TestClient::new();
    /// import(test.client());
    /// assert!(test.client().flush(std::time::Duration::ZERO));
    /// test.assert_statuses("import", &[crons::CheckInStatus::Ok]);
    /// ```
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs `f` in the [scope](Client::scope) of this client.
    pub fn scope<R>(&self, f: impl FnOnce() -> R) -> R {
        self.client.scope(f)
    }

    /// Wraps a future so that it is in the scope of this client wherever it is polled, like [`scope`](Self::scope) for a closure.
    pub fn scope_async<F: Future>(&self, future: F) -> ScopedFuture<F> {
        self.client.scope_async(future)
    }

    /// Sets what the server does from now on.
    pub fn set_server(&self, server: TestServer) {
        self.simulated.set_server(server);
    }

    /// Advances the clock. Check-ins are sent on the way, each at its time.
    pub fn advance(&self, time: Duration) {
        self.simulated.advance(time);
    }

    /// The check-ins that have arrived at the server, in order.
    pub fn check_ins(&self) -> Vec<CheckIn> {
        self.simulated.arrived()
    }

    /// The statuses of the check-ins of one monitor that have arrived, in order.
    pub fn statuses(&self, slug: impl AsRef<str>) -> Vec<CheckInStatus> {
        let check_ins = self.check_ins().into_iter();
        check_ins.filter(|one| one.monitor_slug.as_str() == slug.as_ref()).map(|one| one.status).collect()
    }

    /// The statistics of the client.
    pub fn stats(&self) -> Stats {
        self.client.stats()
    }

    /// Asserts the statuses of the check-ins of one monitor that have arrived, in order.
    ///
    /// # Panics
    /// If they differ; the message lists everything that has arrived.
    #[track_caller]
    pub fn assert_statuses(&self, slug: impl AsRef<str>, expected: &[CheckInStatus]) {
        let slug = slug.as_ref();
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
