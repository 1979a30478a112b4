//! Query strings. Refusals name the parameter.

use std::collections::HashSet;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;

use crate::http::error::HttpError;
use crate::http::paths;

/// The parameters of a query string, decoded, in the order in which they were written.
#[derive(Debug, Default)]
pub(crate) struct QueryPairs {
    pairs: Vec<(String, String)>,
    /// The names of parameters whose bytes are not UTF-8.
    broken: Vec<String>,
}

impl QueryPairs {
    /// Reads the parameters of a URI; there are none without a query string.
    pub(crate) fn of(uri: &Uri) -> Self {
        Self::parse(uri.query().unwrap_or_default())
    }

    /// Reads pairs as a query string and a form have them.
    pub(crate) fn parse(text: &str) -> Self {
        let mut read = Self::default();
        for written in text.split('&') {
            for (name, value) in form_urlencoded::parse(written.as_bytes()).into_owned() {
                // The decoder replaces bytes that are not UTF-8 by a replacement character.
                let replaced = name.matches(REPLACED).count() + value.matches(REPLACED).count();
                if replaced > 0 && replaced != written_replacements(written) {
                    read.broken.push(name.clone());
                }
                read.pairs.push((name, value));
            }
        }
        read
    }

    /// The value of a parameter; `None` if it is not given.
    ///
    /// # Errors
    /// If the parameter is given twice with two values, or is not UTF-8. The message shows no value, since it may be a key.
    pub(crate) fn value(&self, name: &str) -> Result<Option<&str>, HttpError> {
        if self.broken.iter().any(|broken| broken == name) {
            return Err(not_utf8(name));
        }
        let mut values =
            self.pairs.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.any(|other| Some(other) != first) {
            return Err(HttpError::bad_request(format!(
                "{name}: the query string gives it more than once, with different values; write it once"
            )));
        }
        Ok(first)
    }

    /// The values of a parameter that may be given more than once, each value once.
    ///
    /// # Errors
    /// If the parameter is not UTF-8.
    pub(crate) fn values(&self, name: &str) -> Result<Vec<&str>, HttpError> {
        if self.broken.iter().any(|broken| broken == name) {
            return Err(not_utf8(name));
        }
        let mut seen = HashSet::new();
        let given = self.pairs.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        Ok(given.filter(|value| seen.insert(*value)).collect())
    }

    /// Returns the parameters, each with its value.
    ///
    /// # Errors
    /// If a parameter is not UTF-8.
    pub(crate) fn into_pairs(self) -> Result<Vec<(String, String)>, HttpError> {
        self.broken.first().map_or(Ok(self.pairs), |name| Err(not_utf8(name)))
    }

    /// Refuses parameters other than these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), HttpError> {
        let Some((unknown, _)) = self.pairs.iter().find(|(name, _)| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        Err(HttpError::bad_request(format!(
            "{} is no parameter of this list; allowed are {}; leave it out",
            paths::named(unknown),
            known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )))
    }
}

/// The character in place of bytes that are not UTF-8.
const REPLACED: char = char::REPLACEMENT_CHARACTER;

/// The number of replacement characters that the sender wrote as such, percent-encoded or not.
fn written_replacements(written: &str) -> usize {
    written.matches(REPLACED).count() + written.to_ascii_lowercase().matches("%ef%bf%bd").count()
}

fn not_utf8(name: &str) -> HttpError {
    let name = name.replace(REPLACED, "\u{2026}");
    HttpError::bad_request(format!(
        "{name}: this part of the query string is not UTF-8; percent-encode its bytes in UTF-8"
    ))
}

impl<S: Sync> FromRequestParts<S> for QueryPairs {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &str) -> QueryPairs {
        QueryPairs::of(&format!("/?{query}").parse().unwrap())
    }

    #[test]
    fn a_parameter_is_given_once_or_alike() {
        let query = pairs("status=ok&environment=a+b%2Fc&status=ok&duration=1&duration=2&empty=");
        assert_eq!(query.value("status").unwrap(), Some("ok"));
        assert_eq!(query.value("environment").unwrap(), Some("a b/c"));
        assert_eq!(query.value("empty").unwrap(), Some(""));
        assert_eq!(query.value("nothing").unwrap(), None);
        assert!(query.value("duration").is_err());
    }

    #[test]
    fn a_parameter_that_is_not_utf8_is_refused() {
        let query = pairs("a=1%FF&b=%EF%bf%BD&c=%C3%A9+%ef%bf%bd&d=%C3&%FE=1&e=%ef%bf%bd%80");
        for (name, is_right) in
            [("a", false), ("b", true), ("c", true), ("d", false), ("e", false), ("f", true)]
        {
            assert_eq!(query.value(name).is_ok(), is_right, "{name}");
        }
        assert_eq!(query.value("c").unwrap(), Some("\u{e9} \u{fffd}"));
        assert!(query.into_pairs().is_err());
        assert_eq!(pairs("a=%C3%A9&b").into_pairs().unwrap().len(), 2);
    }

    #[test]
    fn a_parameter_that_is_not_known_is_refused() {
        assert!(pairs("a=1&b=2").only(&["a", "b", "c"]).is_ok());
        assert!(pairs("a=1&d=2").only(&["a", "b", "c"]).is_err());
    }
}
