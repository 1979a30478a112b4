//! A client without a worker, for `crons doctor`: it is set up as `init` sets one up, makes single requests, and reports their answers in full.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use crons_types::{CheckIn, Dsn};

use crate::client::error::InitError;
use crate::client::options::ClientOptions;
use crate::client::settings::{Resolved, Settings};
use crate::record::discard::DiscardCounts;
use crate::wire::encode::{CheckInEncoder, Discarded};
use crate::wire::envelope::EnvelopeWriter;
use crate::wire::http::{Cause, HttpTransport, NoReply, Reply, Route};
use crate::wire::roots::TrustedRoots;
use crate::worker::spool::survey::{SpoolSurvey, survey};

/// The time within which a name must be found.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that makes single requests.
pub struct DiagnosticClient {
    dsn: Dsn,
    encoder: CheckInEncoder,
    transport: HttpTransport,
    timeout: Duration,
    /// Never dropped, as that would wait for a name look-up that hangs.
    runtime: &'static tokio::runtime::Runtime,
}

impl std::fmt::Debug for DiagnosticClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiagnosticClient").field("dsn", &self.dsn).finish_non_exhaustive()
    }
}

impl DiagnosticClient {
    /// Sets up a client from its options and the environment of the process. Nothing is sent. `SENTRY_CRONS` is not read.
    ///
    /// # Errors
    /// In the cases of [`Client::new`](crate::Client::new).
    pub fn new(options: impl Into<ClientOptions>) -> Result<Self, InitError> {
        let settings = match options.into().resolve()? {
            Resolved::Enabled(settings) => *settings,
            Resolved::Disabled(why) => return Err(InitError::Startup(why.into())),
        };
        let Settings { dsn, defaults, request_timeout, before_send, ca_certificates, .. } = settings;
        let transport = HttpTransport::new(&dsn, ca_certificates.as_deref())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| InitError::Startup(error.into()))?;
        Ok(Self {
            encoder: CheckInEncoder { envelopes: EnvelopeWriter::new(&dsn), defaults, before_send },
            dsn,
            transport,
            timeout: request_timeout,
            runtime: Box::leak(Box::new(runtime)),
        })
    }

    /// The way to the server.
    pub fn route(&self) -> &Route {
        self.transport.route()
    }

    /// The authorities that are trusted; `None` if no connection needs TLS.
    pub fn trusted_roots(&self) -> Option<&TrustedRoots> {
        self.transport.trusted()
    }

    /// Looks up the first host on the way to the server: the proxy, or the server itself. Returns its addresses.
    ///
    /// # Errors
    /// If it has none, or is not found within 5 s.
    pub fn look_up(&self) -> io::Result<Vec<IpAddr>> {
        let url = self.dsn.envelope_url();
        self.runtime.block_on(async {
            let found = tokio::time::timeout(LOOK_UP_TIMEOUT, self.route().look_up(&url)).await;
            found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        })
    }

    /// Sends a check-in once, and waits for the answer.
    ///
    /// # Errors
    /// If there is no answer within the request timeout.
    pub fn check_in(&self, check_in: CheckIn) -> Result<Reply, NoReply> {
        let request = self.encoder.prepare(check_in).and_then(|check_in| {
            let id = check_in.check_in_id;
            self.encoder.write(&check_in, id, &DiscardCounts::default())
        });
        let request = request.map_err(|Discarded(reason)| {
            NoReply::new(Cause::Other, format!("the check-in was discarded before it was sent: {reason:?}"))
        })?;
        self.runtime.block_on(self.transport.ask(request, self.timeout))
    }

    /// Asks the server for `/health`, below the path of the DSN.
    ///
    /// # Errors
    /// If there is no answer within the request timeout.
    pub fn health(&self) -> Result<Reply, NoReply> {
        let url = self.dsn.envelope_url();
        let base = url.rsplit_once("/api/").map_or(&*url, |(base, _)| base);
        self.runtime.block_on(self.transport.get(format!("{base}/health").into(), self.timeout))
    }
}

/// Counts the journals of the spool in `folder`. They are locked for a moment, and not changed.
///
/// # Errors
/// If the folder cannot be read.
pub fn survey_spool(folder: &Path, dsn: &Dsn) -> io::Result<SpoolSurvey> {
    survey(folder, &crate::client::settings::spool_server(dsn))
}
