//! The seam to a database, as the pipeline sees it: load a batch, write its changes, commit.

use std::collections::HashMap;

use crons_types::Slug;
use jiff::Timestamp;

use super::api_token::TokenChange;
use super::error::StoreError;
use super::expired::Expired;
use super::group::Group;
use super::pass::{Pass, Progress};
use crate::alerts::{Alert, Attempt};
use crate::domain::{BatchKeys, Outage, Outcome, ProcessingError, ReceivedCounts, Snapshot};

/// A database that takes changes, one transaction of a server at a time.
pub trait Store: Send {
    /// Opens a transaction.
    ///
    /// # Errors
    /// If the database cannot be written: it is read-only, gone, or in use by another program.
    fn begin(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError>;

    /// Opens a transaction for check-ins or deadlines of monitors, which runs beside those of other servers. Its
    /// [`load`](Transaction::load) locks the monitors; it is a [`Conflict`](StoreError::Conflict) if a check-in may make a
    /// monitor, which other servers may make at the same time.
    ///
    /// # Errors
    /// The cases of [`begin`](Self::begin).
    fn begin_shared(&mut self) -> Result<Box<dyn Transaction + '_>, StoreError> {
        self.begin()
    }

    /// The standing of this server among those that use the database.
    fn group(&self) -> Group {
        Group::default()
    }

    /// Tells the other servers that all inputs before `watermark` are stored, and returns how far all are; `None` if no other server can use the
    /// database.
    ///
    /// # Errors
    /// If the database fails, or the others went on without this server.
    fn synchronize(&mut self, _watermark: Timestamp) -> Result<Option<Progress>, StoreError> {
        Ok(None)
    }

    /// Tells the other servers that the deadlines of all minutes up to this one are evaluated.
    ///
    /// # Errors
    /// If the database fails.
    fn evaluated(&mut self, _minute: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A transaction. Its changes are durable once [`commit`](Self::commit) has returned; one that is dropped is rolled back.
///
/// A backend may lock the rows that it loads until then. A row that cannot be decoded is set aside: it is not in a snapshot except as
/// [`UnreadableKey`](crate::domain::UnreadableKey), and never due again.
pub trait Transaction {
    /// Loads the rows of a batch, as changed by what was written before in this transaction.
    fn load(&mut self, keys: &BatchKeys) -> Result<Snapshot, StoreError>;
    /// Writes the changes of a batch.
    fn write(&mut self, changes: &Changes) -> Result<(), StoreError>;
    /// Makes all that was written durable, or nothing of it.
    fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// Returns the row ids whose time has come at `tick` and which a pass takes, at most `limit`, in the order in which they are to be evaluated.
    /// Where no other server can use the database, each pass takes all.
    fn claim(
        &mut self,
        kind: DueKind,
        tick: Timestamp,
        limit: usize,
        pass: Pass,
    ) -> Result<Vec<i64>, StoreError>;
    /// The earliest deadline of an environment or a run of an enabled monitor, end of a silence that keeps a message back,
    /// or reminder of an incident.
    fn next_deadline(&mut self) -> Result<Option<Timestamp>, StoreError>;

    /// Counts check-ins of a minute by slug and environment, for the rate limit, and returns how many of these there were in that minute before;
    /// `None` if no other server can use the database, so that the caller's own counts are all.
    fn count_received(
        &mut self,
        _minute: Timestamp,
        _counts: &ReceivedCounts,
    ) -> Result<Option<ReceivedCounts>, StoreError> {
        Ok(None)
    }

    /// The newest instant at which a server is stored to have received: the last heartbeat of all, and what other servers have said since; `None` before
    /// the first.
    fn last_seen(&mut self) -> Result<Option<Timestamp>, StoreError>;
    /// Outages that ended after `since`, oldest first.
    fn outages(&mut self, since: Timestamp) -> Result<Vec<Outage>, StoreError>;

    /// Stores a setting that has no value yet, and returns the value that it has.
    fn setting(&mut self, name: &str, value: &str) -> Result<String, StoreError>;
    /// Brings the waits of alerts up to date at the start of a server. An alert that was never tried is due when its group is
    /// complete, and one whose target was not configured at once; no alert waits for longer than a target can ask for.
    fn resume_alerts(&mut self, now: Timestamp) -> Result<(), StoreError>;

    /// Has this server send the messages of a target, unless another one does. Where no other server can use the database, it sends all.
    fn lease_target(&mut self, _target: &str) -> Result<(), StoreError> {
        Ok(())
    }
    /// Has the next server of the list send the messages of a target that this one sends.
    fn hand_over_target(&mut self, _target: &str) -> Result<(), StoreError> {
        Ok(())
    }

    /// Deletes some of the rows of deleted monitors and environments. Returns whether there are more.
    fn purge_deleted(&mut self) -> Result<bool, StoreError>;
    /// Deletes what a sweep has found to be too old or too many. Returns the number of check-ins among it.
    fn delete_expired(&mut self, expired: &Expired) -> Result<usize, StoreError>;
    /// Returns some unused space to the file system, so little that no check-in waits for long. Returns whether there is more.
    fn reclaim_space(&mut self) -> Result<bool, StoreError>;
}

/// The kinds of rows that become due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueKind {
    /// Incidents about which a message was kept back by a silence until that time, the earliest end first.
    Withheld,
    /// Incidents about which a reminder, an escalation or whether they are broken is to be decided, the earliest first. Those that a person
    /// has acknowledged, in muted environments or of disabled monitors wait.
    FollowUp,
    /// Environments whose expected run is missed, earliest deadline first.
    Missed,
    /// Open runs whose deadline has passed, oldest first.
    TimedOut,
    /// Deferred ends that were received at that time or earlier, oldest first.
    Deferred,
}

/// The changes of a batch: those of its snapshot, and the rows that it adds beside them.
#[derive(Debug, Default)]
pub struct Changes {
    pub snapshot: Snapshot,
    pub processing_errors: Vec<ProcessingErrors>,
    /// Check-ins to count, by the start of the hour in seconds since 1970.
    pub usage: HashMap<(i64, Usage), u32>,
    pub alerts: Vec<Alert>,
    pub attempts: Vec<Attempt>,
    pub outages: Vec<Outage>,
    pub tokens: Vec<TokenChange>,
    /// Names and values of settings, which replace those that are stored.
    pub settings: Vec<(String, String)>,
    /// The heartbeat: an instant at which the server is receiving.
    pub last_seen: Option<Timestamp>,
}

/// The errors of a check-in that was refused, or warnings about one that was accepted, with its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessingErrors {
    pub slug: Option<Slug>,
    pub received: Timestamp,
    /// The payload as it was sent, without the server's key.
    pub payload: String,
    pub errors: Vec<ProcessingError>,
    pub accepted: bool,
}

/// The result of a check-in in the usage statistics.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Usage {
    /// `None` if it names no monitor.
    pub slug: Option<Slug>,
    pub outcome: Outcome,
    /// Sentry's word for the reason; `None` if the check-in was accepted.
    pub reason: Option<&'static str>,
}

impl Changes {
    /// Changes of a batch that was loaded.
    pub fn of(snapshot: Snapshot) -> Self {
        Self { snapshot, ..Self::default() }
    }
}
