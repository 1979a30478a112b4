//! Advice on the configuration of a monitor.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::request::{MonitorInPath, no_monitor};
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::simulation::{Advice, HISTORY, History, advise};
use crate::store::{PageRequest, Queries, StoreError};

/// The number of environments of one answer, at most.
const ENVIRONMENTS: usize = 20;
/// The outages that are read, at most.
const OUTAGES: PageRequest = PageRequest { skip: 0, limit: 1_000 };

/// The advice for one environment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnvironmentAdvice {
    pub environment: String,
    pub advice: Vec<AdviceJson>,
}

/// A piece of advice.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdviceJson {
    pub kind: &'static str,
    pub text: String,
    pub readings: Vec<String>,
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    pub attribute: Option<String>,
    failure: &'static str,
    #[serde(rename = "failuresBefore")]
    before: usize,
    #[serde(rename = "failuresAfter")]
    after: usize,
    slots: usize,
}

/// `GET /api/0/organizations/crons/monitors/{slug}/advice/`, with `?environment=` only for this one.
pub async fn advice(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&["environment"])?;
    let environment = query.value("environment")?.map(str::to_owned);
    let (wanted, of) = (slug.clone(), environment.clone());
    let found = state.read(move |queries| advice_of(queries, &wanted, of.as_deref())).await?;
    let found = found.ok_or_else(|| no_monitor(&slug))?;
    if let (Some(environment), true) = (environment, found.is_empty()) {
        return Err(HttpError::not_found(format!(
            "environment: monitor {} has no environment {}; `crons list` and GET /monitors/{{slug}}/ show which it has",
            paths::named(&slug),
            paths::named(&environment)
        )));
    }
    Ok(Json(found).into_response())
}

/// The advice for a monitor by environment, failing ones first; `None` if the monitor does not exist.
///
/// # Errors
/// If the database fails.
pub(crate) fn advice_of(
    queries: &dyn Queries,
    slug: &str,
    environment: Option<&str>,
) -> Result<Option<Vec<EnvironmentAdvice>>, StoreError> {
    let Some(view) = queries.monitor(slug)? else { return Ok(None) };
    let names = view.environments.iter().map(|view| view.environment.name.as_str());
    let names = names.filter(|name| environment.is_none_or(|wanted| wanted == *name)).take(ENVIRONMENTS);
    let mut found = Vec::new();
    for name in names {
        // `None`: deleted meanwhile.
        let Some(page) = queries.runs(slug, Some(name), None, HISTORY)? else { return Ok(None) };
        let runs: Vec<_> = page.items.into_iter().map(|view| view.run.check_in).collect();
        let since = runs.last().map_or(Timestamp::MAX, |run| run.date_added);
        let outages = queries.outages(since, OUTAGES)?.items;
        let history = History { monitor: &view.monitor, runs: &runs, outages: &outages };
        let advice = advise(&history).into_iter().map(AdviceJson::from).collect();
        found.push(EnvironmentAdvice { environment: name.to_owned(), advice });
    }
    Ok(Some(found))
}

impl From<Advice> for AdviceJson {
    fn from(advice: Advice) -> Self {
        let Advice { kind, text, readings, settings, attribute, failure, before, after, slots } = advice;
        Self { kind, text, readings, settings, attribute, failure, before, after, slots }
    }
}
