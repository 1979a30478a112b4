//! Creates and changes monitors for people. Unlike the configuration of a check-in, the change of a person moves known deadlines at once.

use crons_types::MonitorConfig;
use jiff::{SignedDuration, Timestamp};

use super::command::{CommandError, CommandOutcome};
use super::decision::{Cause, Decision};
use super::model::{
    Author, CheckIn, Config, Configured, Monitor, MonitorEnvironment, NewId, PROJECT, Quotas, Status,
    truncate_to_minute,
};
use super::monitor_change::{MonitorChange, NewMonitor};
use super::revision::revision;
use super::snapshot::{Rename, Snapshot, UnreadableKey};

/// Creates a monitor without environments: until its first check-in makes one, none of its runs can be missed.
///
/// # Errors
/// If its slug is taken, or the quota of monitors is used up.
pub(super) fn create(
    snapshot: &mut Snapshot,
    new: &NewMonitor,
    now: Timestamp,
    quotas: Quotas,
    new_id: NewId<'_>,
) -> Result<CommandOutcome, CommandError> {
    if snapshot.has_monitor(&new.slug) {
        return Err(CommandError::SlugTaken(new.slug.clone()));
    }
    if snapshot.monitor_count() >= quotas.monitors {
        return Err(CommandError::TooManyMonitors(quotas.monitors));
    }
    let NewMonitor { slug, name, enabled, muted, owner, config } = new.clone();
    snapshot.put_monitor(
        None,
        Monitor {
            guid: new_id(),
            project: PROJECT,
            slug,
            name,
            spelling: None,
            enabled,
            upserting: false,
            config,
            configured: Configured { by: Author::Person, at: now },
            owner,
            muted,
            date_created: now,
        },
    );
    Ok(CommandOutcome::default())
}

/// Changes a monitor. If `expected` is given, the monitor's revision must be among these.
///
/// # Errors
/// If the monitor does not exist, cannot be read or has another revision, or its new slug is taken.
pub(super) fn change(
    snapshot: &mut Snapshot,
    slug: &str,
    change: &MonitorChange,
    expected: Option<&[u64]>,
    now: Timestamp,
) -> Result<CommandOutcome, CommandError> {
    let index = monitor_index(snapshot, slug)?;
    if expected.is_some_and(|expected| !expected.contains(&revision_of(snapshot, index))) {
        return Err(CommandError::Changed);
    }
    let before = snapshot.monitors[index].value.clone();
    let mut monitor = before.clone();
    if let Some(slug) = change.slug.as_ref().filter(|slug| **slug != before.slug) {
        if snapshot.has_monitor(slug) {
            return Err(CommandError::SlugTaken(slug.clone()));
        }
        snapshot.rename = Some(Rename { from: before.slug.clone(), to: slug.clone() });
        monitor.slug = slug.clone();
    }
    if let Some(name) = &change.name {
        monitor.name.clone_from(name);
    }
    if let Some(owner) = &change.owner {
        monitor.owner.clone_from(owner);
    }
    monitor.muted = change.muted.unwrap_or(monitor.muted);
    change.apply_to(&mut monitor.config);
    if monitor.config != before.config || monitor.owner != before.owner {
        monitor.configured = Configured { by: Author::Person, at: now };
    }
    let config = monitor.config.clone();
    snapshot.put_monitor(Some(index), monitor);
    move_deadlines(snapshot, index, &before.config, &config, now);
    if let Some(muted) = change.muted {
        change_environments(snapshot, index, |environment| environment.muted = muted);
    }
    let unknown_runs = change.enabled.map_or(0, |enabled| set_enabled(snapshot, index, enabled, now));
    Ok(CommandOutcome { unknown_runs, ..CommandOutcome::default() })
}

fn revision_of(snapshot: &Snapshot, monitor: usize) -> u64 {
    let environments = snapshot.environments.iter().filter(|row| row.monitor == monitor);
    revision(&snapshot.monitors[monitor].value, environments.map(|row| &row.row.value))
}

/// Moves deadlines after a change of the configuration. A new schedule or time zone expects the next run from `now` on, also in an
/// environment without an expected run; a new margin moves the deadline of the expected run; a new maximum runtime moves the deadlines of
/// open runs.
fn move_deadlines(snapshot: &mut Snapshot, monitor: usize, before: &Config, after: &Config, now: Timestamp) {
    if (&before.schedule, before.zone()) != (&after.schedule, after.zone()) {
        change_environments(snapshot, monitor, |environment| {
            environment.last_check_in.get_or_insert(now);
            environment.expect_after(after, now);
        });
    } else if before.margin() != after.margin() {
        change_environments(snapshot, monitor, |environment| environment.expect_within(after.margin()));
    }
    if before.runtime() != after.runtime() {
        change_open_runs(snapshot, monitor, |run| {
            let minutes = |from: Timestamp, minutes: u32| {
                let minutes = SignedDuration::from_mins(i64::from(minutes));
                truncate_to_minute(from).saturating_add(minutes).unwrap_or(Timestamp::MAX)
            };
            // The deadline counts from the last sign of life, as for a keep-alive.
            let last = minutes(run.date_added, MonitorConfig::MAX_MAX_RUNTIME);
            run.timeout_at = Some(minutes(run.date_updated, after.runtime()).min(last));
            true
        });
    }
}

/// Enables or disables a monitor. Runs missed while it was disabled are never evaluated: the next one is expected from `now` on. Once it
/// is enabled again, open runs whose deadline has passed, or of which a report was filtered, become unknown. Returns the number of these
/// runs.
fn set_enabled(snapshot: &mut Snapshot, index: usize, enabled: bool, now: Timestamp) -> usize {
    let mut monitor = snapshot.monitors[index].value.clone();
    let resumed = enabled && !monitor.enabled;
    monitor.enabled = enabled;
    let config = monitor.config.clone();
    snapshot.put_monitor(Some(index), monitor);
    if !resumed {
        return 0;
    }
    change_environments(snapshot, index, |environment| {
        if environment.next_check_in.is_some() {
            environment.expect_after(&config, now);
        }
    });
    change_open_runs(snapshot, index, |run| {
        let is_over = run.unheard || run.timeout_at.is_some_and(|deadline| deadline <= now);
        if is_over {
            run.status = Status::Unknown;
            run.decision = Some(Decision::new(Cause::Disabled { until: now }));
        }
        is_over
    })
}

/// Changes the open runs of a monitor that are in the snapshot. Returns the number of runs for which `change` returned `true`.
fn change_open_runs(snapshot: &mut Snapshot, monitor: usize, change: impl Fn(&mut CheckIn) -> bool) -> usize {
    let mut changed = 0;
    for run in 0..snapshot.runs.len() {
        let Ok(environment) = snapshot.runs[run].environment else { continue };
        let mut value = snapshot.runs[run].row.value.clone();
        let is_open = value.status == Status::InProgress;
        if snapshot.environments[environment].monitor == monitor && is_open && change(&mut value) {
            snapshot.put_run(Some(run), environment, value);
            changed += 1;
        }
    }
    changed
}

/// The index of the monitor of a slug.
///
/// # Errors
/// If there is none, or it cannot be read.
pub(super) fn monitor_index(snapshot: &Snapshot, slug: &str) -> Result<usize, CommandError> {
    if let Some(reason) = snapshot.unreadable.get(&UnreadableKey::Monitor(slug.to_owned())) {
        return Err(CommandError::Unreadable(reason.clone()));
    }
    snapshot.by_slug.get(slug).copied().ok_or(CommandError::NoMonitor)
}

fn change_environments(snapshot: &mut Snapshot, monitor: usize, change: impl Fn(&mut MonitorEnvironment)) {
    for index in 0..snapshot.environments.len() {
        let environment = &snapshot.environments[index];
        if environment.monitor == monitor {
            let mut value = environment.row.value.clone();
            change(&mut value);
            snapshot.put_environment(Some(index), monitor, value);
        }
    }
}
