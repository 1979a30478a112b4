//! The parts of requests and answers that several routes of the API have.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use crons_types::Schedule;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::Config;
use crate::http::error::Refusal;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::App;
use crate::ingest::json;

/// The organization that everything belongs to.
pub(super) const ORGANIZATION: &str = "crons";

pub(super) fn organization(name: &str) -> Result<(), Refusal> {
    if name == ORGANIZATION {
        return Ok(());
    }
    let name = paths::named(name);
    Err(Refusal::not_found(format!("there is no organization {name}; this server has `{ORGANIZATION}`")))
}

pub(super) fn no_monitor(slug: &str) -> Refusal {
    Refusal::not_found(format!(
        "there is no monitor {}; it is made by its first check-in that brings a schedule",
        paths::named(slug)
    ))
}

/// What is named in the path; refused as everything else is.
pub struct InPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(named) = Path::from_request_parts(parts, state).await?;
        Ok(Self(named))
    }
}

/// The JSON of a request: small, and of just the keys that there are; `example` is a good one.
pub(super) fn body<T: DeserializeOwned>(
    json: Result<Bytes, BytesRejection>,
    example: &str,
) -> Result<T, Refusal> {
    let json = json.map_err(|rejected| {
        Refusal::new(
            rejected.status(),
            format!("the body cannot be read, or is too large; send one such as {example}"),
        )
    })?;
    json::read(&json)
        .map_err(|reason| Refusal::bad_request(format!("the body: {reason}; send one such as {example}")))
}

/// An instant in the query of a request; `None` if it is not there.
pub(super) fn instant(query: &QueryPairs, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(written) = query.value(name)? else { return Ok(None) };
    written.parse().map(Some).map_err(|_| {
        let written: String = written.chars().take(80).collect();
        Refusal::bad_request(format!(
            "{name}: {written:?} is no instant; write one such as 2024-06-03T10:00:00Z, and any `+` as %2B"
        ))
    })
}

/// From when on to show something, as the query says; `None` if it does not.
pub(super) fn since(query: &QueryPairs) -> Result<Option<Timestamp>, Refusal> {
    query.only(&["since"])?;
    instant(query, "since")
}

/// Refuses a slug of which there is no monitor.
pub(super) async fn known(app: &App, slug: &str) -> Result<(), Refusal> {
    let wanted = slug.to_owned();
    let found = app.read(move |reader| reader.is_monitor(crate::PROJECT, &wanted)).await?;
    if found { Ok(()) } else { Err(no_monitor(slug)) }
}

pub(super) fn config_json(config: &Config) -> Value {
    let (schedule_type, schedule) = match &config.schedule {
        Schedule::Crontab(crontab) => ("crontab", json!(crontab.as_str())),
        Schedule::Interval(interval) => ("interval", json!([interval.value(), interval.unit()])),
    };
    json!({
        "schedule_type": schedule_type,
        "schedule": schedule,
        "checkin_margin": config.checkin_margin,
        "max_runtime": config.max_runtime,
        "timezone": config.zone().as_str(),
        "failure_issue_threshold": config.failure_issue_threshold,
        "recovery_threshold": config.recovery_threshold,
        "alert_rule_id": null,
    })
}
