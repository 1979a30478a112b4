//! The parts of requests that several routes of the API share.

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use crons_types::Slug;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::ingest::json;
use crate::quote::quoted;
use crate::store::{Queries, StoreError};

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
        "there is no monitor {}; `crons list` and GET /monitors/ show those that there are, and the first check-in with a schedule, or POST to \
         /monitors/, makes one",
        paths::named(slug)
    ))
}

/// The organization of a path, and its project where the path names one: they are those of this server.
pub struct Scope;

/// The slug of the monitor that a path names, by its slug or its id.
pub struct MonitorInPath(pub String);

#[derive(Deserialize)]
struct ScopePath {
    organization: String,
    project: Option<String>,
}

#[derive(Deserialize)]
struct MonitorPath {
    slug: String,
}

impl FromRequestParts<AppState> for Scope {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, HttpError> {
        let InPath(ScopePath { organization: name, project: number }) =
            InPath::from_request_parts(parts, state).await?;
        organization(&name)?;
        number.as_deref().map_or(Ok(()), project)?;
        Ok(Self)
    }
}

impl FromRequestParts<AppState> for MonitorInPath {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, HttpError> {
        Scope::from_request_parts(parts, state).await?;
        let InPath(MonitorPath { slug }) = InPath::from_request_parts(parts, state).await?;
        if slug.parse::<Uuid>().is_err() {
            return Ok(Self(slug));
        }
        Ok(Self(state.read(move |queries| slug_of(queries, &slug)).await?))
    }
}

/// The slug of the monitor with this id; any other text as it is, which may be a slug.
pub(super) fn slug_of(queries: &dyn Queries, written: &str) -> Result<String, StoreError> {
    let found = written.parse().ok().map(|id| queries.slug_of(id)).transpose()?.flatten();
    Ok(found.unwrap_or_else(|| written.to_owned()))
}

/// Accepts this server's project by its id or its slug, or Sentry's -1 for all projects.
pub(super) fn project(named: &str) -> Result<(), HttpError> {
    if named == crate::PROJECT.to_string() || named == ORGANIZATION || named == "-1" {
        return Ok(());
    }
    Err(HttpError::not_found(format!(
        "there is no project {}; this server has project {}",
        paths::named(named),
        crate::PROJECT
    )))
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
pub(super) fn body<T: DeserializeOwned>(json: &Bytes, example: &str) -> Result<T, HttpError> {
    json::read(json)
        .map_err(|reason| HttpError::bad_request(format!("the body: {reason}; send one such as {example}")))
}

/// Reads an instant of the query; `None` if the parameter is not given. An instant without a zone is in UTC, as at Sentry.
pub(super) fn instant(query: &QueryPairs, name: &str) -> Result<Option<Timestamp>, HttpError> {
    let Some(written) = query.value(name)? else { return Ok(None) };
    let without_zone = || {
        let time: civil::DateTime = written.parse().ok()?;
        TimeZone::UTC.to_timestamp(time).ok()
    };
    written.parse().ok().or_else(without_zone).map(Some).ok_or_else(|| {
        HttpError::bad_request(format!(
            "{name}: {} is no instant; write one such as 2024-06-03T10:00:00Z, and any `+` as %2B",
            quoted(written)
        ))
    })
}

/// Reads the id of a path. `source` says where such ids are found: a refusal ends with "take `source`".
pub(super) fn id(written: &str, source: &str) -> Result<Uuid, HttpError> {
    written.parse().map_err(|_| {
        HttpError::bad_request(format!("id: {} is no UUID; take {source}", paths::named(written)))
    })
}

/// The first digits of an id for a message: enough to recognise the id, while the whole of it may be a key.
pub(super) fn beginning_of(id: Uuid) -> String {
    format!("{:08x}-…", id.as_fields().0)
}

/// Refuses a text that is neither an id nor a slug, and so names no monitor.
pub(super) fn check_monitor_name(parameter: &str, written: &str) -> Result<(), HttpError> {
    if written.parse::<Uuid>().is_ok() || Slug::parse(written).is_ok() {
        return Ok(());
    }
    Err(HttpError::bad_request(format!(
        "{parameter}: {} is neither the id nor the slug of a monitor; take one from `crons list` or GET /monitors/",
        paths::named(written)
    )))
}

/// Answers 404 if there is no monitor of this slug.
pub async fn require_monitor(state: &AppState, slug: &str) -> Result<(), HttpError> {
    let wanted = slug.to_owned();
    let found = state.read(move |queries| queries.has_monitor(&wanted)).await?;
    if found { Ok(()) } else { Err(no_monitor(slug)) }
}
