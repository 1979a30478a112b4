//! The same change to several monitors.

use std::collections::HashSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use crons_types::Slug;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::change_monitors::{log_unknown, refusal};
use super::monitor_body::MonitorStatus;
use super::request::{Scope, body, slug_of};
use super::shapes::Monitor;
use crate::domain::{Command, MonitorChange};
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::state::AppState;
use crate::mask;

/// The monitors that one transaction changes, at most.
const CHUNK: usize = 100;
/// The monitors of one request, at most.
const MAX_IDS: usize = 2_000;

const EXAMPLE: &str = r#"{"ids": ["nightly-backup", "report"], "isMuted": true}"#;

/// The change, and the ids or slugs of the monitors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BulkBody {
    ids: Vec<String>,
    status: Option<MonitorStatus>,
    #[serde(rename = "isMuted", alias = "is_muted")]
    is_muted: Option<bool>,
    // The server has one project.
    #[serde(rename = "project")]
    _project: Option<IgnoredAny>,
}

#[derive(Serialize)]
pub struct BulkAnswer {
    /// The ids of `ids` that no monitor has.
    errored: Vec<String>,
    updated: Vec<serde_json::Value>,
}

/// `PUT /api/0/organizations/crons/monitors/`: mutes, unmutes, enables or disables several monitors.
pub async fn change_monitors(
    State(state): State<AppState>,
    _: Scope,
    json: Result<Bytes, BytesRejection>,
) -> Result<Json<BulkAnswer>, HttpError> {
    let BulkBody { ids, status, is_muted, .. } = body(json, EXAMPLE)?;
    if status.is_none() && is_muted.is_none() {
        return Err(HttpError::bad_request(format!(
            "the body: neither `status` nor `isMuted` is given, so there is nothing to change; send one such as {EXAMPLE}"
        )));
    }
    if ids.is_empty() || ids.len() > MAX_IDS {
        return Err(HttpError::bad_request(format!(
            "ids: {} are given; write 1 to {MAX_IDS} ids or slugs of monitors",
            ids.len()
        )));
    }
    if let Some(malformed) = ids.iter().find(|id| id.parse::<Uuid>().is_err() && Slug::parse(id).is_err()) {
        let malformed: String = malformed.chars().take(80).collect();
        return Err(HttpError::bad_request(format!(
            "ids: {} is neither the id nor the slug of a monitor; take one from GET /monitors/",
            paths::named(&malformed)
        )));
    }
    let change = MonitorChange {
        enabled: status.map(|status| status == MonitorStatus::Active),
        muted: is_muted,
        ..MonitorChange::default()
    };
    let (slugs, mut errored) = known(&state, ids).await?;
    let mut updated = Vec::with_capacity(slugs.len());
    for chunk in slugs.chunks(CHUNK) {
        let monitors: Vec<String> = chunk.iter().map(|(_, slug)| slug.clone()).collect();
        let command = Command::ChangeMonitors { monitors, change: Box::new(change.clone()) };
        let changed = state.inbox.command(command).await?.map_err(|error| refusal(error, "of the list"))?;
        let shown: Vec<_> = chunk.iter().map(|(_, slug)| mask::hide(slug)).collect();
        tracing::info!(slugs = ?shown, ?status, ?is_muted, "monitors changed");
        log_unknown(&changed, "of the list");
        for (id, slug) in chunk {
            let wanted = slug.clone();
            match state.read(move |queries| queries.monitor(&wanted)).await? {
                Some(view) => {
                    updated.push(serde_json::to_value(Monitor::from(&view)).map_err(HttpError::internal)?);
                }
                None => errored.push(id.clone()),
            }
        }
    }
    Ok(Json(BulkAnswer { errored, updated }))
}

/// The ids of monitors that exist, each once and with its slug, and the other ids.
async fn known(
    state: &AppState,
    ids: Vec<String>,
) -> Result<(Vec<(String, String)>, Vec<String>), HttpError> {
    let (mut slugs, mut unknown, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for id in ids {
        let slug = slug_of(state, id.clone()).await?;
        if !seen.insert(slug.clone()) {
            continue;
        }
        let wanted = slug.clone();
        if state.read(move |queries| queries.has_monitor(&wanted)).await? {
            slugs.push((id, slug));
        } else {
            unknown.push(id);
        }
    }
    Ok((slugs, unknown))
}
