//! Silences: the list, and the changes that people make.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::request::{self, InPath, Scope, beginning_of, organization};
use super::silence_body::{create, new_silence};
use super::since_query::SinceQuery;
use crate::domain::{self, Command, CommandError, Filter};
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

/// A silence, with the keys of the body that makes one.
#[derive(Serialize, ToSchema)]
pub(super) struct Silence<'a> {
    by: &'a str,
    created_at: Timestamp,
    /// The end as it was planned.
    ends_at: Timestamp,
    /// The time at which somebody ended it early.
    ended_at: Option<Timestamp>,
    id: Uuid,
    #[schema(value_type = Vec<Matcher>)]
    matchers: &'a [Filter],
    starts_at: Timestamp,
    /// `pending`, `active` or `ended`.
    status: &'static str,
    why: &'a str,
}

/// The JSON of a [`Filter`], for the schema.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the derive of the schema alone reads it")]
struct Matcher {
    /// The tag that is compared: `monitor.slug`, `environment`, `owner`, ..
    key: String,
    /// The comparison, such as `equals`.
    r#match: String,
    value: String,
}

impl<'a> Silence<'a> {
    fn new(silence: &'a domain::Silence, now: Timestamp) -> Self {
        let domain::Silence { id, matchers, starts_at, ends_at, by, why, created_at, ended_at } = silence;
        let status = if silence.is_active(now) {
            "active"
        } else if silence.end() <= now {
            "ended"
        } else {
            "pending"
        };
        Self {
            by,
            created_at: *created_at,
            ends_at: *ends_at,
            ended_at: *ended_at,
            id: *id,
            matchers,
            starts_at: *starts_at,
            status,
            why,
        }
    }
}

/// `GET /api/0/organizations/crons/silences/`: silences, the last one made first; with `?since=` only those that end after that.
pub async fn silences(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let asked = SinceQuery::read(&query)?;
    let (since, page) = (asked.since(), asked.page);
    let found = state.read(move |queries| queries.silences(since, page)).await?;
    let now = state.inbox.clock().now();
    let shown: Vec<_> = found.items.iter().map(|silence| Silence::new(silence, now)).collect();
    Ok((asked.links("silences/", found.more), Json(shown)).into_response())
}

/// `POST /api/0/organizations/crons/silences/`
pub async fn create_silence(
    State(state): State<AppState>,
    _: Scope,
    json: Bytes,
) -> Result<Response, HttpError> {
    let silence = create(&state, new_silence(&json)?).await?;
    let now = state.inbox.clock().now();
    Ok((StatusCode::CREATED, Json(Silence::new(&silence, now))).into_response())
}

/// `DELETE /api/0/organizations/crons/silences/{id}/`: ends it now. Its row stays, for the timeline.
pub async fn end_silence(
    State(state): State<AppState>,
    InPath((name, id)): InPath<(String, String)>,
) -> Result<StatusCode, HttpError> {
    organization(&name)?;
    end(&state, silence_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads the id of a silence.
///
/// # Errors
/// If it is no id.
pub(crate) fn silence_id(written: &str) -> Result<Uuid, HttpError> {
    request::id(written, "the id of a silence from /silences/")
}

/// Ends a silence now.
///
/// # Errors
/// If there is no such silence, it has ended, or the database fails.
pub(crate) async fn end(state: &AppState, id: Uuid) -> Result<(), HttpError> {
    match state.inbox.command(Command::EndSilence(id)).await? {
        Err(CommandError::SilenceEnded(at)) => {
            let detail = format!("the silence {id} is over since {at}: there is nothing to end");
            Err(HttpError::new(StatusCode::CONFLICT, detail))
        }
        Err(_) => Err(HttpError::not_found(format!(
            "there is no silence {}; `crons silence list` and GET /silences/ show those that there are",
            beginning_of(id)
        ))),
        Ok(_) => {
            tracing::info!(%id, "silence ended");
            Ok(())
        }
    }
}
