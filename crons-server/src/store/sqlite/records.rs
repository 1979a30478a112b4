//! The work of a transaction: each method of [`Records`] by the module that does it.

use jiff::Timestamp;
use uuid::Uuid;

use super::connection::SqliteRecords;
use super::export::ALL;
use super::load::load_history;
use super::outages::{last_heartbeat, outages};
use crate::alerts::{Alert, Attempt};
use crate::domain::{
    CheckInEvent, Config, ConfigUpdate, HistoryQuery, Incident, Monitor, MonitorEnvironment, Outage,
    ProcessingError, ReceivedCheckIn, RowIds, State, Status,
};
use crate::store::error::StoreError;
use crate::store::expired::Expired;
use crate::store::records::{Change, Records, Usage};

impl Records for SqliteRecords<'_> {
    fn mark(&mut self) -> Result<(), StoreError> {
        Ok(self.0.prepare_cached("SAVEPOINT mark")?.execute([]).map(drop)?)
    }

    fn leave_mark(&mut self, keep: bool) -> Result<(), StoreError> {
        if !keep {
            self.1.clear();
            self.0.prepare_cached("ROLLBACK TO mark")?.execute([])?;
        }
        Ok(self.0.prepare_cached("RELEASE mark")?.execute([]).map(drop)?)
    }

    fn load(&mut self, event: &CheckInEvent) -> Result<State, StoreError> {
        let mut state = State::default();
        let monitor = self.monitor_of(event)?;
        let monitor_id = monitor.as_ref().map(|(id, _)| *id);
        let environment = match monitor_id {
            Some(id) => self.environment(id, &event.environment)?,
            None => None,
        };
        let environment_id = environment.as_ref().map(|(id, _)| *id);
        state.check_in = match (event.check_in_id.is_nil(), environment_id) {
            (true, Some(id)) => self.latest_open(id, event.received)?,
            (true, None) => None,
            (false, _) => self.check_in(event, environment_id)?,
        };
        state.monitor = monitor.map(|(_, monitor)| monitor);
        state.environment = environment.map(|(_, environment)| environment);
        state.keys = RowIds { monitor: monitor_id, environment: environment_id, incident: None };
        match (environment_id, &state.environment) {
            (Some(id), Some(environment)) => {
                let failed = state.check_in.as_ref().is_some_and(|run| run.row.status == Status::Error);
                let asked =
                    HistoryQuery::by_report(event.status, failed, environment, thresholds(&state, event));
                load_history(&self.0, &self.1.unreadable, id, &mut state, asked)?;
            }
            _ => state.siblings = self.siblings(monitor_id)?,
        }
        Ok(state)
    }

    fn save(&mut self, changes: &[Change<'_>]) -> Result<(), StoreError> {
        self.save_all(changes)
    }

    fn load_missed(&mut self, tick: Timestamp, limit: u32) -> Result<Vec<State>, StoreError> {
        self.missed(tick, limit)
    }

    fn timed_out(&mut self, tick: Timestamp, limit: u32) -> Result<Vec<Uuid>, StoreError> {
        self.overdue(tick, limit)
    }

    fn due_with(
        &mut self,
        event: &CheckInEvent,
        tick: Timestamp,
    ) -> Result<(Option<State>, Vec<Uuid>), StoreError> {
        self.due_beside(event, tick)
    }

    fn load_run(&mut self, guid: Uuid) -> Result<Option<State>, StoreError> {
        self.run(guid)
    }

    fn hold(&mut self, event: &CheckInEvent) -> Result<(), StoreError> {
        self.keep_held(event)
    }

    fn release(&mut self, event: &CheckInEvent) -> Result<Vec<CheckInEvent>, StoreError> {
        self.take_held(event)
    }

    fn expire(&mut self, until: Timestamp, limit: u32) -> Result<Vec<CheckInEvent>, StoreError> {
        self.take_expired(until, limit)
    }

    fn refuse(&mut self, refused: &ReceivedCheckIn, errors: &[ProcessingError]) -> Result<(), StoreError> {
        self.keep_refused(refused, errors, false)
    }

    fn remark(&mut self, accepted: &ReceivedCheckIn, remarks: &[ProcessingError]) -> Result<(), StoreError> {
        self.keep_refused(accepted, remarks, true)
    }

    fn count(&mut self, at: Timestamp, usage: &Usage, count: u32) -> Result<(), StoreError> {
        self.add_usage(at, usage, count)
    }

    fn heard_until(&mut self) -> Result<Option<Timestamp>, StoreError> {
        last_heartbeat(&self.0)
    }

    fn set_heard_until(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.put_heard_until(now)
    }

    fn add_outage(&mut self, outage: Outage) -> Result<(), StoreError> {
        self.put_outage(outage)
    }

    fn outages(&mut self, since: Timestamp) -> Result<Vec<Outage>, StoreError> {
        Ok(outages(&self.0, &self.1.unreadable, since, ALL)?.items)
    }

    fn monitor(&mut self, slug: &str) -> Result<Option<(Monitor, Vec<MonitorEnvironment>)>, StoreError> {
        self.monitor_with_environments(slug)
    }

    fn save_monitor(&mut self, monitor: &Monitor) -> Result<(), StoreError> {
        self.put_monitor(monitor).map(drop)
    }

    fn save_environment(
        &mut self,
        monitor: &Monitor,
        environment: &MonitorEnvironment,
    ) -> Result<(), StoreError> {
        let id = self.put_monitor(monitor)?;
        self.put_environment(id, environment).map(drop)
    }

    fn excuse_unheard(&mut self, monitor: &Monitor, now: Timestamp) -> Result<usize, StoreError> {
        self.excuse_open_runs(monitor, now)
    }

    fn incident(&mut self, guid: Uuid) -> Result<Option<Incident>, StoreError> {
        self.incident_by_guid(guid)
    }

    fn save_acknowledgement(&mut self, incident: &Incident) -> Result<(), StoreError> {
        self.put_acknowledgement(incident)
    }

    fn delete_monitor(&mut self, slug: &str, now: Timestamp) -> Result<(), StoreError> {
        self.drop_monitor(slug, now)
    }

    fn delete_environments(
        &mut self,
        monitor: &Monitor,
        names: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.drop_environments(monitor, names, now)
    }

    fn purge_deleted(&mut self) -> Result<bool, StoreError> {
        self.purge_some()
    }

    fn delete_expired(&mut self, expired: &Expired) -> Result<usize, StoreError> {
        self.delete_planned(expired)
    }

    fn reclaim_space(&mut self) -> Result<bool, StoreError> {
        self.free_pages()
    }

    fn setting(&mut self, name: &str, value: &str) -> Result<String, StoreError> {
        self.stored_setting(name, value)
    }

    fn resume_alerts(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.put_waits_right(now)
    }

    fn enqueue_alert(&mut self, alert: &Alert) -> Result<(), StoreError> {
        self.insert_alert(alert)
    }

    fn save_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        self.update_alert(attempt)
    }
}

/// The larger threshold, be it the monitor's or one that comes along with the check-in.
fn thresholds(state: &State, event: &CheckInEvent) -> usize {
    let config = state.monitor.as_ref().map(|monitor| &monitor.config);
    let known = config.map_or(1, Config::failures).max(config.map_or(1, Config::recoveries));
    let Some(ConfigUpdate::Valid(patch)) = &event.config else { return known };
    let brought =
        [patch.failure_issue_threshold, patch.recovery_threshold].into_iter().flatten().flatten().max();
    known.max(brought.unwrap_or(1) as usize)
}
