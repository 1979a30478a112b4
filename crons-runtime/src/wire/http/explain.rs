//! Adds advice to errors of the HTTP client that do not name the cause.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use hyper_util::client::legacy::Error as LegacyError;
use rustls::CertificateError;

use super::connector::ConnectTimeout;
use crate::wire::transport::TransportError;

/// Converts an error of a request to `url`, with advice before it if there is any.
pub(super) fn explain(error: LegacyError, url: Arc<str>) -> TransportError {
    TransportError::new(Unanswered { advice: advice(cause(&error)), url, error })
}

/// The cause for which a request had no answer, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The port refused the connection: no program listens on it.
    Refused,
    /// No network leads to the host.
    Unreachable,
    /// No connection was made in time.
    ConnectTimeout,
    /// TCP was connected, but TLS or the tunnel of a proxy did not come about in time.
    HandshakeTimeout,
    /// The connection was made, and no answer came in time.
    AnswerTimeout,
    /// The connection was closed without an answer.
    Closed,
    /// No known authority has signed the certificate of the server.
    UnknownAuthority,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another name.
    WrongName,
    /// TLS failed for another reason.
    Tls,
    /// The other end does not speak TLS.
    NotTls,
    /// The other end does not speak HTTP.
    NotHttp,
    /// Another cause, which the text of the error names.
    Other,
}

/// Finds the cause of an error: the deepest one that is known.
pub(super) fn cause(error: &LegacyError) -> Cause {
    let known = std::iter::successors(error.source(), |&cause| below(cause)).filter_map(known).last();
    match known {
        // The system has given up on a connection that was made.
        Some(Cause::ConnectTimeout) if !error.is_connect() => Cause::AnswerTimeout,
        known => known.unwrap_or(Cause::Other),
    }
}

fn known(cause: &(dyn Error + 'static)) -> Option<Cause> {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return match (error.is_parse(), error.is_incomplete_message()) {
            (true, _) => Some(Cause::NotHttp),
            (_, true) => Some(Cause::Closed),
            _ => None,
        };
    }
    if let Some(ConnectTimeout { is_open }) = cause.downcast_ref() {
        return Some(if *is_open { Cause::HandshakeTimeout } else { Cause::ConnectTimeout });
    }
    match cause.downcast_ref::<io::Error>()?.kind() {
        ErrorKind::ConnectionRefused => Some(Cause::Refused),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some(Cause::Unreachable),
        ErrorKind::TimedOut => Some(Cause::ConnectTimeout),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::UnexpectedEof => {
            Some(Cause::Closed)
        }
        _ => None,
    }
}

fn tls(error: &rustls::Error) -> Cause {
    use CertificateError as Certificate;
    match error {
        rustls::Error::InvalidMessage(_) => Cause::NotTls,
        rustls::Error::InvalidCertificate(refused) => match refused {
            // `BadSignature`: an authority of that name is trusted, with another key.
            Certificate::UnknownIssuer | Certificate::BadSignature => Cause::UnknownAuthority,
            Certificate::Expired | Certificate::ExpiredContext { .. } => Cause::Expired,
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => Cause::NotYetValid,
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => Cause::WrongName,
            _ => Cause::Tls,
        },
        _ => Cause::Tls,
    }
}

/// Advice for causes whose error does not say what to do.
fn advice(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::NotHttp => Some(
            "what answers at the address of the DSN does not speak HTTP; if it speaks HTTPS, write https:// in the DSN",
        ),
        Cause::UnknownAuthority => Some(
            "the server's certificate is signed by an authority that is not known here; \
             if that is a private one, name it by ClientOptions::ca_certificates or SSL_CERT_FILE",
        ),
        Cause::NotTls => Some(
            "what answers at the address of the DSN does not speak TLS; if it speaks plain HTTP, write http:// in the DSN",
        ),
        _ => None,
    }
}

/// The cause of an error. An `io::Error` skips the error that it wraps in `source`, so that one is returned here.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(outer) => outer.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}

/// An error of the HTTP client, with the URL of the request, which it does not name itself.
#[derive(Debug)]
struct Unanswered {
    advice: Option<&'static str>,
    url: Arc<str>,
    error: LegacyError,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(advice) = self.advice {
            write!(f, "{advice}: ")?;
        }
        write!(f, "{}: {}", self.url, self.error)
    }
}

impl Error for Unanswered {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
