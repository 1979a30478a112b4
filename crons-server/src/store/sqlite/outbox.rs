//! Messages about incidents, until their targets have them, and a while longer.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use rusqlite::params;

use super::connection::SqliteTransaction;
use super::rows::Micros;
use crate::alerts::{MAX_RETRY_AFTER, UNKNOWN_TARGET};
use crate::store::error::StoreError;

impl SqliteTransaction<'_> {
    /// Brings the waits of alerts up to date at the start of a server. Each keeps its own, so that a restart does not storm a target
    /// that is down. An alert that was never tried is due when its group is complete, and one whose target was not in the configuration at once. None
    /// waits for longer than a target can ask for, in case the clock has been set back.
    pub(super) fn put_waits_right(&self, now: Timestamp) -> Result<(), StoreError> {
        let longest = now.saturating_add(MAX_RETRY_AFTER).unwrap_or(Timestamp::MAX);
        self.transaction.execute(
            "UPDATE alerts SET next_attempt_at = min(next_attempt_at,
                 CASE WHEN substr(last_answer, 1, length(?3)) = ?3 THEN ?1
                     WHEN attempts = 0 THEN max(?1, min(?2, coalesce(group_until, ?1))) ELSE ?2 END)
             WHERE next_attempt_at IS NOT NULL",
            params![Micros(now), Micros(longest), UNKNOWN_TARGET],
        )?;
        Ok(())
    }
}
