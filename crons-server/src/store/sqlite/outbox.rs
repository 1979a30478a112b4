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
    /// that is down. An alert that was never tried, or whose target was not in the configuration, is due at once. None waits for
    /// longer than a target can ask for, in case the clock has been set back.
    pub(super) fn put_waits_right(&self, now: Timestamp) -> Result<(), StoreError> {
        let longest = now.saturating_add(MAX_RETRY_AFTER).unwrap_or(Timestamp::MAX);
        self.transaction.execute(
            "UPDATE alerts SET next_attempt_at = min(next_attempt_at,
                 iif(attempts = 0 OR substr(last_answer, 1, length(?3)) = ?3, ?1, ?2))
             WHERE next_attempt_at IS NOT NULL",
            params![Micros(now), Micros(longest), UNKNOWN_TARGET],
        )?;
        Ok(())
    }
}
