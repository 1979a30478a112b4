//! The error of a request, in one form for all routes.

use std::fmt::Write;
use std::sync::Arc;

use axum::Json;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::mask;
use crate::pipeline::Unavailable;
use crate::store::StoreError;

/// The header with the reason, for clients that do not read the body; the name is that of Sentry's older servers.
pub const REASON: HeaderName = HeaderName::from_static("x-sentry-error");

/// The most characters of that header.
const MAX_REASON: usize = 500;

/// A refused request: the status, and the reason, which is answered as `{"detail": ..}`.
#[derive(Debug)]
pub struct HttpError {
    status: StatusCode,
    detail: String,
}

impl HttpError {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// A fault of the server itself, which is logged.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a request could not be answered");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; its log says why")
    }

    /// Appends notes to the reason.
    pub fn with_notes(mut self, notes: &[String]) -> Self {
        for note in notes {
            self.detail.push_str("; ");
            self.detail.push_str(note);
        }
        self
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let Self { status, detail } = self;
        let detail = mask::hide(&detail).into_owned();
        let mut response = with_reason((status, Json(json!({ "detail": detail }))).into_response(), &detail);
        response.extensions_mut().insert(Logged(detail.into()));
        response
    }
}

/// The reason among the extensions of a response, where the log finds it.
#[derive(Debug, Clone)]
pub struct Logged(pub Arc<str>);

/// Adds the reason as a header, as printable ASCII of at most [`MAX_REASON`] characters.
pub fn with_reason(mut response: Response, reason: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(&header_text(&mask::hide(reason))) {
        response.headers_mut().insert(REASON, value);
    }
    response
}

/// Converts a text to printable ASCII: typographic signs to their plain forms, any other character to its JSON escape (`\u00e9`). A text
/// of more than [`MAX_REASON`] characters is cut and ends in three dots.
fn header_text(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // The last length at which three dots still fit and no escape is cut in two.
    let mut cut = 0;
    for c in text.chars() {
        match c {
            ' '..='~' => plain.push(c),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            '\u{2018}' | '\u{2019}' => plain.push('\''),
            '\u{201c}' | '\u{201d}' => plain.push('"'),
            '\u{2026}' => plain.push_str("..."),
            '\u{2190}' => plain.push_str("<-"),
            '\u{2192}' => plain.push_str("->"),
            '\u{d7}' => plain.push('x'),
            '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' => plain.push(' '),
            '\n' => plain.push_str("\\n"),
            '\r' => plain.push_str("\\r"),
            '\t' => plain.push_str("\\t"),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // A write to a string does not fail.
                    let _ = write!(plain, "\\u{unit:04x}");
                }
            }
        }
        if plain.len() > MAX_REASON {
            plain.truncate(cut);
            plain.push_str("...");
            break;
        }
        if plain.len() <= MAX_REASON - 3 {
            cut = plain.len();
        }
    }
    plain
}

impl From<PathRejection> for HttpError {
    /// The message names the parameter of the path without its value, which may be a key.
    fn from(rejected: PathRejection) -> Self {
        let detail = match &rejected {
            PathRejection::FailedToDeserializePathParams(failed) => match failed.kind() {
                ErrorKind::InvalidUtf8InPathParam { key } => {
                    format!("{key}: this part of the path is not UTF-8; percent-encode its bytes in UTF-8")
                }
                _ => "the path has a part that this route does not take".to_owned(),
            },
            _ => "the path cannot be read".to_owned(),
        };
        Self::new(rejected.status(), detail)
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        if error.is_corrupt() {
            // The row was logged when it was found.
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string());
        }
        tracing::error!(%error, "a read failed");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read; the server's log says why")
    }
}

impl From<Unavailable> for HttpError {
    fn from(unavailable: Unavailable) -> Self {
        let reason = match unavailable {
            Unavailable::Database => "it could not be stored, send it again; the server's log says why",
            Unavailable::Closing => "the server is shutting down, send it again",
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, reason)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_reason_in_the_header_is_readable_ascii() {
        for (text, expected) in [
            (
                "1\u{2013}720 \u{2014} don\u{2019}t \u{201c}write\u{201d} 0\u{2026}",
                "1-720 - don't \"write\" 0...",
            ),
            ("caf\u{e9} \u{65e5}", "caf\\u00e9 \\u65e5"),
            ("\u{1f600}", "\\ud83d\\ude00"),
            ("a\r\nb\tc\u{7f}\u{0}", "a\\r\\nb\\tc\\u007f\\u0000"),
            ("12\u{a0}h \u{2212}1 3\u{d7}4", "12 h -1 3x4"),
        ] {
            assert_eq!(header_text(text), expected);
        }
        assert_eq!(header_text(&"x".repeat(500)).len(), 500);
        assert_eq!(header_text(&"x".repeat(501)), format!("{}...", "x".repeat(497)));
        // The limit does not cut an escape in two.
        assert_eq!(header_text(&"\u{e9}".repeat(100)), format!("{}...", "\\u00e9".repeat(82)));
    }

    proptest! {
        #[test]
        fn any_text_fits_into_the_header(text in "\\PC*|.{0,600}") {
            let plain = header_text(&text);
            prop_assert!(plain.len() <= MAX_REASON && plain.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert!(HeaderValue::from_str(&plain).is_ok());
            prop_assert!(!plain.contains('?') || text.contains('?'));
        }
    }
}
