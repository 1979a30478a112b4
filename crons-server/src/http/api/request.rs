//! The parts of requests that several routes of the API share.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::ingest::json;

/// The only organization, to which everything belongs.
pub(super) const ORGANIZATION: &str = "crons";

pub(super) fn organization(name: &str) -> Result<(), HttpError> {
    if name == ORGANIZATION {
        return Ok(());
    }
    let name = paths::named(name);
    Err(HttpError::not_found(format!("there is no organization {name}; this server has `{ORGANIZATION}`")))
}

pub(crate) fn no_monitor(slug: &str) -> HttpError {
    HttpError::not_found(format!(
        "there is no monitor {}; it is made by its first check-in that brings a schedule",
        paths::named(slug)
    ))
}

/// The parameters of a path. A path that cannot be decoded is refused in the form of all errors.
pub struct InPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Path(named) = Path::from_request_parts(parts, state).await?;
        Ok(Self(named))
    }
}

/// Reads the JSON body of a request. A refusal shows `example`, a valid body.
pub(super) fn body<T: DeserializeOwned>(
    json: Result<Bytes, BytesRejection>,
    example: &str,
) -> Result<T, HttpError> {
    let json = json.map_err(|rejected| {
        HttpError::new(
            rejected.status(),
            format!("the body cannot be read, or is too large; send one such as {example}"),
        )
    })?;
    json::read(&json)
        .map_err(|reason| HttpError::bad_request(format!("the body: {reason}; send one such as {example}")))
}

/// Reads an instant of the query; `None` if the parameter is not given.
pub(super) fn instant(query: &QueryPairs, name: &str) -> Result<Option<Timestamp>, HttpError> {
    let Some(written) = query.value(name)? else { return Ok(None) };
    written.parse().map(Some).map_err(|_| {
        let written: String = written.chars().take(80).collect();
        HttpError::bad_request(format!(
            "{name}: {written:?} is no instant; write one such as 2024-06-03T10:00:00Z, and any `+` as %2B"
        ))
    })
}

/// Answers 404 if there is no monitor of this slug.
pub(super) async fn require_monitor(state: &AppState, slug: &str) -> Result<(), HttpError> {
    let wanted = slug.to_owned();
    let found = state.read(move |queries| queries.has_monitor(&wanted)).await?;
    if found { Ok(()) } else { Err(no_monitor(slug)) }
}
