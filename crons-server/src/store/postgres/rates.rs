//! The check-ins of the current minute, which all servers on a schema count together for the rate limit.

use crons_types::Slug;
use jiff::Timestamp;

use super::parameter::{micros, texts};
use super::session::Session;
use crate::domain::ReceivedCounts;
use crate::store::error::StoreError;

/// The number of microseconds in two minutes: rows of an earlier minute with the same parity are used again.
const PARITY_LENGTH: i64 = 120_000_000;
/// The age at which rows are deleted, in microseconds: their monitors send no more.
const KEPT: i64 = 24 * 3_600 * 1_000_000;

/// Adds the check-ins of a minute to its counts. Returns these counts as they were before.
///
/// # Errors
/// If the database fails.
pub(super) fn count(
    session: Session<'_>,
    minute: Timestamp,
    counts: &ReceivedCounts,
) -> Result<ReceivedCounts, StoreError> {
    let mut keys: Vec<&(Slug, String)> = counts.keys().collect();
    keys.sort_unstable_by_key(|(slug, name)| (slug.as_str(), name.as_str()));
    let received: Vec<i64> = keys.iter().map(|key| i64::from(counts[*key])).collect();
    let (slugs, environments) = (
        texts(keys.iter().map(|(slug, _)| slug.as_str())),
        texts(keys.iter().map(|(_, name)| name.as_str())),
    );
    let minute = micros(minute);
    let parity = minute.rem_euclid(PARITY_LENGTH) / (PARITY_LENGTH / 2);
    let found = session.query(
        "INSERT INTO rates AS r (slug, environment, parity, minute, received)
         SELECT slug, environment, $4::bigint, $5, received FROM unnest($1, $2, $3) AS k (slug, environment, received)
         ON CONFLICT (slug, environment, parity) DO UPDATE SET minute = excluded.minute,
             received = excluded.received + CASE WHEN r.minute = excluded.minute THEN r.received ELSE 0 END
         RETURNING slug, environment, received",
        &[&slugs, &environments, &received, &parity, &minute],
    )?;
    let mut before = ReceivedCounts::new();
    for row in &found {
        let (slug, environment, total): (&str, &str, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let place =
            keys.binary_search_by(|(other, name)| (other.as_str(), name.as_str()).cmp(&(slug, environment)));
        if let Ok(place) = place {
            let earlier = total - received[place];
            before.insert(keys[place].clone(), u32::try_from(earlier).unwrap_or(u32::MAX));
        }
    }
    Ok(before)
}

/// Deletes the counts of minutes long ago.
///
/// # Errors
/// If the database fails.
pub(super) fn delete_old(session: Session<'_>) -> Result<(), StoreError> {
    session.execute("DELETE FROM rates WHERE minute < (SELECT max(minute) FROM rates) - $1", &[&KEPT])?;
    Ok(())
}
