//! The public key of a request, in any of the places where clients put it.

use std::fmt;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use crate::http::access::{basic_pair, constant_time_eq};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;

/// The place of a key in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyPlace {
    Path,
    Header,
    Query,
    Envelope,
    Basic,
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Path => "the path",
            Self::Header => "the header X-Sentry-Auth",
            Self::Query => "the query string",
            Self::Envelope => "the envelope's `dsn`",
            Self::Basic => "the user name of Basic authorization",
        })
    }
}

/// The reason why a request is rejected. It holds no key, so that none reaches a message or the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AuthError {
    Missing,
    Disagree(KeyPlace, KeyPlace),
    Wrong(KeyPlace),
    Project(u64),
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "there is no key: send the public key of the DSN in the header X-Sentry-Auth, as ?sentry_key=, as the \
                 user name of the URL, at the end of the check-in URL's path, or as `dsn` in the envelope",
            ),
            Self::Disagree(one, other) => {
                write!(f, "the keys in {one} and in {other} are not the same; send one of them")
            }
            Self::Wrong(place) => {
                write!(f, "the key in {place} is not that of this server; copy the DSN that `crons serve` prints")
            }
            Self::Project(project) => {
                write!(f, "there is no project {project}; this server has project {}", crate::PROJECT)
            }
        }
    }
}

impl From<AuthError> for HttpError {
    fn from(error: AuthError) -> Self {
        Self::new(StatusCode::FORBIDDEN, error.to_string())
    }
}

/// Reads the project number of a path.
///
/// # Errors
/// If it is no number. The message leaves the text out, since it may be a key.
pub(super) fn project(written: &str) -> Result<u64, HttpError> {
    written.parse().map_err(|_| {
        HttpError::bad_request(format!(
            "project: this part of the path is no number; this server has project {ours}: send to /api/{ours}/..",
            ours = crate::PROJECT
        ))
    })
}

/// The keys of a request, each with its place.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<(KeyPlace, String)>);

impl Keys {
    /// Collects the keys in the headers and in the query string of a request.
    pub(super) fn of_request(head: &Parts) -> Result<Self, HttpError> {
        let mut keys = Self::of_headers(&head.headers);
        keys.add(KeyPlace::Query, QueryPairs::of(&head.uri).value("sentry_key")?);
        Ok(keys)
    }

    /// Collects the keys in all headers `X-Sentry-Auth` and `Authorization` of a request.
    fn of_headers(headers: &HeaderMap) -> Self {
        let mut keys = Self::default();
        for name in ["x-sentry-auth", header::AUTHORIZATION.as_str()] {
            for value in headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()) {
                keys.add(KeyPlace::Header, sentry_key(value));
                if let Some((user, _)) = basic_pair(value) {
                    keys.add(KeyPlace::Basic, String::from_utf8(user).ok().as_deref());
                }
            }
        }
        keys
    }

    /// Adds the key of a place; an empty key is ignored.
    pub(super) fn add(&mut self, place: KeyPlace, key: Option<&str>) {
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            self.0.push((place, key.to_owned()));
        }
    }

    /// Accepts a request with at least one key, if all of its keys are `ours`.
    ///
    /// The user name of Basic authorization counts only if there is no other key: beside one, it may be meant for a proxy in front of the
    /// server.
    pub(super) fn check(mut self, ours: &str, project: u64) -> Result<(), AuthError> {
        if self.0.iter().any(|(place, _)| *place != KeyPlace::Basic) {
            self.0.retain(|(place, _)| *place != KeyPlace::Basic);
        } else if !self.0.is_empty() {
            // The own key comes first: of two `Authorization` headers, one may be meant for a proxy.
            let own = self.0.iter().position(|(_, key)| constant_time_eq(key.as_bytes(), ours.as_bytes()));
            self.0.swap(0, own.unwrap_or(0));
            self.0.truncate(1);
        }
        let (place, first) = self.0.first().ok_or(AuthError::Missing)?;
        if let Some((other, _)) = self.0.iter().find(|(_, key)| key != first) {
            return Err(AuthError::Disagree(*place, *other));
        }
        if !constant_time_eq(first.as_bytes(), ours.as_bytes()) {
            return Err(AuthError::Wrong(*place));
        }
        if project == crate::PROJECT { Ok(()) } else { Err(AuthError::Project(project)) }
    }
}

/// The key of `Sentry sentry_version=7, sentry_key=..`, with or without the scheme; `None` for a header of another form.
fn sentry_key(value: &str) -> Option<&str> {
    const NAME: &str = "sentry_key";
    let value = value.trim();
    let (scheme, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    // The scheme may be missing, and spaces may stand around the equals sign, as some clients write it.
    let pairs = if scheme.eq_ignore_ascii_case("sentry") { rest } else { value };
    let (_, key) = pairs.split_once(NAME).filter(|(before, _)| {
        before.is_empty() || before.ends_with(|c: char| c == ',' || c.is_whitespace())
    })?;
    let key = key.trim_start().strip_prefix('=')?.trim_start();
    key.split(|c: char| c == ',' || c.is_whitespace())
        .next()
        .map(|key| key.trim_matches(|c: char| c.is_whitespace() || c == '"'))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;

    use super::*;

    fn found(headers: &[(&str, &str)]) -> Vec<(KeyPlace, String)> {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Keys::of_headers(&headers).0
    }

    #[test]
    fn the_key_is_found_in_the_headers_of_real_clients() {
        let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair));
        let cases = [
            (
                "x-sentry-auth",
                "Sentry sentry_version=7, sentry_client=sentry.python/2.75.0, sentry_key=abc".to_owned(),
                Some((KeyPlace::Header, "abc")),
            ),
            (
                "x-sentry-auth",
                "Sentry sentry_key=abc, sentry_version=7, sentry_timestamp=1795353032.8".to_owned(),
                Some((KeyPlace::Header, "abc")),
            ),
            (
                "x-sentry-auth",
                "SENTRY  sentry_version=7,sentry_key=\"abc\"".to_owned(),
                Some((KeyPlace::Header, "abc")),
            ),
            ("authorization", "Sentry sentry_key=abc".to_owned(), Some((KeyPlace::Header, "abc"))),
            ("x-sentry-auth", "sentry_key=abc".to_owned(), Some((KeyPlace::Header, "abc"))),
            ("x-sentry-auth", "sentry_version=7, sentry_key=abc".to_owned(), Some((KeyPlace::Header, "abc"))),
            (
                "x-sentry-auth",
                "Sentry sentry_key = abc, sentry_version = 7".to_owned(),
                Some((KeyPlace::Header, "abc")),
            ),
            ("x-sentry-auth", "Sentry\tsentry_key=abc\t".to_owned(), Some((KeyPlace::Header, "abc"))),
            ("x-sentry-auth", "Sentry my_sentry_key=abc".to_owned(), None),
            ("x-sentry-auth", "Sentry sentry_key abc".to_owned(), None),
            ("authorization", basic("abc:"), Some((KeyPlace::Basic, "abc"))),
            ("authorization", basic("abc:secret"), Some((KeyPlace::Basic, "abc"))),
            ("authorization", basic("abc"), Some((KeyPlace::Basic, "abc"))),
            ("authorization", basic("abc:").replace("Basic ", "bAsIc   "), Some((KeyPlace::Basic, "abc"))),
            ("authorization", basic("abc:").trim_end_matches('=').to_owned(), Some((KeyPlace::Basic, "abc"))),
            ("authorization", basic(":secret"), None),
            ("authorization", "Basic ***".to_owned(), None),
            ("authorization", "Basic".to_owned(), None),
            ("authorization", "Bearer abc".to_owned(), None),
            ("x-sentry-auth", "Sentry sentry_version=7".to_owned(), None),
            ("x-sentry-auth", String::new(), None),
        ];
        for (name, value, key) in cases {
            let expected: Vec<_> = key.map(|(place, key)| (place, key.to_owned())).into_iter().collect();
            assert_eq!(found(&[(name, &value)]), expected, "{value}");
        }
    }

    #[test]
    fn every_key_that_is_given_must_be_ours() {
        use KeyPlace::{Basic, Envelope, Header, Path, Query};
        for (given, project, expected) in [
            (&[(Header, "ours")][..], 1, Ok(())),
            (&[(Header, "ours"), (Query, "ours"), (Envelope, "ours")], 1, Ok(())),
            (&[], 1, Err(AuthError::Missing)),
            (&[(Header, ""), (Query, "")], 1, Err(AuthError::Missing)),
            (&[(Header, "ours"), (Query, "theirs")], 1, Err(AuthError::Disagree(Header, Query))),
            (&[(Path, "our")], 1, Err(AuthError::Wrong(Path))),
            (&[(Query, "ours")], 2, Err(AuthError::Project(2))),
            (&[(Basic, "ours")], 1, Ok(())),
            (&[(Basic, "theirs")], 1, Err(AuthError::Wrong(Basic))),
            // The user name for a proxy, beside a key in any other place.
            (&[(Basic, "proxy"), (Path, "ours")], 1, Ok(())),
            (&[(Basic, "ours"), (Path, "theirs")], 1, Err(AuthError::Wrong(Path))),
            (&[(Basic, "proxy"), (Basic, "ours")], 1, Ok(())),
            (&[(Basic, "proxy"), (Basic, "theirs")], 1, Err(AuthError::Wrong(Basic))),
        ] {
            let mut keys = Keys::default();
            for (place, key) in given {
                keys.add(*place, Some(key));
            }
            assert_eq!(keys.check("ours", project), expected, "{given:?}");
        }
    }
}
