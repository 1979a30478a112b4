//! Query strings, read so that a refusal names the parameter.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;

use crate::http::error::Refusal;
use crate::http::paths;

/// The parameters of a query string, decoded, in the order in which they were written.
#[derive(Debug, Default)]
pub(crate) struct QueryPairs(Vec<(String, String)>);

impl QueryPairs {
    /// The parameters of a URI; none without a query string.
    pub(crate) fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The value of a parameter; `None` if it is not given.
    ///
    /// # Errors
    /// If it is given twice with two values. The message shows neither, since they may be keys.
    pub(crate) fn value(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.any(|other| Some(other) != first) {
            return Err(Refusal::bad_request(format!(
                "{name}: the query string gives it more than once, with different values; write it once"
            )));
        }
        Ok(first)
    }

    /// The names with their values.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// Refuses parameters other than these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        let Some((unknown, _)) = self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        let unknown: String = unknown.chars().take(80).collect();
        Err(Refusal::bad_request(format!(
            "{} is no parameter of this list; allowed are {}; leave it out",
            paths::named(&unknown),
            known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        )))
    }
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
    fn a_parameter_that_is_not_known_is_refused() {
        assert!(pairs("a=1&b=2").only(&["a", "b", "c"]).is_ok());
        assert!(pairs("a=1&d=2").only(&["a", "b", "c"]).is_err());
    }
}
