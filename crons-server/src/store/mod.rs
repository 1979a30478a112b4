//! Where the server keeps things: the seam, and the databases behind it. Every SQL statement is in this folder.

mod rows;
mod schema;
mod sqlite;
mod find;
mod write;
mod reader;

use jiff::Timestamp;
use uuid::Uuid;

use crate::lifecycle::{CheckInEvent, State};

pub use reader::{EnvironmentView, MonitorView, Reader};
pub use sqlite::SqliteStore;

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
    /// Writes what differs.
    fn save(&mut self, before: &State, after: &State) -> Result<(), StoreError>;
    /// Environments whose run is missed at `tick`, at most `limit`, with all that bears on it.
    fn load_missed(&mut self, tick: Timestamp, limit: u32) -> Result<Vec<State>, StoreError>;
    /// The ids of runs that are timed out at `tick`, oldest first.
    fn timed_out(&mut self, tick: Timestamp) -> Result<Vec<Uuid>, StoreError>;
    /// All that bears on a run, if its monitor is enabled.
    fn load_run(&mut self, guid: Uuid) -> Result<Option<State>, StoreError>;
    /// Keeps the end of a run of an unknown monitor.
    fn hold(&mut self, event: &CheckInEvent) -> Result<(), StoreError>;
    /// Takes out what is held for a monitor, in order of arrival.
    fn release(&mut self, event: &CheckInEvent) -> Result<Vec<CheckInEvent>, StoreError>;
    /// Takes out what has been held since `until` or longer.
    fn expire(&mut self, until: Timestamp) -> Result<Vec<CheckInEvent>, StoreError>;
}

/// Why a transaction failed.
#[derive(Debug)]
pub struct StoreError(Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    pub(crate) fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the database failed: {}", self.0)
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        Self::new(cause)
    }
}
