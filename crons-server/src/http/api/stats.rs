//! Counts of check-ins by buckets of time, in the shapes of Sentry's private endpoints.

use std::collections::{BTreeMap, HashSet};

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::period::duration;
use super::request::{MonitorInPath, Scope, check_monitor_name, project, require_monitor, slug_of};
use crate::domain::Status;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::quote::quoted;
use crate::store::{Queries, StatsQuery, StatsView, StoreError};

/// The parameters of the counts of all monitors.
pub(super) const PARAMETERS: [&str; 6] =
    ["monitor", "since", "until", "resolution", "environment", "project"];
/// The parameters of the counts of one monitor.
pub(super) const MONITOR_PARAMETERS: [&str; 4] = ["since", "until", "resolution", "environment"];

/// The buckets of an answer, of all monitors together, at most.
const MAX_BUCKETS: i64 = 100_000;
/// The resolutions of the counts of one monitor, with their seconds.
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

/// `GET /api/0/organizations/crons/monitors-stats/`: the buckets of each monitor from `since` to `until`, by its id.
pub async fn stats(
    State(state): State<AppState>,
    _: Scope,
    query: QueryPairs,
) -> Result<Json<BTreeMap<Uuid, Vec<Bucket>>>, HttpError> {
    query.only(&PARAMETERS)?;
    for named in query.values("project")? {
        project(named)?;
    }
    let window = Window::of_query(&query, state.inbox.clock().now())?;
    let resolution = match query.value("resolution")? {
        Some(written) => duration("resolution", written)?.as_secs(),
        None => window.default_resolution(),
    };
    let named: Vec<String> = query.values("monitor")?.into_iter().map(str::to_owned).collect();
    for written in &named {
        check_monitor_name("monitor", written)?;
    }
    let environments = query.values("environment")?.into_iter().map(str::to_owned).collect();
    let chosen = state.read(move |queries| chosen(queries, &named)).await?;
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

/// The ids and slugs of the monitors that are named by their ids or slugs; of all for none. Unknown ones are left out.
fn chosen(queries: &dyn Queries, named: &[String]) -> Result<Vec<(Uuid, String)>, StoreError> {
    let slugs: HashSet<String> =
        named.iter().map(|written| slug_of(queries, written)).collect::<Result<_, _>>()?;
    let all = queries.summaries()?.into_iter();
    let chosen = all.filter(|monitor| named.is_empty() || slugs.contains(&monitor.slug));
    Ok(chosen.map(|monitor| (monitor.id, monitor.slug)).collect())
}

/// `GET /api/0/organizations/crons/monitors/{slug}/stats/`: the finished check-ins after `since` and up to `until`, by bucket.
pub async fn stats_of(
    State(state): State<AppState>,
    MonitorInPath(slug): MonitorInPath,
    query: QueryPairs,
) -> Result<Json<Vec<MonitorBucket>>, HttpError> {
    query.only(&MONITOR_PARAMETERS)?;
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

    /// The resolution in seconds if the query names none: an hour up to a week, a day beyond.
    fn default_resolution(self) -> i64 {
        if self.until.duration_since(self.since).as_secs() <= 7 * 24 * HOUR { HOUR } else { 24 * HOUR }
    }

    /// The starts of all buckets, from that of `since` to that of `until`. `monitors` is the number of monitors, each with all buckets.
    ///
    /// # Errors
    /// If all monitors together have more than [`MAX_BUCKETS`].
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
        HttpError::bad_request(format!(
            "{name}: {} is no time; write seconds since 1970, such as 1717408800",
            quoted(written)
        ))
    })
}

fn named_resolution(written: &str) -> Result<i64, HttpError> {
    let seconds = duration("resolution", written).map(|length| length.as_secs());
    let known = seconds.ok().filter(|seconds| RESOLUTIONS.iter().any(|(_, known)| known == seconds));
    known.ok_or_else(|| {
        let (written, allowed) = (quoted(written), RESOLUTIONS.map(|(name, _)| name).join(", "));
        HttpError::bad_request(format!("resolution: {written} is not allowed; write one of {allowed}"))
    })
}
