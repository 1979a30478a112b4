//! The body that makes a silence, and the command that it becomes.

use axum::body::Bytes;
use axum::http::StatusCode;
use crons_types::Minutes;
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::request::body;
use crate::domain::{Command, CommandError, Filter, NewSilence, Silence, SilenceEnd};
use crate::http::error::HttpError;
use crate::http::state::AppState;
use crate::mask;
use crate::quote::quoted;

/// The form of the body, for messages.
const EXAMPLE: &str = r#"{"matchers": [{"key": "monitor.slug", "match": "matches pattern", "value": "nightly-*"}], "for": "2h", "by": "ana", "why": "migration"}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    matchers: Vec<Filter>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    r#for: Option<String>,
    by: String,
    why: String,
}

/// Reads the body.
///
/// # Errors
/// If it is no such JSON, or a value is not allowed. The message names the key.
pub(super) fn new_silence(json: &Bytes) -> Result<NewSilence, HttpError> {
    let Body { matchers, starts_at, ends_at, r#for, by, why } = body(json, EXAMPLE)?;
    let end = match (ends_at, r#for) {
        (Some(at), None) => SilenceEnd::At(instant("ends_at", &at)?),
        (None, Some(length)) => SilenceEnd::After(
            Minutes::parse(&length).map_err(|error| HttpError::bad_request(format!("for: {error}")))?,
        ),
        (Some(_), Some(_)) => {
            return Err(HttpError::bad_request("write either `ends_at` or `for`, not both"));
        }
        (None, None) => {
            return Err(HttpError::bad_request(
                "a silence always ends: write `for`, such as \"2h\", or `ends_at`, an instant",
            ));
        }
    };
    let starts_at = starts_at.map(|at| instant("starts_at", &at)).transpose()?;
    Ok(NewSilence { matchers, starts_at, end, by, why })
}

fn instant(key: &str, text: &str) -> Result<Timestamp, HttpError> {
    text.parse().map_err(|_| {
        HttpError::bad_request(format!(
            "{key}: {} is not an instant; write a date, a time and an offset from UTC, such as \"2026-12-24T20:00:00+01:00\"",
            quoted(text)
        ))
    })
}

/// Makes a silence, and returns it once it is stored.
///
/// # Errors
/// If a value of it is not allowed, there are too many silences, or the database fails.
pub(crate) async fn create(state: &AppState, new: NewSilence) -> Result<Silence, HttpError> {
    let now = state.inbox.clock().now();
    let silence = new.accept(Uuid::new_v4(), now).map_err(HttpError::bad_request)?;
    match state.inbox.command(Command::CreateSilence(Box::new(silence.clone()))).await? {
        Err(CommandError::TooManySilences(most)) => {
            let detail = format!(
                "{most} silences are active or still to come, and there may be no more; end one with `crons silence end` or DELETE \
                 /silences/{{id}}/ (`crons silence list` and GET /silences/ show the ids)"
            );
            Err(HttpError::new(StatusCode::CONFLICT, detail))
        }
        Err(other) => Err(HttpError::internal(format!("{other:?}"))),
        Ok(_) => {
            let Silence { id, ends_at, by, .. } = &silence;
            tracing::info!(%id, by = %mask::hide(by), until = %ends_at, "silence made");
            Ok(silence)
        }
    }
}
