//! Errors of requests to the API of a server: why there is no answer, or none of a `crons` server, and what to do.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crons_server::{chain, quoted};

use crate::output::printable;

/// The reason why there is no answer, or the refusal of the server. The message says what to do, and never repeats the token.
#[derive(Debug)]
pub(crate) struct ApiError {
    message: String,
    /// The status of a refusal.
    status: Option<u16>,
}

impl ApiError {
    /// The refusal of a server, in its own words.
    pub(crate) fn refusal(status: u16, message: &str) -> Self {
        Self { message: printable(message), status: Some(status) }
    }

    /// Returns whether the server has refused because it does not know what was asked for.
    pub(crate) fn is_not_found(&self) -> bool {
        self.status == Some(404)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ApiError {}

impl From<String> for ApiError {
    fn from(message: String) -> Self {
        Self { message, status: None }
    }
}

/// The server that was asked.
pub(crate) struct ServerAddress<'a> {
    /// The address, without a slash at the end.
    pub(crate) base: &'a str,
    /// The time in which an answer must be complete.
    pub(crate) timeout: Duration,
}

impl ServerAddress<'_> {
    /// The error of a request without an answer.
    pub(crate) fn unreachable(&self, error: reqwest::Error) -> ApiError {
        if error.is_timeout() {
            return self.timeout();
        }
        let (base, is_connect) = (self.base, error.is_connect());
        let cause = chain(&error.without_url());
        // The texts are those of rustls and hyper, whose types are out of reach behind reqwest.
        let has = |text: &str| cause.contains(text);
        let is_tls = base.starts_with("https:");
        let (what, advice) = if is_connect && has("InvalidContentType") {
            ("does not speak TLS", "if it speaks plain HTTP, write http:// in CRONS_URL")
        } else if is_connect && has("invalid peer certificate") {
            (
                "has a certificate that is refused here",
                "correct the certificate, the name in CRONS_URL or the clock; the authority of a private one is named by SSL_CERT_FILE",
            )
        } else if is_connect {
            ("cannot be asked", "start it with `crons serve`, or set CRONS_URL to its address")
        } else if has("invalid HTTP") && !is_tls {
            ("does not speak HTTP", "if it speaks HTTPS, write https:// in CRONS_URL; else correct the port")
        } else {
            (
                "closed the connection without an answer",
                "look at its log, and at that of a proxy in front of it; set CRONS_URL if what listens there is no crons server",
            )
        };
        format!("the server at {base} {what}: {cause}; {advice}").into()
    }

    /// The error of an answer that has begun and did not come to its end.
    pub(crate) fn cut_off(&self, error: reqwest::Error) -> ApiError {
        if error.is_timeout() {
            return self.timeout();
        }
        format!(
            "the answer of the server at {} was cut off: {}; try again, and look at the log of the server and of a proxy in front of it",
            self.base,
            chain(&error.without_url())
        )
        .into()
    }

    fn timeout(&self) -> ApiError {
        let (base, timeout) = (self.base, humantime::format_duration(self.timeout));
        format!(
            "the server at {base} gave no complete answer within {timeout}; look at its log and load, wait longer with --timeout, or set \
             CRONS_URL if what listens there is no crons server"
        )
        .into()
    }

    /// The error of a redirect, which is not followed: the token would go to another host.
    pub(crate) fn redirect(&self, status: u16, location: &str) -> ApiError {
        let (base, location) = (self.base, quoted(location));
        let message = format!(
            "the server at {base} redirects to {location}; set CRONS_URL to the address that it redirects to"
        );
        ApiError::refusal(status, &message)
    }

    /// The error of an answer that does not come from a `crons` server.
    pub(crate) fn foreign(&self, status: u16) -> ApiError {
        let base = self.base;
        let message = match status {
            400 if base.starts_with("http:") => format!(
                "HTTP 400 from {base} is not the answer of a crons server; many that speak HTTPS answer plain HTTP like this: write https:// in \
                 CRONS_URL if it does, else the address that `crons serve` prints"
            ),
            401 | 403 | 407 => format!(
                "HTTP {status} from {base} comes from a proxy or a sign-in page, and not from a crons server; set CRONS_URL to an address of \
                 the server that needs no sign-in"
            ),
            429 => format!(
                "HTTP 429 from {base}: a proxy in front of the server takes no more requests for now; try again later, and look at its limits"
            ),
            502..=504 => format!(
                "HTTP {status} from {base}: a proxy in front of the server gets no answer from it; start the server with `crons serve`, or look \
                 at its log"
            ),
            500..=599 => format!(
                "HTTP {status} from {base}: the server or a proxy in front of it is in trouble; look at their logs"
            ),
            _ => format!(
                "HTTP {status} from {base} is not the answer of a crons server; set CRONS_URL to the address that `crons serve` prints"
            ),
        };
        message.into()
    }
}
