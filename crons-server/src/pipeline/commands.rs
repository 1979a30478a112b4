//! Commands of people that change a monitor, in their turn among check-ins and deadlines.

use jiff::Timestamp;

use crate::domain;
use crate::store::{Records, StoreError};

/// Enables or disables a monitor. Returns how many of its runs became unknown, as they could not be heard while it was disabled;
/// `None` if there is no monitor of this slug.
///
/// # Errors
/// If the database fails.
pub(crate) fn set_enabled(
    records: &mut dyn Records,
    slug: &str,
    enabled: bool,
    now: Timestamp,
) -> Result<Option<usize>, StoreError> {
    let Some((mut monitor, mut environments)) = records.monitor(slug)? else { return Ok(None) };
    let resumed = domain::set_enabled(&mut monitor, &mut environments, enabled, now);
    records.save_monitor(&monitor)?;
    for environment in &environments {
        records.save_environment(&monitor, environment)?;
    }
    Ok(Some(if resumed { records.excuse_unheard(&monitor, now)? } else { 0 }))
}

/// Mutes all environments of a monitor, or none; `false` if there is none of this slug.
///
/// # Errors
/// If the database fails.
pub(crate) fn set_all_muted(records: &mut dyn Records, slug: &str, muted: bool) -> Result<bool, StoreError> {
    let Some((monitor, environments)) = records.monitor(slug)? else { return Ok(false) };
    for mut environment in environments {
        environment.muted = muted;
        records.save_environment(&monitor, &environment)?;
    }
    Ok(true)
}

/// Mutes one environment of a monitor, or not; `false` if there is no such environment.
///
/// # Errors
/// If the database fails.
pub(crate) fn set_muted(
    records: &mut dyn Records,
    slug: &str,
    environment: &str,
    muted: bool,
) -> Result<bool, StoreError> {
    let Some((monitor, environments)) = records.monitor(slug)? else { return Ok(false) };
    let named = environments.into_iter().find(|found| found.name == environment);
    let Some(mut environment) = named else { return Ok(false) };
    environment.muted = muted;
    records.save_environment(&monitor, &environment)?;
    Ok(true)
}

/// The result of a command to delete something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deletion {
    Done,
    NoMonitor,
    /// There is no such environment, so that none was deleted.
    NoEnvironment(String),
}

/// Deletes a monitor, or of it the environments that are named. A check-in that comes later makes them anew.
///
/// # Errors
/// If the database fails.
pub(crate) fn delete(
    records: &mut dyn Records,
    slug: &str,
    environments: &[String],
    now: Timestamp,
) -> Result<Deletion, StoreError> {
    let found = match records.monitor(slug) {
        // Deletion is one of the ways out for whoever finds that a monitor cannot be read.
        Err(error) if error.is_corrupt() && environments.is_empty() => {
            records.delete_monitor(slug, now)?;
            return Ok(Deletion::Done);
        }
        found => found?,
    };
    let Some((monitor, known)) = found else { return Ok(Deletion::NoMonitor) };
    if let Some(unknown) = environments.iter().find(|name| !known.iter().any(|known| known.name == **name)) {
        return Ok(Deletion::NoEnvironment(unknown.clone()));
    }
    if environments.is_empty() {
        records.delete_monitor(slug, now)?;
    } else {
        records.delete_environments(&monitor, environments, now)?;
    }
    Ok(Deletion::Done)
}
