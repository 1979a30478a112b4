//! Messages about incidents, until their targets have them, and a while longer.

use jiff::Timestamp;

use super::connection::PostgresTransaction;
use super::parameter::{micros, text};
use crate::alerts::{MAX_RETRY_AFTER, UNKNOWN_TARGET};
use crate::store::error::StoreError;

impl PostgresTransaction<'_> {
    /// Brings the waits of alerts up to date at the start of a server. Each keeps its own, so that a restart does not storm a target
    /// that is down. An alert that was never tried is due when its group is complete, and one whose target was not in the configuration at once. None
    /// waits for longer than a target can ask for, in case the clock has been set back.
    pub(super) fn put_waits_right(&self, now: Timestamp) -> Result<(), StoreError> {
        let longest = now.saturating_add(MAX_RETRY_AFTER).unwrap_or(Timestamp::MAX);
        self.session()?.execute(
            "WITH k AS (SELECT id, CASE WHEN starts_with(last_answer, $3) THEN $1 WHEN attempts = 0 THEN greatest($1, least($2, coalesce(group_until, $1)))
                     ELSE $2 END AS latest
                 FROM alerts WHERE next_attempt_at IS NOT NULL)
             UPDATE alerts a SET next_attempt_at = k.latest FROM k WHERE a.id = k.id AND a.next_attempt_at > k.latest",
            &[&micros(now), &micros(longest), &text(UNKNOWN_TARGET)],
        )?;
        Ok(())
    }
}
