//! Counts of check-ins by buckets of time, in the shapes of Sentry's private endpoints.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::extract::State;
use crons_types::Slug;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::period::duration;
use super::request::{MonitorInPath, Scope, project, require_monitor, slug_of};
use crate::domain::Status;
use crate::http::error::HttpError;
use crate::http::paths;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::store::{StatsQuery, StatsView};

/// The buckets of an answer, of all monitors together, at most.
const MAX_BUCKETS: i64 = 100_000;
/// The resolutions of one monitor, and of the answer without one.
const RESOLUTIONS: [(&str, i64); 5] =
    [("10s", 10), ("1m", 60), ("10m", 600), ("1h", HOUR), ("1d", 24 * HOUR)];
const HOUR: i64 = 3_600;

/// The check-ins of a bucket by status.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    in_progress: u32,
    ok: u32,
    error: u32,
    missed: u32,
    timeout: u32,
    unknown: u32,
}

/// The start of a bucket in seconds since 1970, and the counts of each environment that has check-ins in it.
type Bucket = (i64, BTreeMap<String, Counts>);

/// The finished check-ins of a bucket.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct MonitorBucket {
    /// The start of the bucket in seconds since 1970.
    ts: i64,
    ok: u32,
    error: u32,
    missed: u32,
    timeout: u32,
    /// The mean duration in milliseconds; null if no check-in has one, 0 without check-ins.
    duration: Option<f64>,
}

/// `GET /api/0/organizations/crons/monitors-stats/`: of each monitor the buckets from `since` to `until`, by the id of the monitor.
pub async fn stats(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Json<BTreeMap<Uuid, Vec<Bucket>>>, HttpError> {
    query.only(&["monitor", "since", "until", "resolution", "environment", "project"])?;
    for named in query.values("project")? {
        project(named)?;
    }
    let window = Window::of_query(&query, state.inbox.clock().now())?;
    let resolution = match query.value("resolution")? {
        Some(written) => duration("resolution", written)?.as_secs(),
        None => window.default_resolution(),
    };
    let mut named = HashSet::new();
    for written in query.values("monitor")? {
        named.insert(named_monitor(&state, written).await?);
    }
    let environments = query.values("environment")?.into_iter().map(str::to_owned).collect();
    let all = state.read(|queries| queries.summaries()).await?;
    let chosen = all.into_iter().filter(|monitor| named.is_empty() || named.contains(&monitor.slug));
    let chosen: Vec<(Uuid, String)> = chosen.map(|monitor| (monitor.id, monitor.slug)).collect();
    let starts = window.starts(resolution, chosen.len())?;
    let wanted = StatsQuery {
        slugs: chosen.iter().map(|(_, slug)| slug.clone()).collect(),
        environments,
        since: window.since,
        until: window.until,
        resolution,
    };
    let mut found: BTreeMap<String, BTreeMap<i64, BTreeMap<String, Counts>>> = BTreeMap::new();
    for StatsView { monitor_slug, environment, bucket, status, count, .. } in
        state.read(move |queries| queries.stats(&wanted)).await?
    {
        let bucket = found.entry(monitor_slug).or_default().entry(bucket).or_default();
        *bucket.entry(environment).or_default().of(status) += count;
    }
    let of_monitor = |(id, slug): (Uuid, String)| {
        let mut rows = found.remove(&slug).unwrap_or_default();
        let buckets = starts.clone().map(|start| (start, rows.remove(&start).unwrap_or_default()));
        (id, buckets.collect())
    };
    Ok(Json(chosen.into_iter().map(of_monitor).collect()))
}

/// `GET /api/0/organizations/crons/monitors/{slug}/stats/`: the finished check-ins after `since` and up to `until`, by bucket.
pub async fn stats_of(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<Json<Vec<MonitorBucket>>, HttpError> {
    query.only(&["since", "until", "resolution", "environment"])?;
    let window = Window::of_query(&query, state.inbox.clock().now())?;
    let resolution = match query.value("resolution")? {
        Some(written) => named_resolution(written)?,
        None => window.default_resolution(),
    };
    require_monitor(&state, &slug).await?;
    let starts = window.starts(resolution, 1)?;
    // The first instant is left out, and the last one is included.
    let next = |at: Timestamp| at.checked_add(SignedDuration::from_micros(1)).unwrap_or(at);
    let wanted = StatsQuery {
        slugs: vec![slug],
        environments: query.values("environment")?.into_iter().map(str::to_owned).collect(),
        since: next(window.since),
        until: next(window.until),
        resolution,
    };
    let mut buckets: BTreeMap<i64, (MonitorBucket, i64, u32)> = starts
        .map(|ts| (ts, (MonitorBucket { ts, duration: Some(0.0), ..MonitorBucket::default() }, 0, 0)))
        .collect();
    for row in state.read(move |queries| queries.stats(&wanted)).await? {
        let Some((bucket, total, timed)) = buckets.get_mut(&row.bucket) else { continue };
        let counted = match row.status {
            Status::Ok => &mut bucket.ok,
            Status::Error => &mut bucket.error,
            Status::Missed => &mut bucket.missed,
            Status::Timeout => &mut bucket.timeout,
            Status::InProgress | Status::Unknown => continue,
        };
        *counted += row.count;
        *total += row.duration_ms;
        *timed += row.timed;
        #[expect(clippy::cast_precision_loss, reason = "durations have at most 31 bits")]
        let mean = (*timed > 0).then(|| *total as f64 / f64::from(*timed));
        bucket.duration = mean;
    }
    Ok(Json(buckets.into_values().map(|(bucket, ..)| bucket).collect()))
}

impl Counts {
    fn of(&mut self, status: Status) -> &mut u32 {
        match status {
            Status::InProgress => &mut self.in_progress,
            Status::Ok => &mut self.ok,
            Status::Error => &mut self.error,
            Status::Missed => &mut self.missed,
            Status::Timeout => &mut self.timeout,
            Status::Unknown => &mut self.unknown,
        }
    }
}

/// The time that buckets cover.
#[derive(Debug, Clone, Copy)]
struct Window {
    since: Timestamp,
    until: Timestamp,
}

impl Window {
    /// Reads `since` and `until`: the last 24 hours less a second if the query does not say, as at Sentry.
    fn of_query(query: &QueryPairs, now: Timestamp) -> Result<Self, HttpError> {
        let until = unix(query, "until")?.unwrap_or(now);
        let day = SignedDuration::from_secs(24 * HOUR - 1);
        let since = unix(query, "since")?.unwrap_or(until.checked_sub(day).unwrap_or(Timestamp::MIN));
        if since > until {
            return Err(HttpError::bad_request(format!(
                "since: {} is after `until`, {}; write an earlier time",
                since.as_second(),
                until.as_second()
            )));
        }
        Ok(Self { since, until })
    }

    /// An hour up to a week, a day beyond.
    fn default_resolution(self) -> i64 {
        if self.until.duration_since(self.since).as_secs() <= 7 * 24 * HOUR { HOUR } else { 24 * HOUR }
    }

    /// The starts of the buckets, of that of `since` and of that of `until`, too.
    fn starts(
        self,
        resolution: i64,
        monitors: usize,
    ) -> Result<impl Iterator<Item = i64> + Clone, HttpError> {
        let bucket = |at: Timestamp| at.as_second().div_euclid(resolution);
        let (first, last) = (bucket(self.since), bucket(self.until));
        let monitors = i64::try_from(monitors).unwrap_or(i64::MAX).max(1);
        let count = (last - first).saturating_add(1).saturating_mul(monitors);
        if count > MAX_BUCKETS {
            return Err(HttpError::bad_request(format!(
                "resolution: {resolution}s makes {count} buckets in all, and at most {MAX_BUCKETS} are allowed; write a longer one, \
                 a later `since`, or fewer monitors"
            )));
        }
        Ok((first..=last).map(move |number| number * resolution))
    }
}

/// Reads an instant in seconds since 1970; `None` if the parameter is not given.
fn unix(query: &QueryPairs, name: &str) -> Result<Option<Timestamp>, HttpError> {
    let Some(written) = query.value(name)? else { return Ok(None) };
    let whole = written.split_once('.').map_or(written, |(whole, _)| whole);
    let read = whole.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    read.filter(|_| written.parse::<f64>().is_ok()).map(Some).ok_or_else(|| {
        let written: String = written.chars().take(80).collect();
        HttpError::bad_request(format!(
            "{name}: {written:?} is no time; write seconds since 1970, such as 1717408800"
        ))
    })
}

fn named_resolution(written: &str) -> Result<i64, HttpError> {
    let seconds = duration("resolution", written).map(|length| length.as_secs());
    let known = seconds.ok().filter(|seconds| RESOLUTIONS.iter().any(|(_, known)| known == seconds));
    known.ok_or_else(|| {
        let written: String = written.chars().take(80).collect();
        let allowed = RESOLUTIONS.map(|(name, _)| name).join(", ");
        HttpError::bad_request(format!("resolution: {written:?} is not allowed; write one of {allowed}"))
    })
}

/// The slug of the monitor that is named by its id or its slug; of an unknown one the text itself.
async fn named_monitor(state: &AppState, written: &str) -> Result<String, HttpError> {
    if written.parse::<Uuid>().is_err() && Slug::parse(written).is_err() {
        let written: String = written.chars().take(80).collect();
        return Err(HttpError::bad_request(format!(
            "monitor: {} is neither the id nor the slug of a monitor; take one from GET /monitors/",
            paths::named(&written)
        )));
    }
    slug_of(state, written.to_owned()).await
}
