//! The project's key, in whichever of three places a client puts it.

use axum::http::HeaderMap;

use crate::access::same;

/// Why a request may not come in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AuthError {
    Missing,
    Disagree,
    Wrong,
    Project(u64),
}

impl AuthError {
    pub(super) fn message(&self) -> String {
        match self {
            Self::Missing => {
                "there is no key: send it in X-Sentry-Auth, as ?sentry_key=, or as `dsn` in the envelope"
                    .into()
            }
            Self::Disagree => {
                "the keys in the header, the query string and the envelope are not the same".into()
            }
            Self::Wrong => {
                "the key is not that of this server; copy the DSN that `crons serve` prints".into()
            }
            Self::Project(project) => format!("there is no project {project}; this server has project 1"),
        }
    }
}

/// The key of `X-Sentry-Auth: Sentry sentry_version=7, sentry_key=..`; some clients send it as `Authorization`.
pub(super) fn from_headers(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-sentry-auth").or_else(|| headers.get("authorization"))?.to_str().ok()?;
    let rest = value.trim().strip_prefix("Sentry").or_else(|| value.trim().strip_prefix("sentry"))?;
    rest.split([',', ' '])
        .filter_map(|part| part.trim().split_once('='))
        .find(|(name, _)| *name == "sentry_key")
        .map(|(_, key)| key.trim().to_owned())
}

/// Accepts a request of which at least one key is given, all are the same, and that is ours.
pub(super) fn check<'a>(
    keys: impl IntoIterator<Item = Option<&'a str>>,
    ours: &str,
    project: u64,
) -> Result<(), AuthError> {
    let mut keys = keys.into_iter().flatten();
    let first = keys.next().ok_or(AuthError::Missing)?;
    if keys.any(|other| other != first) {
        return Err(AuthError::Disagree);
    }
    if !same(first.as_bytes(), ours.as_bytes()) {
        return Err(AuthError::Wrong);
    }
    if project == crate::PROJECT { Ok(()) } else { Err(AuthError::Project(project)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_in_the_headers_of_real_clients() {
        let cases = [
            (
                "x-sentry-auth",
                "Sentry sentry_version=7, sentry_client=sentry.python/2.75.0, sentry_key=abc",
                Some("abc"),
            ),
            (
                "x-sentry-auth",
                "Sentry sentry_key=abc, sentry_version=7, sentry_timestamp=1795353032.8",
                Some("abc"),
            ),
            ("authorization", "Sentry sentry_key=abc", Some("abc")),
            ("authorization", "Bearer abc", None),
            ("x-sentry-auth", "Sentry sentry_version=7", None),
        ];
        for (name, value, key) in cases {
            let headers = HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]);
            assert_eq!(from_headers(&headers).as_deref(), key, "{value}");
        }
    }

    #[test]
    fn every_key_that_is_given_must_be_ours() {
        let cases = [
            (vec![Some("ours"), None], 1, Ok(())),
            (vec![Some("ours"), Some("ours")], 1, Ok(())),
            (vec![None, None], 1, Err(AuthError::Missing)),
            (vec![Some("ours"), Some("theirs")], 1, Err(AuthError::Disagree)),
            (vec![Some("our")], 1, Err(AuthError::Wrong)),
            (vec![Some("ours")], 2, Err(AuthError::Project(2))),
        ];
        for (keys, project, expected) in cases {
            assert_eq!(check(keys.clone(), "ours", project), expected, "{keys:?}");
        }
    }
}
