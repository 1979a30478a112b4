//! Monitors and environments as they are in the database, so that a check-in does not read what the one before it wrote.
//!
//! There is one connection that writes, so nothing changes behind its back; what was undone is forgotten.

use std::collections::HashMap;

use crate::lifecycle::{Config, Environment, Monitor};

/// Of each kind, at most; some megabytes.
const MOST: usize = 10_000;

/// A monitor with its row id and that of its configuration, once a check-in has needed it.
#[derive(Debug, Clone)]
pub(super) struct CachedMonitor {
    pub(super) id: i64,
    pub(super) monitor: Monitor,
    pub(super) config_id: Option<i64>,
}

#[derive(Debug, Default)]
pub(super) struct Cache {
    /// By slug: there is one project.
    monitors: HashMap<String, CachedMonitor>,
    /// By row id of the monitor, and name.
    environments: HashMap<i64, HashMap<String, (i64, Environment)>>,
    environment_count: usize,
}

impl Cache {
    pub(super) fn monitor(&self, slug: &str) -> Option<&CachedMonitor> {
        self.monitors.get(slug)
    }

    /// A configuration that is not the one before has another row.
    pub(super) fn put_monitor(&mut self, id: i64, monitor: &Monitor) {
        let before = self.monitors.get(monitor.slug.as_str());
        let same = before.filter(|before| before.monitor.config == monitor.config);
        let config_id = same.and_then(|before| before.config_id);
        if before.is_none() {
            self.make_room();
        }
        let cached = CachedMonitor { id, monitor: monitor.clone(), config_id };
        self.monitors.insert(monitor.slug.to_string(), cached);
    }

    pub(super) fn put_config(&mut self, slug: &str, config_id: i64) {
        if let Some(cached) = self.monitors.get_mut(slug) {
            cached.config_id = Some(config_id);
        }
    }

    /// That of a monitor, if it is this one.
    pub(super) fn config(&self, slug: &str, config_id: i64) -> Option<&Config> {
        let cached = self.monitors.get(slug)?;
        (cached.config_id == Some(config_id)).then_some(&cached.monitor.config)
    }

    pub(super) fn environment(&self, monitor: i64, name: &str) -> Option<&(i64, Environment)> {
        self.environments.get(&monitor)?.get(name)
    }

    pub(super) fn put_environment(&mut self, monitor: i64, id: i64, environment: &Environment) {
        let known = self.environments.get_mut(&monitor).and_then(|named| named.get_mut(&environment.name));
        if let Some(cached) = known {
            *cached = (id, environment.clone());
            return;
        }
        self.make_room();
        self.environment_count += 1;
        let named = self.environments.entry(monitor).or_default();
        named.insert(environment.name.clone(), (id, environment.clone()));
    }

    /// All of it: whoever is in use comes back with the next check-in.
    pub(super) fn clear(&mut self) {
        self.monitors.clear();
        self.environments.clear();
        self.environment_count = 0;
    }

    /// Before something new is put in.
    fn make_room(&mut self) {
        if self.monitors.len() >= MOST || self.environment_count >= MOST {
            self.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::EnvironmentStatus;

    #[test]
    fn no_more_environments_are_kept_than_there_is_room_for() {
        let mut cache = Cache::default();
        for number in 0..3 * MOST {
            let environment = Environment {
                name: (number % 1_000).to_string(),
                status: EnvironmentStatus::Active,
                muted: false,
                date_created: jiff::Timestamp::UNIX_EPOCH,
                last_check_in: None,
                next_check_in: None,
                next_check_in_latest: None,
                last_ok: None,
            };
            cache.put_environment(i64::try_from(number / 1_000).unwrap(), 1, &environment);
            let kept: usize = cache.environments.values().map(HashMap::len).sum();
            assert!(kept <= MOST && kept == cache.environment_count, "{kept}");
        }
    }
}
