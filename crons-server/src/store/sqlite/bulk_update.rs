//! Deadlines that have moved, written to SQLite: those that have moved to the same instant with one statement.

use jiff::Timestamp;
use rusqlite::types::ToSql;

use super::connection::SqliteRecords;
use super::rows::Micros;
use crate::domain::{EnvironmentStatus, MonitorEnvironment};
use crate::store::error::StoreError;

/// Environments of one statement.
const ROWS: usize = 50;

/// All that a missed run changes of an environment. In a storm it is the same of many.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Deadline {
    status: EnvironmentStatus,
    next_check_in: Option<Timestamp>,
    next_check_in_latest: Option<Timestamp>,
}

impl Deadline {
    /// Where it has moved to; `None` if it has not, or more has changed.
    pub(super) fn moved(before: &MonitorEnvironment, after: &MonitorEnvironment) -> Option<Self> {
        let MonitorEnvironment { status, next_check_in, next_check_in_latest, .. } = *after;
        if before.next_check_in_latest == next_check_in_latest {
            return None;
        }
        let same = before.name == after.name
            && before.muted == after.muted
            && before.date_created == after.date_created
            && before.last_check_in == after.last_check_in
            && before.last_ok == after.last_ok;
        same.then_some(Self { status, next_check_in, next_check_in_latest })
    }
}

impl SqliteRecords<'_> {
    /// Of environments by their row ids.
    pub(super) fn move_deadlines(&self, moved: &mut [(i64, Deadline)]) -> Result<(), StoreError> {
        moved.sort_by_key(|(id, deadline)| {
            (deadline.next_check_in_latest, deadline.next_check_in, deadline.status.as_str(), *id)
        });
        for alike in moved.chunk_by(|(_, one), (_, other)| one == other) {
            for alike in alike.chunks(ROWS) {
                self.move_alike(alike)?;
            }
        }
        Ok(())
    }

    fn move_alike(&self, alike: &[(i64, Deadline)]) -> Result<(), StoreError> {
        let (Some((_, deadline)), Some((last, _))) = (alike.first(), alike.last()) else { return Ok(()) };
        let rows = if alike.len() == 1 { 1 } else { ROWS };
        let mut statement = self.0.prepare_cached(&format!(
            "UPDATE OR FAIL environments SET status = ?, next_check_in = ?, next_check_in_latest = ? WHERE id IN ({})",
            vec!["?"; rows].join(", ")
        ))?;
        let Deadline { status, next_check_in, next_check_in_latest } = deadline;
        let (next, latest) = (next_check_in.map(Micros), next_check_in_latest.map(Micros));
        let values: [&dyn ToSql; 3] = [&status.as_str(), &next, &latest];
        // To name one twice is to name it once.
        let ids = alike.iter().map(|(id, _)| id).chain(std::iter::repeat(last)).take(rows);
        for (number, value) in (1..).zip(values.into_iter().chain(ids.map(|id| id as &dyn ToSql))) {
            statement.raw_bind_parameter(number, value)?;
        }
        statement.raw_execute()?;
        Ok(())
    }
}
