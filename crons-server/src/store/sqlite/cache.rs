//! Monitors and environments as they are in the database, so that a check-in does not read what the one before it wrote.
//!
//! There is one connection that writes, so nothing changes behind its back; what was undone is forgotten.

use std::collections::HashMap;
use std::sync::Arc;

use super::unreadable::UnreadableRows;
use crate::domain::{Config, Monitor, MonitorEnvironment};

/// Of each kind, at most; some megabytes.
const MOST: usize = 10_000;
const MOST_CONFIGS: usize = 1_000;

#[derive(Debug, Default)]
pub(super) struct Cache {
    /// By slug: there is one project.
    monitors: HashMap<String, (i64, Monitor)>,
    /// By row id of the monitor, and name.
    environments: HashMap<i64, HashMap<String, (i64, MonitorEnvironment)>>,
    environment_count: usize,
    /// Most monitors share theirs with others.
    configs: Configs,
    /// How many monitors there are, once that was asked; to count them is not for each check-in.
    pub(super) monitor_count: Option<u32>,
    /// How far the deletion of incidents has got.
    pub(super) walk: Option<Walk>,
    /// Rows that are left out; kept when all else is cleared.
    pub(super) unreadable: Arc<UnreadableRows>,
}

/// A walk through all incidents for those of deleted environments: there is no index to find them by.
#[derive(Debug)]
pub(super) struct Walk {
    /// The environments that were deleted when it began, and have no runs any more.
    pub(super) environments: Vec<i64>,
    /// The incident that it has come to.
    pub(super) after: i64,
}

/// Configurations by what they are found by.
#[derive(Debug, Default)]
struct Configs {
    by_text: HashMap<String, Config>,
    by_id: HashMap<i64, Config>,
    ids: HashMap<Config, i64>,
}

impl Cache {
    pub(super) fn monitor(&self, slug: &str) -> Option<&(i64, Monitor)> {
        self.monitors.get(slug)
    }

    pub(super) fn put_monitor(&mut self, id: i64, monitor: &Monitor) {
        if !self.monitors.contains_key(monitor.slug.as_str()) {
            self.make_room();
        }
        self.monitors.insert(monitor.slug.to_string(), (id, monitor.clone()));
    }

    /// By its row id.
    pub(super) fn config(&self, id: i64) -> Option<&Config> {
        self.configs.by_id.get(&id)
    }

    /// Its row id.
    pub(super) fn config_id(&self, config: &Config) -> Option<i64> {
        self.configs.ids.get(config).copied()
    }

    pub(super) fn put_config(&mut self, id: i64, config: &Config) {
        self.make_room_for_configs();
        self.configs.by_id.insert(id, config.clone());
        self.configs.ids.insert(config.clone(), id);
    }

    /// As it is written down.
    pub(super) fn config_of(&mut self, text: &str) -> serde_json::Result<Config> {
        if let Some(known) = self.configs.by_text.get(text) {
            return Ok(known.clone());
        }
        self.make_room_for_configs();
        let config: Config = serde_json::from_str(text)?;
        self.configs.by_text.insert(text.to_owned(), config.clone());
        Ok(config)
    }

    pub(super) fn environment(&self, monitor: i64, name: &str) -> Option<&(i64, MonitorEnvironment)> {
        self.environments.get(&monitor)?.get(name)
    }

    /// Of those that are not in it a storm has too many: they are left out. Whether it was in it.
    pub(super) fn change_environment(
        &mut self,
        monitor: i64,
        id: i64,
        environment: &MonitorEnvironment,
    ) -> bool {
        let known = self.environments.get_mut(&monitor).and_then(|named| named.get_mut(&environment.name));
        known.map(|cached| *cached = (id, environment.clone())).is_some()
    }

    pub(super) fn put_environment(&mut self, monitor: i64, id: i64, environment: &MonitorEnvironment) {
        if self.change_environment(monitor, id, environment) {
            return;
        }
        self.make_room();
        self.environment_count += 1;
        let named = self.environments.entry(monitor).or_default();
        named.insert(environment.name.clone(), (id, environment.clone()));
    }

    /// All of it: whoever is in use comes back with the next check-in.
    pub(super) fn clear(&mut self) {
        self.clear_rows();
        self.monitor_count = None;
        self.walk = None;
    }

    fn clear_rows(&mut self) {
        self.monitors.clear();
        self.environments.clear();
        self.environment_count = 0;
        self.configs = Configs::default();
    }

    fn make_room_for_configs(&mut self) {
        if self.configs.by_id.len().max(self.configs.by_text.len()) >= MOST_CONFIGS {
            self.configs = Configs::default();
        }
    }

    /// Before something new is put in.
    fn make_room(&mut self) {
        if self.monitors.len() >= MOST || self.environment_count >= MOST {
            self.clear_rows();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EnvironmentStatus;

    #[test]
    fn no_more_environments_are_kept_than_there_is_room_for() {
        let mut cache = Cache::default();
        for number in 0..3 * MOST {
            let environment = MonitorEnvironment {
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
