//! Changes several monitors at once: mutes, unmutes, enables or disables them.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::change_monitors::{log_unknown, refusal};
use super::monitor_body::MonitorStatus;
use super::request::{Scope, body, check_monitor_name, slug_of};
use super::shapes::Monitor;
use crate::domain::{Command, MonitorChange};
use crate::http::error::HttpError;
use crate::http::state::AppState;
use crate::mask;
use crate::store::{MonitorView, Queries, StoreError};

/// The monitors that one transaction changes, at most.
const CHUNK: usize = 100;
/// The monitors of one request, at most.
pub(super) const MAX_IDS: usize = 2_000;

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

#[derive(Serialize, ToSchema)]
pub struct BulkAnswer {
    /// The ids of `ids` whose monitor does not exist or cannot be read.
    errored: Vec<String>,
    #[schema(value_type = Vec<Monitor<'static>>)]
    updated: Vec<serde_json::Value>,
}

/// `PUT /api/0/organizations/crons/monitors/`: mutes, unmutes, enables or disables several monitors.
pub async fn change_monitors(
    State(state): State<AppState>,
    _: Scope,
    json: Bytes,
) -> Result<Json<BulkAnswer>, HttpError> {
    let BulkBody { ids, status, is_muted, .. } = body(&json, EXAMPLE)?;
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
    for id in &ids {
        check_monitor_name("ids", id)?;
    }
    let change = MonitorChange {
        enabled: status.map(|status| status == MonitorStatus::Active),
        muted: is_muted,
        ..MonitorChange::default()
    };
    let (known, mut errored) = state.read(move |queries| known(queries, ids)).await?;
    let mut updated = Vec::with_capacity(known.len());
    for chunk in known.chunks(CHUNK) {
        let slugs: Vec<String> = chunk.iter().map(|(_, slug)| slug.clone()).collect();
        let command = Command::ChangeMonitors { monitors: slugs.clone(), change: Box::new(change.clone()) };
        let changed = state.inbox.command(command).await?.map_err(|error| refusal(error, "of the list"))?;
        let shown: Vec<_> = chunk.iter().map(|(_, slug)| mask::hide(slug)).collect();
        tracing::info!(slugs = ?shown, ?status, ?is_muted, "monitors changed");
        log_unknown(&changed, "of the list");
        let views = state.read(move |queries| queries.monitors_named(&slugs)).await?;
        let views: HashMap<&str, &MonitorView> =
            views.iter().map(|view| (view.monitor.slug.as_str(), view)).collect();
        for (id, slug) in chunk {
            match views.get(slug.as_str()).filter(|_| !changed.missing.contains(slug)) {
                Some(view) => {
                    updated.push(serde_json::to_value(Monitor::from(*view)).map_err(HttpError::internal)?);
                }
                None => errored.push(id.clone()),
            }
        }
    }
    Ok(Json(BulkAnswer { errored, updated }))
}

/// An id as the request has it, and the slug of its monitor.
type Known = (String, String);

/// The ids of monitors that exist, each monitor once, and the other ids.
fn known(queries: &dyn Queries, ids: Vec<String>) -> Result<(Vec<Known>, Vec<String>), StoreError> {
    let (mut known, mut unknown, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for id in ids {
        let slug = slug_of(queries, &id)?;
        if !seen.insert(slug.clone()) {
            continue;
        }
        if queries.has_monitor(&slug)? {
            known.push((id, slug));
        } else {
            unknown.push(id);
        }
    }
    Ok((known, unknown))
}
