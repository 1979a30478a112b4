//! The revision of a monitor, by which two people who change it at the same time notice each other.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::model::{Monitor, MonitorEnvironment};

/// Returns whether all environments of a monitor are muted. Without an environment, whether the first one will be.
pub fn is_muted<'a>(
    monitor: &Monitor,
    environments: impl IntoIterator<Item = &'a MonitorEnvironment>,
) -> bool {
    let mut environments = environments.into_iter().peekable();
    if environments.peek().is_none() { monitor.muted } else { environments.all(|each| each.muted) }
}

/// Hashes the fields of a monitor that a person can change, so that the number differs after each change. Check-ins leave it as it is,
/// unless they change the configuration.
pub fn revision<'a>(
    monitor: &Monitor,
    environments: impl IntoIterator<Item = &'a MonitorEnvironment>,
) -> u64 {
    // A hasher without random keys: the number is the same after a restart.
    let mut hasher = DefaultHasher::new();
    let Monitor { date_created, slug, name, enabled, config, owner, muted, .. } = monitor;
    (date_created, slug, name, enabled, config, owner, muted).hash(&mut hasher);
    let environments = environments.into_iter().filter(|each| each.muted);
    let mut muted: Vec<&str> = environments.map(|each| each.name.as_str()).collect();
    muted.sort_unstable();
    muted.hash(&mut hasher);
    hasher.finish()
}
