//! The rows of a batch: monitors, environments, deferred ends and cap usage.

use std::collections::BTreeSet;

use super::tables::{Tables, children};
use crate::domain::{BatchKeys, Incident, QuotaUsage, Silence, Snapshot};

impl Tables {
    /// Loads the rows of a batch. The order matters: which runs and incidents are loaded depends on the environments in the snapshot.
    pub fn load(&self, keys: &BatchKeys) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.add_deferred(&mut snapshot, |id, _| keys.all_deferred || keys.expired.contains(&id));
        self.add_monitors(&mut snapshot, keys);
        for id in &keys.missed {
            self.add_environment(&mut snapshot, *id);
        }
        self.add_timed_out(&mut snapshot, keys);
        for key in &keys.check_ins {
            let Some(monitor) = self.monitor_id(key.slug.as_str()) else { continue };
            let named = self.environments_of(monitor).find(|(_, row)| row.name == key.environment);
            if let Some((id, _)) = named {
                self.add_environment(&mut snapshot, id);
            }
        }
        self.add_whole_monitors(&mut snapshot, keys);
        let made: BTreeSet<&str> = keys
            .check_ins
            .iter()
            .filter(|key| key.has_config && !snapshot.has_monitor(&key.slug))
            .map(|key| key.slug.as_str())
            .collect();
        self.add_deferred(&mut snapshot, |_, slug| made.contains(slug));
        self.set_quota_usage(&mut snapshot, keys);
        self.add_runs(&mut snapshot, keys);
        self.add_incident_of_command(&mut snapshot, keys);
        self.add_withheld(&mut snapshot, keys);
        self.add_history(&mut snapshot, keys);
        let is_wanted = |silence: &Silence| {
            keys.silences_after.is_some_and(|after| silence.end() > after) || keys.silence == Some(silence.id)
        };
        snapshot.set_silences(self.silences.values().filter(|silence| is_wanted(silence)).cloned().collect());
        snapshot
    }

    fn add_deferred(&self, snapshot: &mut Snapshot, wanted: impl Fn(i64, &str) -> bool) {
        for (id, event) in &self.deferred {
            if wanted(*id, event.monitor_slug.as_str()) {
                snapshot.add_deferred(*id, event.clone());
            }
        }
    }

    fn add_monitors(&self, snapshot: &mut Snapshot, keys: &BatchKeys) {
        let mut slugs: BTreeSet<String> = keys.check_ins.iter().map(|key| key.slug.to_string()).collect();
        slugs.extend(keys.slugs.iter().map(ToString::to_string));
        slugs.extend(keys.monitors.iter().cloned());
        slugs.extend(snapshot.deferred.keys().map(ToString::to_string));
        for slug in slugs {
            if let Some(id) = self.monitor_id(&slug) {
                snapshot.add_monitor(id, self.monitors[&id].clone());
            }
        }
    }

    /// Adds an environment, and its monitor, if they exist and are not in the snapshot. Returns the index of the environment.
    pub(super) fn add_environment(&self, snapshot: &mut Snapshot, id: i64) -> Option<usize> {
        if let Some(index) = snapshot.environment_of_row(id) {
            return Some(index);
        }
        let row = self.environments.get(&id)?;
        let monitor = &self.monitors[&row.parent];
        let index = snapshot
            .monitor_index(&monitor.slug)
            .unwrap_or_else(|| snapshot.add_monitor(row.parent, monitor.clone()));
        Some(snapshot.add_environment(index, id, row.value.clone()))
    }

    /// Counts what caps limit, where one more monitor or environment may be made.
    fn set_quota_usage(&self, snapshot: &mut Snapshot, keys: &BatchKeys) {
        let makes_monitor =
            keys.check_ins.iter().any(|key| key.has_config && !snapshot.has_monitor(&key.slug));
        if makes_monitor || keys.monitor_count {
            snapshot.set_monitor_count(count(self.monitors.len()));
        }
        for key in &keys.check_ins {
            let Some(index) = snapshot.monitor_index(&key.slug) else { continue };
            let Some(id) = snapshot.monitors[index].id else { continue };
            let environments = self.environments_of(id).count();
            if environments > 0 && snapshot.environment_index(index, &key.environment).is_none() {
                let counted = self.environments_of(id).filter(|(id, row)| !row.muted || !self.is_broken(*id));
                let all_muted =
                    counted.map(|(_, environment)| environment.muted).reduce(|all, one| all && one);
                let usage =
                    QuotaUsage { environments: count(environments), all_muted, ..QuotaUsage::default() };
                snapshot.set_quota_usage(index, usage);
            }
        }
    }

    /// Whether the server has muted an environment as broken, in any of its incidents.
    fn is_broken(&self, environment: i64) -> bool {
        let muted = |incident: &Incident| incident.broken.is_some_and(|broken| broken.muted_at.is_some());
        children(&self.incidents, environment).any(|(_, incident)| muted(incident))
    }
}

fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
