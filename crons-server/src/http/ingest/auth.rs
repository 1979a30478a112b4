//! The project's key, in whichever place a client puts it.

use std::fmt;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};

use crate::http::access::{basic_pair, constant_time_eq};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;

/// Where a key was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Header,
    Query,
    Envelope,
    Basic,
}

impl fmt::Display for Place {
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

/// Why a request may not come in. It holds no key, so that none reaches a message or the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AuthError {
    Missing,
    Disagree(Place, Place),
    Wrong(Place),
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

/// The number of the project that a path names.
///
/// # Errors
/// If it is no number. The message leaves it out, since it may be a key.
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
pub(super) struct Keys(Vec<(Place, String)>);

impl Keys {
    /// The keys in the headers and in the query string of a request.
    pub(super) fn of_request(head: &Parts) -> Result<Self, HttpError> {
        let mut keys = Self::of_headers(&head.headers);
        keys.add(Place::Query, QueryPairs::of(&head.uri).value("sentry_key")?);
        Ok(keys)
    }

    /// The keys in the headers of a request: `X-Sentry-Auth` and `Authorization`, as often as they are there.
    fn of_headers(headers: &HeaderMap) -> Self {
        let mut keys = Self::default();
        for name in ["x-sentry-auth", header::AUTHORIZATION.as_str()] {
            for value in headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok()) {
                keys.add(Place::Header, sentry_key(value));
                if let Some((user, _)) = basic_pair(value) {
                    keys.add(Place::Basic, String::from_utf8(user).ok().as_deref());
                }
            }
        }
        keys
    }

    /// Adds the key that was found in a place; an empty one is none.
    pub(super) fn add(&mut self, place: Place, key: Option<&str>) {
        if let Some(key) = key.filter(|key| !key.is_empty()) {
            self.0.push((place, key.to_owned()));
        }
    }

    /// Accepts a request of which at least one key is given, all are the same, and that is ours.
    ///
    /// The user name of Basic authorization counts only where no other key is given: with another it may be that of a
    /// proxy in front of the server.
    pub(super) fn check(mut self, ours: &str, project: u64) -> Result<(), AuthError> {
        if self.0.iter().any(|(place, _)| *place != Place::Basic) {
            self.0.retain(|(place, _)| *place != Place::Basic);
        } else if !self.0.is_empty() {
            // Of two headers `Authorization`, one is the proxy's.
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

/// The key of `Sentry sentry_version=7, sentry_key=..`, with or without the scheme; `None` if a header says something else.
fn sentry_key(value: &str) -> Option<&str> {
    const NAME: &str = "sentry_key";
    let value = value.trim();
    let (scheme, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    // Some clients leave the scheme out, or write spaces around the sign of equality.
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

    fn found(headers: &[(&str, &str)]) -> Vec<(Place, String)> {
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
                Some((Place::Header, "abc")),
            ),
            (
                "x-sentry-auth",
                "Sentry sentry_key=abc, sentry_version=7, sentry_timestamp=1795353032.8".to_owned(),
                Some((Place::Header, "abc")),
            ),
            (
                "x-sentry-auth",
                "SENTRY  sentry_version=7,sentry_key=\"abc\"".to_owned(),
                Some((Place::Header, "abc")),
            ),
            ("authorization", "Sentry sentry_key=abc".to_owned(), Some((Place::Header, "abc"))),
            ("x-sentry-auth", "sentry_key=abc".to_owned(), Some((Place::Header, "abc"))),
            ("x-sentry-auth", "sentry_version=7, sentry_key=abc".to_owned(), Some((Place::Header, "abc"))),
            (
                "x-sentry-auth",
                "Sentry sentry_key = abc, sentry_version = 7".to_owned(),
                Some((Place::Header, "abc")),
            ),
            ("x-sentry-auth", "Sentry\tsentry_key=abc\t".to_owned(), Some((Place::Header, "abc"))),
            ("x-sentry-auth", "Sentry my_sentry_key=abc".to_owned(), None),
            ("x-sentry-auth", "Sentry sentry_key abc".to_owned(), None),
            ("authorization", basic("abc:"), Some((Place::Basic, "abc"))),
            ("authorization", basic("abc:secret"), Some((Place::Basic, "abc"))),
            ("authorization", basic("abc"), Some((Place::Basic, "abc"))),
            ("authorization", basic("abc:").replace("Basic ", "bAsIc   "), Some((Place::Basic, "abc"))),
            ("authorization", basic("abc:").trim_end_matches('=').to_owned(), Some((Place::Basic, "abc"))),
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
        use Place::{Basic, Envelope, Header, Path, Query};
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
            // That of a proxy, beside a key in any other place.
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
