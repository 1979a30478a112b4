//! The facts of a digest, read from the database a few monitors at a time.

use std::collections::HashMap;
use std::sync::Arc;

use crons_types::calendar::next_after;
use jiff::{SignedDuration, Timestamp};

use crate::alerts::{DigestFacts, FailedJob, IdleJob, QuietJob, QuietReason, Section, SlowJob};
use crate::domain::{
    CheckIn, Config, Failures, Maintenance, Monitor, MonitorEnvironment, Silence, Silences, Status,
    filter_tags,
};
use crate::store::{Activity, Buckets, EnvironmentView, MonitorView, PageRequest, Queries, StoreError};

/// The monitors that one query asks for.
const CHUNK: usize = 50;
/// The stretches of time in which failures are looked for; the runs of one without failures are not read.
const SLICE: SignedDuration = SignedDuration::from_hours(6);
/// The runs of a slice that are read at most: at the default rate limit there are 2,160.
const SLICE_RUNS: u32 = 2_200;
/// The runs of a slice that are read at first.
const FEW_RUNS: u32 = 20;
/// The newest runs of an environment among which slow ones are looked for, as many as [`Activity::durations_ms`] is made of.
const NEWEST_RUNS: u32 = 50;
/// The durations that a median is made of at least.
const MIN_DURATIONS: usize = 5;
/// The length up to which no run is slow, in milliseconds.
const MIN_SLOW_MS: i64 = 60_000;

/// Reads the facts of the time from `since` on and before `until`. Jobs come in the order of slugs and environments; those that still fail
/// before the others. What is muted or disabled is in that section only.
///
/// A run counts as failed at the time of the decision: it may have begun before `since`. A run is slow if it took more than a minute and more
/// than twice the median of the newest 50 runs, of which it is one.
///
/// # Errors
/// If the database fails.
pub(super) fn survey(
    queries: &dyn Queries,
    windows: Arc<[Maintenance]>,
    since: Timestamp,
    until: Timestamp,
) -> Result<DigestFacts, StoreError> {
    let limit = u32::try_from(Silence::MAX_PENDING).unwrap_or(u32::MAX);
    let made = Arc::new(queries.silences(until, PageRequest { skip: 0, limit })?.items);
    let silences = Silences { made, windows };
    let mut survey = Survey { queries, silences, since, until, jobs: 0, found: Found::default() };
    let slugs: Vec<String> = queries.summaries()?.into_iter().map(|monitor| monitor.slug).collect();
    for slugs in slugs.chunks(CHUNK) {
        survey.read(slugs)?;
    }
    let Survey { jobs, found: Found { mut failed, slow, never_ran, muted }, .. } = survey;
    failed.sort_by_key(|job| job.failing_since.is_none());
    Ok(DigestFacts {
        since,
        until,
        jobs,
        failed: Section::of(failed),
        slow: Section::of(slow),
        never_ran: Section::of(never_ran),
        muted: Section::of(muted),
    })
}

/// A walk over all monitors.
struct Survey<'a> {
    queries: &'a dyn Queries,
    silences: Silences,
    since: Timestamp,
    until: Timestamp,
    /// The number of monitors that are not disabled.
    jobs: usize,
    found: Found,
}

/// The jobs of each section.
#[derive(Default)]
struct Found {
    failed: Vec<FailedJob>,
    slow: Vec<SlowJob>,
    never_ran: Vec<IdleJob>,
    muted: Vec<QuietJob>,
}

impl Survey<'_> {
    /// Reads some monitors.
    fn read(&mut self, slugs: &[String]) -> Result<(), StoreError> {
        let mut views = self.queries.monitors_named(slugs)?;
        let longest = views.iter().map(|view| look_back(&view.monitor.config)).max().unwrap_or_default();
        let buckets = slices(self.since.saturating_sub(longest).unwrap_or(Timestamp::MIN), self.until);
        let activity = self.queries.activity(slugs, buckets)?;
        let key =
            |activity: Activity| ((activity.monitor_slug.clone(), activity.environment.clone()), activity);
        let activity: HashMap<_, _> = activity.into_iter().map(key).collect();
        for MonitorView { monitor, environments } in &mut views {
            if !monitor.enabled {
                self.found.muted.push(quiet(monitor, None, QuietReason::Disabled));
                continue;
            }
            self.jobs += 1;
            if environments.is_empty() && monitor.muted {
                self.found.muted.push(quiet(monitor, None, QuietReason::Muted));
            } else if environments.is_empty() && self.was_expected(&monitor.config, monitor.date_created) {
                self.found.never_ran.push(idle(monitor, None, 0));
            }
            environments.sort_by(|a, b| a.environment.name.cmp(&b.environment.name));
            for view in &*environments {
                let key = (monitor.slug.to_string(), view.environment.name.clone());
                if view.environment.muted {
                    self.found.muted.push(quiet(monitor, Some(view), QuietReason::Muted));
                } else if let Some(activity) = activity.get(&key) {
                    self.note_silence(monitor, view);
                    self.note_runs(monitor, view, activity, buckets)?;
                }
            }
        }
        Ok(())
    }

    /// Notes the silence or maintenance window that an environment is in.
    fn note_silence(&mut self, monitor: &Monitor, view: &EnvironmentView) {
        let (slug, owner) = (monitor.slug.as_str(), monitor.owner.as_deref());
        let tags = filter_tags(monitor.guid, slug, owner, None, &view.environment.name);
        if let Some(silenced) = self.silences.of_tags(&tags, self.until) {
            let job = quiet(monitor, Some(view), QuietReason::Silenced);
            self.found.muted.push(QuietJob { until: Some(silenced.until), ..job });
        }
    }

    /// Notes whether an environment failed, did not run, or was slow.
    fn note_runs(
        &mut self,
        monitor: &Monitor,
        view: &EnvironmentView,
        activity: &Activity,
        buckets: Buckets,
    ) -> Result<(), StoreError> {
        let (failures, ran) = self.runs_of(monitor, activity, buckets)?;
        let environment = &view.environment;
        let had_none = environment.last_check_in.is_none()
            && self.was_expected(&monitor.config, environment.date_created);
        if !ran && (failures.missed > 0 || had_none) {
            self.found.never_ran.push(idle(monitor, Some(environment), failures.missed));
        } else if failures != Failures::default() || view.incident_since.is_some() {
            self.found.failed.push(FailedJob {
                slug: monitor.slug.to_string(),
                environment: environment.name.clone(),
                failures,
                failing_since: view.incident_since,
            });
        }
        let slow = self.slow_run(activity)?;
        self.found.slow.extend(slow);
        Ok(())
    }

    /// Counts the failures of an environment, and returns whether a run of it went on at any time.
    fn runs_of(
        &self,
        monitor: &Monitor,
        activity: &Activity,
        buckets: Buckets,
    ) -> Result<(Failures, bool), StoreError> {
        let oldest = self.since.saturating_sub(look_back(&monitor.config)).unwrap_or(Timestamp::MIN);
        let is_in_time =
            |start: Timestamp, end: Option<Timestamp>| start.max(end.unwrap_or(start)) >= self.since;
        let mut ran = activity.runs.iter().any(|run| {
            let is_open = run.status == Status::InProgress;
            is_run(run.status) && (is_open || is_in_time(run.started, run.ended))
        });
        let slices = |is_shown: fn(Status) -> bool| {
            let shown = activity.runs.iter().filter(|run| is_shown(run.status));
            let mut slices: Vec<u32> = shown.filter_map(|run| buckets.number(run.started)).collect();
            slices.dedup();
            slices.retain(|slice| buckets.start(slice + 1) > oldest);
            slices
        };
        let mut failures = Failures::default();
        for slice in slices(is_failure) {
            for run in self.failures_of(activity, buckets, slice)? {
                if self.covers(decided_at(&run)) {
                    failures.count(run.status);
                }
            }
        }
        // A slice with failures or unknown runs shows no other run, so those are looked for if nothing else is known of the job.
        for slice in slices(|status| is_failure(status) || status == Status::Unknown) {
            if ran || failures.missed == 0 {
                break;
            }
            let runs = self.slice(activity, buckets, slice, SLICE_RUNS)?;
            ran = runs
                .iter()
                .any(|run| is_run(run.status) && is_in_time(run.date_added, Some(run.date_updated)));
        }
        Ok((failures, ran))
    }

    /// Reads the failures of an environment that began in a slice. The cost depends on their number, and not on that of other runs.
    fn failures_of(
        &self,
        activity: &Activity,
        buckets: Buckets,
        slice: u32,
    ) -> Result<Vec<CheckIn>, StoreError> {
        let mut runs = self.slice(activity, buckets, slice, FEW_RUNS)?;
        // Failures come first: without another run behind them there may be more.
        if runs.len() == FEW_RUNS as usize && runs.iter().all(|run| run.status != Status::Ok) {
            runs = self.slice(activity, buckets, slice, SLICE_RUNS)?;
        }
        runs.retain(|run| is_failure(run.status));
        Ok(runs)
    }

    /// Reads runs of an environment that began in a slice, failures first.
    fn slice(
        &self,
        activity: &Activity,
        buckets: Buckets,
        slice: u32,
        limit: u32,
    ) -> Result<Vec<CheckIn>, StoreError> {
        let Activity { monitor_slug: slug, environment, .. } = activity;
        let (start, end) = (buckets.start(slice), buckets.start(slice + 1));
        let runs = self.queries.runs_between(slug, Some(environment), start, end, limit)?;
        Ok(runs.into_iter().map(|run| run.check_in).collect())
    }

    /// Returns the longest slow run of an environment that ended in time; `None` if no run was slow.
    fn slow_run(&self, activity: &Activity) -> Result<Option<SlowJob>, StoreError> {
        let Activity { monitor_slug: slug, environment, durations_ms, .. } = activity;
        let Some(median_ms) = median(durations_ms) else { return Ok(None) };
        let is_slow = |duration: i64| duration > MIN_SLOW_MS && duration > median_ms.saturating_mul(2);
        if !durations_ms.iter().any(|duration| is_slow(*duration)) {
            return Ok(None);
        }
        let newest = self.queries.runs(slug, Some(environment), None, NEWEST_RUNS)?;
        let newest = newest.map(|page| page.items).unwrap_or_default();
        let ended = newest
            .iter()
            .map(|view| &view.run.check_in)
            .filter(|run| run.status.is_reported_end() && self.covers(run.date_updated));
        let slow: Vec<_> = ended
            .filter_map(|run| Some((run.duration_ms.filter(|duration| is_slow(*duration))?, run.date_added)))
            .collect();
        let Some((duration_ms, started_at)) = slow.iter().max().copied() else { return Ok(None) };
        Ok(Some(SlowJob {
            slug: slug.clone(),
            environment: environment.clone(),
            runs: slow.len(),
            started_at,
            duration_ms,
            median_ms,
        }))
    }

    /// Returns whether the digest tells of this instant.
    fn covers(&self, instant: Timestamp) -> bool {
        instant >= self.since && instant < self.until
    }

    /// Returns whether a job of this configuration that was there from `created` on should have begun by now.
    fn was_expected(&self, config: &Config, created: Timestamp) -> bool {
        let margin = SignedDuration::from_mins(config.margin().into());
        let first = next_after(&config.schedule, &config.zone(), created);
        first.and_then(|first| first.checked_add(margin).ok()).is_some_and(|latest| latest <= self.until)
    }
}

/// The time by which a failure may be decided after the start of its run: the margin of a missed run, or the longest run.
fn look_back(config: &Config) -> SignedDuration {
    SignedDuration::from_mins(config.margin().max(config.runtime()).into())
}

/// Returns the slices that end at `until` and reach back to `since`.
fn slices(since: Timestamp, until: Timestamp) -> Buckets {
    let length = until.duration_since(since).as_secs().max(1);
    let slice = SLICE.as_secs();
    let count = (length + slice - 1) / slice;
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let whole = SLICE.saturating_mul(i32::try_from(count).unwrap_or(i32::MAX));
    Buckets { since: until.saturating_sub(whole).unwrap_or(Timestamp::MIN), length: SLICE, count }
}

/// Returns whether a run of this status began.
fn is_run(status: Status) -> bool {
    !matches!(status, Status::Missed | Status::Unknown)
}

/// Returns whether a run of this status failed.
fn is_failure(status: Status) -> bool {
    matches!(status, Status::Error | Status::Missed | Status::Timeout)
}

/// Returns the time at which a run counted as failed.
fn decided_at(run: &CheckIn) -> Timestamp {
    let decided = run.decision.as_ref().map(|decision| decision.cause.decided_at());
    // Runs of earlier versions have no decision.
    decided.unwrap_or(match run.status {
        Status::Missed => run.date_clock,
        Status::Timeout => run.timeout_at.unwrap_or(run.date_updated),
        _ => run.date_updated,
    })
}

/// Returns the median; `None` of too few durations.
fn median(durations_ms: &[i64]) -> Option<i64> {
    let mut sorted = durations_ms.to_vec();
    sorted.sort_unstable();
    (sorted.len() >= MIN_DURATIONS).then(|| sorted[sorted.len() / 2])
}

fn idle(monitor: &Monitor, environment: Option<&MonitorEnvironment>, missed: u32) -> IdleJob {
    IdleJob {
        slug: monitor.slug.to_string(),
        environment: environment.map(|environment| environment.name.clone()),
        missed,
        last_ok: environment.and_then(|environment| environment.last_ok),
    }
}

fn quiet(monitor: &Monitor, view: Option<&EnvironmentView>, reason: QuietReason) -> QuietJob {
    QuietJob {
        slug: monitor.slug.to_string(),
        environment: view.map(|view| view.environment.name.clone()),
        reason,
        until: None,
        failing_since: view.and_then(|view| view.incident_since),
    }
}
