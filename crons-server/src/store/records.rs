//! The seam to a database, as the pipeline sees it: transactions, and what can be done in them.

use jiff::Timestamp;
use uuid::Uuid;

use crons_types::Slug;

use super::error::StoreError;
use super::expired::Expired;
use crate::alerts::{Alert, Attempt};
use crate::domain::{
    CheckInEvent, Incident, Monitor, MonitorEnvironment, Occurrence, Outage, Outcome, ProcessingError,
    ReceivedCheckIn, State,
};

/// A database, as the consumer sees it: one transaction at a time.
pub trait Store: Send {
    /// Runs `work` in a transaction. When this returns `Ok`, all of it is durable; otherwise nothing happened.
    ///
    /// # Errors
    /// If `work` fails, or the database does: it is full, read-only, gone.
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Records) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;
}

/// What can be done within a transaction.
pub trait Records {
    /// Marks a point to which the transaction can go back.
    fn mark(&mut self) -> Result<(), StoreError>;
    /// Keeps what was done since the mark, or undoes it.
    fn leave_mark(&mut self, keep: bool) -> Result<(), StoreError>;

    /// All that bears on a check-in.
    fn load(&mut self, event: &CheckInEvent) -> Result<State, StoreError>;
    /// Writes what differs, of environments that are not the same.
    fn save(&mut self, changes: &[Change<'_>]) -> Result<(), StoreError>;

    /// Environments whose run is missed at `tick`, at most `limit`, with all that bears on it.
    fn load_missed(&mut self, tick: Timestamp, limit: u32) -> Result<Vec<State>, StoreError>;
    /// The ids of runs that are timed out at `tick`, at most `limit`, oldest first.
    fn timed_out(&mut self, tick: Timestamp, limit: u32) -> Result<Vec<Uuid>, StoreError>;
    /// The environment of a check-in if its run is missed at `tick`, and the ids of its runs that are timed out.
    fn due_with(
        &mut self,
        event: &CheckInEvent,
        tick: Timestamp,
    ) -> Result<(Option<State>, Vec<Uuid>), StoreError>;
    /// All that bears on a run, if its monitor is enabled.
    fn load_run(&mut self, guid: Uuid) -> Result<Option<State>, StoreError>;

    /// Keeps the end of a run of an unknown monitor.
    fn hold(&mut self, event: &CheckInEvent) -> Result<(), StoreError>;
    /// Takes out what is held for a monitor, in order of arrival.
    fn release(&mut self, event: &CheckInEvent) -> Result<Vec<CheckInEvent>, StoreError>;
    /// Takes out what has been held since `until` or longer, at most `limit`.
    fn expire(&mut self, until: Timestamp, limit: u32) -> Result<Vec<CheckInEvent>, StoreError>;

    /// Keeps what was refused: the newest ten of each monitor, and of those that are for none.
    fn refuse(&mut self, refused: &ReceivedCheckIn, errors: &[ProcessingError]) -> Result<(), StoreError>;
    /// Keeps remarks about a check-in that counts, among what was refused: the same remarks of a monitor once.
    fn remark(&mut self, accepted: &ReceivedCheckIn, remarks: &[ProcessingError]) -> Result<(), StoreError>;
    /// Adds to the usage of the hour that `at` is in.
    fn count(&mut self, at: Timestamp, usage: &Usage, count: u32) -> Result<(), StoreError>;

    /// Until when the server is known to have listened.
    fn heard_until(&mut self) -> Result<Option<Timestamp>, StoreError>;
    /// Says that it listens until now.
    fn set_heard_until(&mut self, now: Timestamp) -> Result<(), StoreError>;
    /// Keeps a stretch of time in which nobody could be heard.
    fn add_outage(&mut self, outage: Outage) -> Result<(), StoreError>;
    /// Those that ended after `since`.
    fn outages(&mut self, since: Timestamp) -> Result<Vec<Outage>, StoreError>;

    /// A monitor with its environments, in order of their names.
    fn monitor(&mut self, slug: &str) -> Result<Option<(Monitor, Vec<MonitorEnvironment>)>, StoreError>;
    /// Writes a monitor.
    fn save_monitor(&mut self, monitor: &Monitor) -> Result<(), StoreError>;
    /// Writes an environment.
    fn save_environment(
        &mut self,
        monitor: &Monitor,
        environment: &MonitorEnvironment,
    ) -> Result<(), StoreError>;
    /// Open runs of a monitor become unknown, if their deadline has passed or a report about them was filtered. How many.
    fn excuse_unheard(&mut self, monitor: &Monitor, now: Timestamp) -> Result<usize, StoreError>;
    /// An incident.
    fn incident(&mut self, guid: Uuid) -> Result<Option<Incident>, StoreError>;
    /// Writes what was acknowledged of it.
    fn save_acknowledgement(&mut self, incident: &Incident) -> Result<(), StoreError>;

    /// Deletes a monitor and its environments, be they readable or not: they are not there any more, and what is stored of them is for
    /// [`purge_deleted`](Self::purge_deleted) to delete.
    fn delete_monitor(&mut self, slug: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Deletes environments of a monitor in the same way.
    fn delete_environments(
        &mut self,
        monitor: &Monitor,
        names: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Deletes some of what is stored of deleted monitors and environments. Whether there is more.
    fn purge_deleted(&mut self) -> Result<bool, StoreError>;
    /// Deletes what a sweep has found to be too old or too many. The number of check-ins among it.
    fn delete_expired(&mut self, expired: &Expired) -> Result<usize, StoreError>;
    /// Gives space back that nothing uses any more: a little of it, so that nobody waits for long. Whether there is more.
    fn reclaim_space(&mut self) -> Result<bool, StoreError>;

    /// Stores a setting that has no value yet, and returns the value that it has.
    fn setting(&mut self, name: &str, value: &str) -> Result<String, StoreError>;

    /// Brings the waits of alerts up to date at the start of a server. An alert that was never tried, or whose target was not configured,
    /// is due at once; no alert waits for longer than a target can ask for.
    fn resume_alerts(&mut self, now: Timestamp) -> Result<(), StoreError>;
    /// Keeps a message about an incident until its target has it; one about the same event and target is there once.
    fn enqueue_alert(&mut self, alert: &Alert) -> Result<(), StoreError>;
    /// Writes down what came of an attempt to send one.
    fn save_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError>;
}

/// What an event has changed.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub before: &'a State,
    pub after: &'a State,
    /// What people are told of the incident in `after`.
    pub occurrences: &'a [Occurrence],
}

/// What a check-in counts as.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Usage {
    pub project: u64,
    /// As sent.
    pub slug: Option<Slug>,
    pub outcome: Outcome,
    /// Sentry's word; none if it was accepted.
    pub reason: Option<&'static str>,
}
