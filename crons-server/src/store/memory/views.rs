//! Conversions from stored rows to views.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::tables::{AlertRow, Child, Tables};
use crate::alerts::{DRILL, DueAlert};
use crate::domain::{EnvironmentStatus, Incident, Outage};
use crate::store::views::{AlertView, EnvironmentView, Export, IncidentView, MonitorView};

impl Tables {
    /// A monitor with its environments, those that need attention first.
    pub fn monitor_view(&self, id: i64) -> MonitorView {
        let mut environments: Vec<_> = self
            .environments_of(id)
            .map(|(id, environment)| EnvironmentView {
                environment: environment.clone(),
                incident_since: self.open_incident(id).map(|(_, incident)| incident.started_at),
                broken: self.open_incident(id).and_then(|(_, incident)| incident.broken),
                newest: self.newest_runs(id).first().map(|(_, run)| (*run).clone()),
                failing: self.failing(id),
            })
            .collect();
        environments.sort_by_key(|view| {
            let row = &view.environment;
            let attention = match row.status {
                EnvironmentStatus::Error => 0,
                EnvironmentStatus::Ok => 1,
                EnvironmentStatus::Active => 2,
            };
            (row.muted, attention, Reverse(row.last_check_in), row.name.clone())
        });
        MonitorView { monitor: self.monitors[&id].clone(), environments }
    }

    pub fn incident_view(&self, row: &Child<Incident>) -> IncidentView {
        let (monitor_slug, environment) = self.names(row.parent);
        IncidentView {
            monitor_guid: self.monitor_of(row.parent).guid,
            monitor_slug,
            monitor_name: self.monitor_of(row.parent).name().to_owned(),
            environment,
            incident: row.value.clone(),
        }
    }

    /// Outages that ended after `since`, the earliest start first, of two with the same start the one that was stored first.
    pub fn outages_after(&self, since: Timestamp) -> Vec<Outage> {
        let mut outages: Vec<Outage> =
            self.outages.values().filter(|row| row.until > since).copied().collect();
        outages.sort_by_key(|outage| outage.since);
        outages
    }

    /// Returns what is stored about check-ins, or about those of one monitor.
    pub fn export(&self, slug: Option<&str>) -> Export {
        let is_wanted =
            |environment: i64| slug.is_none_or(|slug| self.monitor_of(environment).slug.as_str() == slug);
        let mut export = Export {
            outages: self.outages_after(Timestamp::MIN),
            last_heartbeat: self.last_seen,
            ..Export::default()
        };
        for (id, row) in self.environments.iter().filter(|(id, _)| is_wanted(**id)) {
            export.environments.push((self.names(*id).0, row.value.clone()));
        }
        for row in self.runs.values().filter(|row| is_wanted(row.parent)) {
            let (slug, environment) = self.names(row.parent);
            export.check_ins.push((slug, environment, row.value.clone()));
        }
        for row in self.incidents.values().filter(|row| is_wanted(row.parent)) {
            let (slug, environment) = self.names(row.parent);
            export.incidents.push((slug, environment, row.value.clone()));
        }
        for row in self.occurrences.values() {
            let environment = self.incidents[&row.parent].parent;
            if is_wanted(environment) {
                let (slug, environment) = self.names(environment);
                export.occurrences.push((slug, environment, row.value.clone()));
            }
        }
        export
    }
}

impl AlertRow {
    pub fn view(&self) -> AlertView {
        AlertView {
            id: self.alert.key,
            target: self.alert.target.clone(),
            event: self.alert.event.to_owned(),
            incident: self.alert.incident,
            check_in: self.alert.check_in,
            created: self.alert.at,
            attempts: self.attempts,
            next_attempt: self.next_attempt,
            delivered: self.delivered,
            expired: self.expired,
            last_answer: self.last_answer.clone(),
        }
    }

    /// The alert as it is sent; `None` once it is delivered or expired.
    pub fn due(&self, id: i64) -> Option<DueAlert> {
        Some(DueAlert {
            id,
            key: self.alert.key,
            target: self.alert.target.clone(),
            body: self.alert.body.clone(),
            created_at: self.alert.at,
            attempts: self.attempts,
            next_attempt_at: self.next_attempt?,
            is_drill: self.alert.event == DRILL,
            group_until: self.alert.group_until,
            refused: self.refused,
        })
    }
}
