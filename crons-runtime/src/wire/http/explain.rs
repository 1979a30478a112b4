//! Adds advice to errors of the HTTP client that do not name the cause.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use hyper_util::client::legacy::Error as LegacyError;
use rustls::CertificateError;

use crate::wire::transport::TransportError;

/// Converts an error of a request to `url`, with advice before it if there is any.
pub(super) fn explain(error: LegacyError, url: Arc<str>) -> TransportError {
    TransportError::new(Unanswered { advice: advice(&error), url, error })
}

fn advice(error: &LegacyError) -> Option<&'static str> {
    std::iter::successors(error.source(), |&cause| below(cause)).find_map(|cause| {
        if cause.downcast_ref().is_some_and(hyper::Error::is_parse) {
            return Some(
                "what answers at the address of the DSN does not speak HTTP; if it speaks HTTPS, write https:// in the DSN",
            );
        }
        match cause.downcast_ref()? {
            // `BadSignature`: an authority of that name is trusted, with another key.
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
                Some(
                    "the server's certificate is signed by an authority that is not known here; \
                     if that is a private one, name it by ClientOptions::ca_certificates or SSL_CERT_FILE",
                )
            }
            rustls::Error::InvalidMessage(_) => Some(
                "what answers at the address of the DSN does not speak TLS; if it speaks plain HTTP, write http:// in the DSN",
            ),
            _ => None,
        }
    })
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
