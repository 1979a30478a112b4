//! Commands of people about silences.

use jiff::Timestamp;
use uuid::Uuid;

use super::command::{CommandError, CommandOutcome};
use super::follow_up::FollowUpsDue;
use super::silence::Silence;
use super::snapshot::Snapshot;

/// Makes a silence. The snapshot has all that have not ended.
///
/// # Errors
/// If there are too many that have not ended.
pub(super) fn create(
    snapshot: &mut Snapshot,
    silence: &Silence,
    now: Timestamp,
) -> Result<CommandOutcome, CommandError> {
    let pending = snapshot.silences.made.iter().filter(|other| other.end() > now).count();
    if pending >= Silence::MAX_PENDING {
        return Err(CommandError::TooManySilences(Silence::MAX_PENDING));
    }
    snapshot.changed_silences.push(silence.clone());
    Ok(CommandOutcome { all_changed: true, ..CommandOutcome::default() })
}

/// Ends a silence now. The messages that it kept back, and the escalations that wait for its end, are decided anew in the next minute.
///
/// # Errors
/// If there is no such silence, or it has ended.
pub(super) fn end(snapshot: &mut Snapshot, id: Uuid, now: Timestamp) -> Result<CommandOutcome, CommandError> {
    let found = snapshot.silences.made.iter().find(|silence| silence.id == id);
    let silence = found.cloned().ok_or(CommandError::NoSilence)?;
    let planned = silence.end();
    if planned <= now {
        return Err(CommandError::SilenceEnded(planned));
    }
    snapshot.changed_silences.push(Silence { ended_at: Some(now), ..silence });
    snapshot.withheld_due = Some(now);
    snapshot.follow_ups_due = Some(FollowUpsDue { at: now, instead_of: Some(planned) });
    Ok(CommandOutcome { all_changed: true, ..CommandOutcome::default() })
}
