//! The table `target_leases`, which has the server that sends the messages of each target.

use super::parameter::text;
use super::session::Session;
use crate::store::error::StoreError;

/// Gives a target to a server, by its row id, unless another one that is in the list has it.
pub(super) fn lease(session: Session<'_>, id: i64, target: &str) -> Result<(), StoreError> {
    session.execute(
        "INSERT INTO target_leases AS t (target, node) VALUES ($1, $2)
         ON CONFLICT (target) DO UPDATE SET node = excluded.node WHERE t.node NOT IN (SELECT id FROM nodes)",
        &[&text(target), &id],
    )?;
    Ok(())
}

/// Gives a target of a server, by its row id, to the next one that receives, in the order of row ids; after the last one comes the first. A server
/// alone keeps it.
pub(super) fn hand_over(session: Session<'_>, id: i64, target: &str) -> Result<(), StoreError> {
    session.execute(
        "UPDATE target_leases SET node = (
             SELECT id FROM nodes WHERE takes_targets AND watermark IS NOT NULL AND NOT was_cut AND expires_at > clock_timestamp() OR id = $2
             ORDER BY id <= $2, id LIMIT 1)
         WHERE target = $1 AND node = $2",
        &[&text(target), &id],
    )?;
    Ok(())
}
