//! The `Transport` trait, which carries envelopes to the server, and its request, response and error.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crons_types::ACCEPTED_BUT;

/// Carries one envelope to the server.
///
/// The default is HTTP by `hyper` (feature `http`). Implement this to send by other means; the worker polls the future
/// on its own thread, inside a current-thread tokio runtime.
///
/// ```
/// # use crons_runtime as crons;
/// use crons::{ClientOptions, Request, Response, SendFuture, Transport};
///
/// struct Stderr;
///
/// impl Transport for Stderr {
///     fn send(&self, request: Request) -> SendFuture {
///         Box::pin(async move {
///             eprintln!("POST {} ({} bytes)", request.url, request.body.len());
///             Ok(Response::new(200))
///         })
///     }
/// }
///
/// let _crons = crons::init(ClientOptions::new().dsn("https://key@host/1").transport(Stderr));
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Posts the request and resolves to the server's answer, whatever its status.
    ///
    /// # Errors
    /// If there was no answer: the request is then sent again later, with the same check-in id.
    fn send(&self, request: Request) -> SendFuture;
}

/// The future of [`Transport::send`].
pub type SendFuture = Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send>>;

/// A request that posts an envelope.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The URL to post to.
    pub url: Arc<str>,
    /// `Content-Type`, `User-Agent` and `X-Sentry-Auth`, which holds the key.
    pub headers: Arc<[(&'static str, String)]>,
    /// The envelope.
    pub body: Vec<u8>,
}

/// Omits the headers and the body, which hold the key.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("url", &self.url)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The server's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Response {
    /// An answer with this status and no headers.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }
}

impl Response {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_server_error(&self) -> bool {
        (500..600).contains(&self.status)
    }

    /// Returns advice about a status that is no success.
    pub(crate) fn advice(&self) -> &'static str {
        match self.status {
            300..=399 => {
                "check the DSN: the server redirects; write the address it redirects to, such as https for http"
            }
            400 => {
                "the server could not read it; many that speak HTTPS answer plain HTTP like this: then write https:// in the DSN"
            }
            401 | 403 => "check the DSN: project and key do not fit the server",
            404 => "check the DSN: there is no such project at this address",
            413 => "it is too large",
            429 => "a limit of the server or of a proxy before it",
            500..=599 => "the server is in trouble",
            _ => "see the server's log",
        }
    }

    /// The reason for which the server rejected a check-in. Our server and old Sentry answer 200 to rejected check-ins and give the
    /// reason in a header. `None` if the check-in was accepted, or the server gave no reason.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.error().filter(|error| !error.starts_with(ACCEPTED_BUT))
    }

    /// The remark of the server about a check-in that counts, but was not taken as it was sent.
    pub(crate) fn remark(&self) -> Option<&str> {
        self.error()?.strip_prefix(ACCEPTED_BUT)
    }

    fn error(&self) -> Option<&str> {
        self.headers.iter().find(|(name, _)| name == "x-sentry-error").map(|(_, error)| error.as_str())
    }
}

/// The reason for which a request had no answer.
#[derive(Debug)]
pub struct TransportError(Box<dyn Error + Send + Sync>);

impl TransportError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The error of the HTTP client reads "client error (Connect)" only; its causes name the reason.
        write_chain(f, &*self.0)
    }
}

impl Error for TransportError {}

/// The number of causes that are written, at most.
const MOST_CAUSES: usize = 16;

/// Writes an error and its causes in one line.
pub(crate) fn write_chain(f: &mut fmt::Formatter<'_>, error: &dyn Error) -> fmt::Result {
    write!(f, "{error}")?;
    let mut cause = error.source();
    // An error may be its own cause.
    for _ in 0..MOST_CAUSES {
        let Some(error) = cause else { break };
        write!(f, ": {error}")?;
        cause = error.source();
    }
    Ok(())
}
