//! A snapshot that is being loaded: the keys that the statements of a database ask for, each once. The rows that a statement finds
//! decide what the next one asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crons_types::{CheckInId, Slug};
use uuid::Uuid;

use super::configs::Configs;
use crate::domain::{BatchKeys, CheckIn, Snapshot, UnreadableKey};

/// A snapshot that is being loaded, with what the next statements need to know of it.
pub(super) struct Loading<'keys> {
    pub keys: &'keys BatchKeys,
    pub snapshot: Snapshot,
    /// The index of each monitor by its row id.
    pub monitors: HashMap<i64, usize>,
    pub configs: Configs,
}

/// A row id, its run, and the row id of the environment.
pub(super) type Run = (i64, CheckIn, i64);

/// The environments whose open runs check-ins without an id may end.
#[derive(Debug, Default)]
pub(super) struct Nameless {
    pub environments: Vec<i64>,
    /// The most check-ins of one of them: each may end an open run.
    pub most: usize,
}

/// The history that a batch asks for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Environments, each with a bound: the newest finished runs up to there are asked for.
    pub windows: Vec<Bound>,
    /// The number of runs of each window.
    pub most: usize,
    /// Environments of which the newest run is asked for whose end the job itself has reported.
    pub reported: Vec<Bound>,
    /// Environments whose open incident is asked for.
    pub incidents: Vec<i64>,
}

/// The row id of an environment, and a place in the order of its runs: a start in microseconds, and a row id.
pub(super) type Bound = (i64, i64, i64);

impl<'keys> Loading<'keys> {
    pub fn new(keys: &'keys BatchKeys) -> Self {
        Self { keys, snapshot: Snapshot::default(), monitors: HashMap::new(), configs: Configs::default() }
    }

    /// The slugs of the monitors.
    pub fn slugs(&self) -> BTreeSet<String> {
        let keys = self.keys;
        let check_ins = keys.check_ins.iter().map(|key| &key.slug);
        let slugs = check_ins.chain(&keys.slugs).chain(self.snapshot.deferred.keys()).map(Slug::as_str);
        slugs.chain(keys.monitors.iter().map(String::as_str)).map(ToOwned::to_owned).collect()
    }

    /// The environments that check-ins name and that are not in the snapshot: row id and index of the monitor, and the name.
    pub fn missing_environments(&self) -> BTreeSet<(i64, usize, &'keys str)> {
        let snapshot = &self.snapshot;
        let missing = self.keys.check_ins.iter().filter_map(|key| {
            let monitor = snapshot.monitor_index(&key.slug)?;
            let is_known = snapshot.environment_index(monitor, &key.environment).is_some();
            Some((snapshot.monitors[monitor].id?, monitor, key.environment.as_str())).filter(|_| !is_known)
        });
        missing.collect()
    }

    /// Returns whether check-ins of the batch may make a monitor.
    #[cfg(feature = "postgres")]
    pub fn makes_monitors(&self) -> bool {
        let is_unreadable =
            |slug: &str| self.snapshot.unreadable.contains_key(&UnreadableKey::Monitor(slug.to_owned()));
        self.new_monitors().into_iter().any(|slug| !is_unreadable(slug))
    }

    /// The row ids of the monitors that are asked for with all their environments, in the order of the keys.
    pub fn whole_monitors(&self) -> Vec<i64> {
        let known = self.keys.monitors.iter().filter_map(|slug| self.snapshot.by_slug(slug));
        known.filter_map(|index| self.snapshot.monitors[index].id).collect()
    }

    /// Returns whether a check-in may make a monitor, so that their number is asked for.
    pub fn counts_monitors(&self) -> bool {
        self.keys.monitor_count || !self.new_monitors().is_empty()
    }

    /// The slugs of monitors that check-ins of the batch may make.
    pub fn new_monitors(&self) -> BTreeSet<&'keys str> {
        let check_ins = self.keys.check_ins.iter();
        let new = check_ins.filter(|key| key.has_config && !self.snapshot.has_monitor(&key.slug));
        new.map(|key| key.slug.as_str()).collect()
    }

    /// The ids of the runs that check-ins name.
    pub fn run_ids(&self) -> BTreeSet<Uuid> {
        let named = self.keys.check_ins.iter().map(|key| key.id);
        let waiting = self.snapshot.deferred.values().flatten().map(|row| row.event.check_in_id);
        let named = named.chain(waiting).filter(|id| *id != CheckInId::NIL);
        named.map(|id| Uuid::from_bytes(*id.as_bytes())).collect()
    }

    /// The row ids of the environments of the check-ins.
    pub fn environments(&self) -> BTreeSet<i64> {
        self.check_ins_by_environment().into_keys().collect()
    }

    /// The environments of check-ins that name no run.
    pub fn nameless(&self) -> Nameless {
        let mut nameless = Nameless::default();
        for (environment, (count, has_nameless)) in self.check_ins_by_environment() {
            if has_nameless {
                nameless.environments.push(environment);
                nameless.most = nameless.most.max(count);
            }
        }
        nameless
    }

    /// The number of check-ins by the row id of their environment, and whether one of them names no run.
    fn check_ins_by_environment(&self) -> BTreeMap<i64, (usize, bool)> {
        let snapshot = &self.snapshot;
        let mut check_ins: BTreeMap<i64, (usize, bool)> = BTreeMap::new();
        for key in &self.keys.check_ins {
            let environment = snapshot
                .monitor_index(&key.slug)
                .and_then(|monitor| snapshot.environment_index(monitor, &key.environment))
                .and_then(|index| snapshot.environments[index].row.id);
            let Some(environment) = environment else { continue };
            let (count, has_nameless) = check_ins.entry(environment).or_default();
            *count += 1;
            *has_nameless |= key.id == CheckInId::NIL;
        }
        check_ins
    }

    /// The history that the batch asks for.
    pub fn wanted_history(&self) -> Wanted {
        let mut wanted = Wanted::default();
        for (index, query) in self.snapshot.history_queries(self.keys) {
            let environment = &self.snapshot.environments[index];
            let Some(id) = environment.row.id else { continue };
            // Behind all runs: no start is later.
            let newest = (id, i64::MAX, i64::MAX);
            if query.runs > 0 {
                wanted.most = wanted.most.max(query.runs);
                wanted.windows.push(newest);
                wanted.windows.extend(environment.runs.iter().map(|run| {
                    let run = &self.snapshot.runs[*run];
                    (id, run.row.value.date_added.as_microsecond(), run.arrival_seq)
                }));
            }
            if query.reported {
                wanted.reported.push(newest);
            }
            if query.incident {
                wanted.incidents.push(id);
            }
        }
        wanted
    }

    /// Adds the runs whose environments are in the snapshot.
    pub fn add_runs(&mut self, runs: Vec<Run>) {
        for (id, run, environment) in runs {
            if let Some(environment) = self.snapshot.environment_of_row(environment) {
                self.snapshot.add_run(id, Ok(environment), run);
            }
        }
    }

    /// The row ids of environments of runs that are not in the snapshot.
    pub fn elsewhere(&self, runs: &[Run]) -> Vec<i64> {
        let environments: BTreeSet<i64> = runs.iter().map(|(_, _, environment)| *environment).collect();
        environments.into_iter().filter(|id| self.snapshot.environment_of_row(*id).is_none()).collect()
    }

    /// Adds runs that were found by their ids, wherever they are. `places` are the environments that are not in the snapshot: in words, or
    /// why they cannot be read. Returns the row ids of runs of deleted environments.
    pub fn add_named_runs(
        &mut self,
        runs: Vec<Run>,
        places: &HashMap<i64, Result<String, String>>,
    ) -> Vec<i64> {
        let mut of_deleted = Vec::new();
        for (id, run, environment) in runs {
            let snapshot = &mut self.snapshot;
            match (snapshot.environment_of_row(environment), places.get(&environment)) {
                (Some(index), _) => snapshot.add_run(id, Ok(index), run),
                (None, Some(Ok(place))) => snapshot.add_run(id, Err(place.clone()), run),
                (None, Some(Err(reason))) => {
                    snapshot.add_unreadable(UnreadableKey::Run(run.guid), reason.clone());
                }
                (None, None) => of_deleted.push(id),
            }
        }
        of_deleted
    }

    /// The row ids of the runs of an environment whose deadline the batch is about.
    pub fn timed_out_of(&self, environment: usize) -> Vec<i64> {
        let runs = self.snapshot.environments[environment].runs.iter();
        let ids = runs.filter_map(|run| self.snapshot.runs[*run].row.id);
        ids.filter(|id| self.keys.timed_out.contains(id)).collect()
    }
}
