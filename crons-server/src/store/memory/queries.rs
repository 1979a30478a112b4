//! The reads of the database in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::sweep::MemorySweep;
use super::tables::{AlertRow, MemoryDatabase, children};
use crate::alerts::{DRILL, DueAlert};
use crate::domain::{CheckIn, Explained, Outage, Silence};
use crate::settings::Retention;
use crate::store::api_token::{ApiToken, TokenHash};
use crate::store::error::StoreError;
use crate::store::queries::{Queries, Sweep};
use crate::store::views::{
    Activity, AlertView, Buckets, CheckInFilter, CheckInView, Export, IncidentDetail, IncidentFilter,
    IncidentView, MonitorSummary, MonitorView, Page, PageRequest, ProcessingErrorsView, ProofView,
    RefusedView, RunPlace, RunView, StatsQuery, StatsView, UsageView,
};

impl Queries for MemoryDatabase {
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn has_monitor(&self, slug: &str) -> Result<bool, StoreError> {
        Ok(self.tables().monitor_id(slug).is_some())
    }

    fn slug_of(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let tables = self.tables();
        let found = tables.monitors.values().find(|monitor| monitor.guid == id);
        Ok(found.map(|monitor| monitor.slug.to_string()))
    }

    fn monitor(&self, slug: &str) -> Result<Option<MonitorView>, StoreError> {
        let tables = self.tables();
        Ok(tables.monitor_id(slug).map(|id| tables.monitor_view(id)))
    }

    fn monitors_named(&self, slugs: &[String]) -> Result<Vec<MonitorView>, StoreError> {
        let tables = self.tables();
        let found = tables.monitors_by_slug(|slug| slugs.iter().any(|named| named == slug));
        Ok(found.into_iter().map(|(id, _)| tables.monitor_view(id)).collect())
    }

    fn summaries(&self) -> Result<Vec<MonitorSummary>, StoreError> {
        Ok(self.tables().summaries())
    }

    fn activity(&self, slugs: &[String], buckets: Buckets) -> Result<Vec<Activity>, StoreError> {
        Ok(self.tables().activity(slugs, buckets))
    }

    fn runs_between(
        &self,
        slug: &str,
        environment: Option<&str>,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<CheckInView>, StoreError> {
        Ok(self.tables().runs_between(slug, environment, since..until, limit))
    }

    fn check_ins(
        &self,
        slug: &str,
        CheckInFilter { environments, since, until }: &CheckInFilter,
        request: PageRequest,
    ) -> Result<Option<Page<CheckInView>>, StoreError> {
        let tables = self.tables();
        let Some(monitor) = tables.monitor_id(slug) else { return Ok(None) };
        let all = tables.environments_of(monitor);
        let wanted = all.filter(|(_, row)| environments.is_empty() || environments.contains(&row.name));
        let runs = wanted.flat_map(|(id, row)| tables.runs_of(id).map(move |(id, run)| (id, run, row)));
        let is_in = |run: &CheckIn| {
            since.is_none_or(|since| run.date_added >= since)
                && until.is_none_or(|until| run.date_added <= until)
        };
        let mut runs: Vec<_> = runs.filter(|(_, run, _)| is_in(run)).collect();
        runs.sort_by_key(|(id, run, _)| Reverse((run.date_added, *id)));
        let views = runs
            .into_iter()
            .map(|(_, run, row)| CheckInView { environment: row.name.clone(), check_in: run.clone() });
        Ok(Some(page(views.collect(), request)))
    }

    fn runs(
        &self,
        slug: &str,
        environment: Option<&str>,
        after: Option<RunPlace>,
        limit: u32,
    ) -> Result<Option<Page<RunView>>, StoreError> {
        let tables = self.tables();
        let Some(monitor) = tables.monitor_id(slug) else { return Ok(None) };
        let environments = tables.environments_of(monitor);
        let wanted = environments.filter(|(_, row)| environment.is_none_or(|name| row.name == name));
        let mut views: Vec<_> = wanted
            .flat_map(|(id, row)| {
                tables.runs_of(id).map(|(arrival_seq, run)| RunView {
                    place: RunPlace { started: run.date_added, arrival_seq },
                    run: CheckInView { environment: row.name.clone(), check_in: run.clone() },
                })
            })
            .collect();
        let order = |place: RunPlace| Reverse((place.started, place.arrival_seq));
        views.retain(|view| after.is_none_or(|after| order(view.place) > order(after)));
        views.sort_by_key(|view| order(view.place));
        Ok(Some(page(views, PageRequest { skip: 0, limit })))
    }

    fn stats(&self, query: &StatsQuery) -> Result<Vec<StatsView>, StoreError> {
        Ok(self.tables().stats(query))
    }

    fn last_durations(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let tables = self.tables();
        let mut found: Vec<_> = tables
            .environments
            .keys()
            .filter_map(|id| {
                let (slug, name) = tables.names(*id);
                let newest = tables.newest_runs(*id).into_iter().take(10);
                Some((slug, name, newest.map(|(_, run)| run.duration_ms).find_map(|duration| duration)?))
            })
            .collect();
        found.sort();
        Ok(found)
    }

    fn check_in(&self, slug: &str, id: Uuid) -> Result<Option<CheckInView>, StoreError> {
        let tables = self.tables();
        let found = tables.runs.values().find(|row| row.value.guid == id);
        Ok(found.and_then(|row| {
            let (of, environment) = tables.names(row.parent);
            (of == slug).then(|| CheckInView { environment, check_in: row.value.clone() })
        }))
    }

    fn incidents(
        &self,
        filter: IncidentFilter<'_>,
        request: PageRequest,
    ) -> Result<Page<IncidentView>, StoreError> {
        let tables = self.tables();
        // The rows are read in the order of row ids, the last first, which a stable sort keeps.
        let views = tables.incidents.values().rev().map(|row| tables.incident_view(row));
        let mut views: Vec<_> = views
            .filter(|view| {
                filter.monitor_slug.is_none_or(|slug| view.monitor_slug == slug)
                    && filter.environment.is_none_or(|name| view.environment == name)
                    && filter.resolved.is_none_or(|resolved| view.incident.resolved_at.is_some() == resolved)
                    && filter.before.is_none_or(|before| view.incident.started_at < before)
            })
            .collect();
        views.sort_by_key(|view| Reverse(view.incident.started_at));
        Ok(page(views, request))
    }

    fn incident(&self, id: Uuid) -> Result<Option<IncidentDetail>, StoreError> {
        let tables = self.tables();
        let found = tables.incidents.iter().find(|(_, row)| row.value.guid == id);
        Ok(found.map(|(id, row)| IncidentDetail {
            view: tables.incident_view(row),
            occurrences: children(&tables.occurrences, *id).map(|(_, row)| row.clone()).collect(),
        }))
    }

    fn explained(&self, id: Uuid) -> Result<Option<Explained>, StoreError> {
        Ok(self.tables().explained(id))
    }

    fn processing_errors(&self, slug: Option<&str>) -> Result<Vec<ProcessingErrorsView>, StoreError> {
        let tables = self.tables();
        let monitor = slug.and_then(|slug| tables.monitor_id(slug));
        if slug.is_some() && monitor.is_none() {
            return Ok(Vec::new());
        }
        let rows = tables.processing_errors.values().rev().filter(|row| row.monitor == monitor);
        Ok(rows.map(|row| row.view.clone()).collect())
    }

    fn refused(&self, since: Timestamp, limit: u32) -> Result<Vec<RefusedView>, StoreError> {
        let tables = self.tables();
        let rows = tables.processing_errors.values().rev();
        let refused = rows.filter(|row| !row.view.accepted && row.view.received > since);
        let slug = |id: i64| tables.monitors.get(&id).map(|monitor| monitor.slug.to_string());
        let mut found: Vec<_> = refused
            .map(|row| RefusedView {
                monitor_slug: row.monitor.and_then(slug),
                received: row.view.received,
                payload: row.view.payload.clone(),
                errors: row.view.errors.clone(),
            })
            .collect();
        found.sort_by_key(|row| Reverse(row.received));
        found.truncate(limit as usize);
        Ok(found)
    }

    fn usage(
        &self,
        slug: Option<&str>,
        since: Timestamp,
        request: PageRequest,
    ) -> Result<Page<UsageView>, StoreError> {
        let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let tables = self.tables();
        let rows = tables
            .usage
            .iter()
            .filter(|((hour, of, ..), _)| *hour >= since.as_second() && slug.is_none_or(|slug| of == slug));
        let views = rows.map(|((hour, slug, outcome, reason), count)| UsageView {
            hour: Timestamp::from_second(*hour).unwrap_or_default(),
            monitor: named(slug),
            outcome: (*outcome).to_owned(),
            reason: named(reason),
            count: *count,
        });
        Ok(page(views.collect(), request))
    }

    fn outages(&self, since: Timestamp, request: PageRequest) -> Result<Page<Outage>, StoreError> {
        Ok(page(self.tables().outages_after(since), request))
    }

    fn silences(&self, since: Timestamp, request: PageRequest) -> Result<Page<Silence>, StoreError> {
        let tables = self.tables();
        let found = tables.silences.values().rev().filter(|silence| silence.end() > since);
        Ok(page(found.cloned().collect(), request))
    }

    fn alerts(&self, limit: u32) -> Result<Vec<AlertView>, StoreError> {
        let tables = self.tables();
        Ok(tables.alerts.values().rev().take(limit as usize).map(AlertRow::view).collect())
    }

    fn alerts_of(&self, incident: Uuid) -> Result<Vec<AlertView>, StoreError> {
        let tables = self.tables();
        let found = tables.alerts.values().filter(|row| row.alert.incident == incident);
        Ok(found.map(AlertRow::view).collect())
    }

    fn last_proof(&self) -> Result<Option<ProofView>, StoreError> {
        let tables = self.tables();
        // The start and the last delivery of each drill; no delivery if one is missing.
        let mut drills: HashMap<Uuid, (Timestamp, Option<Timestamp>)> = HashMap::new();
        for row in tables.alerts.values().filter(|row| row.alert.event == DRILL) {
            let (began, last) = drills.entry(row.alert.incident).or_insert((row.alert.at, row.delivered));
            *began = (*began).min(row.alert.at);
            *last = last.and_then(|last| Some(last.max(row.delivered?)));
        }
        let proofs = drills
            .into_values()
            .filter_map(|(began, last)| last.map(|at| ProofView { at, took: at.duration_since(began) }));
        Ok(proofs.max_by_key(|proof| proof.at))
    }

    fn due_alerts(&self, without: &[i64]) -> Result<Vec<DueAlert>, StoreError> {
        let tables = self.tables();
        // The oldest alert of each target that it did not refuse, and the earliest due one of those that it did.
        let mut next: BTreeMap<(String, bool), DueAlert> = BTreeMap::new();
        for (id, row) in tables.alerts.iter().filter(|(id, _)| !without.contains(id)) {
            let Some(alert) = row.due(*id) else { continue };
            let key = (alert.target.clone(), row.refused);
            let is_earlier = |other: &DueAlert| row.refused && alert.next_attempt_at < other.next_attempt_at;
            if next.get(&key).is_none_or(is_earlier) {
                next.insert(key, alert);
            }
        }
        let mut next: Vec<DueAlert> = next.into_values().collect();
        next.sort_by_key(|alert| (alert.next_attempt_at, alert.id));
        let mut due: Vec<DueAlert> = Vec::new();
        for alert in &next {
            // A target that has answered a message with a pause, or has failed, gets no other until then.
            let is_paused =
                |other: &&DueAlert| other.target == alert.target && !other.refused && other.attempts > 0;
            let first = next.iter().find(is_paused).unwrap_or(alert);
            if due.iter().all(|other| other.target != alert.target) {
                due.push(first.clone());
            }
        }
        due.sort_by_key(|alert| (alert.next_attempt_at, alert.id));
        Ok(due)
    }

    fn alerts_behind(
        &self,
        head: &DueAlert,
        without: &[i64],
        limit: u32,
    ) -> Result<Vec<DueAlert>, StoreError> {
        let tables = self.tables();
        let later = tables.alerts.iter().filter(|(id, _)| **id > head.id && !without.contains(id));
        let of_target = later
            .filter_map(|(id, row)| row.due(*id))
            .filter(|alert| alert.target == head.target && alert.refused == head.refused)
            .filter(|alert| head.group_until.is_some_and(|until| alert.created_at <= until));
        Ok(of_target.take(limit as usize).collect())
    }

    fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        Ok(self.tables().tokens.clone())
    }

    fn api_token(&self, hash: TokenHash) -> Result<Option<ApiToken>, StoreError> {
        Ok(self.tables().tokens.iter().find(|token| token.hash == hash).cloned())
    }

    fn export(&self, slug: Option<&str>) -> Result<Export, StoreError> {
        Ok(self.tables().export(slug))
    }

    fn has_deleted(&self) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn sweep(self: Arc<Self>, now: Timestamp, kept: Retention) -> Box<dyn Sweep> {
        Box::new(MemorySweep::new(&self.tables(), now, kept))
    }
}

fn page<T>(rows: Vec<T>, PageRequest { skip, limit }: PageRequest) -> Page<T> {
    let (skip, limit) = (skip as usize, limit as usize);
    let more = rows.len() > skip.saturating_add(limit);
    Page { items: rows.into_iter().skip(skip).take(limit).collect(), more }
}
