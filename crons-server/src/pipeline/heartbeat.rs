//! The heartbeat, by which servers know until when one of them was receiving, and the outage that a gap in it is.

use jiff::{SignedDuration, Timestamp};

use super::apply;
use super::processor::Processor;
use super::shared::OUTAGE_HORIZON;
use crate::domain::Outage;
use crate::store::{Changes, Progress, Store, StoreError};

/// The longest gap that is no outage where there are other servers: they say every 250 ms until when they have stored what they received.
const BRIEF_GAP: SignedDuration = SignedDuration::from_secs(2);
/// The longest gap that is no outage where others have just said that they receive: at a new minute they may wait for a server that hangs.
const LONGEST_GAP: SignedDuration = SignedDuration::from_secs(20);

/// The longest gap that is no outage: of other servers it is known only a few times a second until when they were receiving.
pub(super) fn brief(progress: Option<Progress>) -> SignedDuration {
    match progress {
        Some(progress) if progress.others_receive => LONGEST_GAP,
        Some(progress) if progress.has_others => BRIEF_GAP,
        _ => SignedDuration::ZERO,
    }
}

/// Stores that a server is receiving now, and the outage since `away_since` if it was not receiving since then and no other server was. Returns the
/// outage. The outages that others have found are read.
///
/// # Errors
/// If the database fails. Then nothing has changed.
pub(super) fn store(
    store: &mut dyn Store,
    processor: &mut Processor,
    away_since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Outage>, StoreError> {
    let progress = away_since.map_or(Ok(None), |since| store.synchronize(since))?;
    let outages = processor.outages.clone();
    let stored = apply::run_again(|| {
        let mut transaction = store.begin()?;
        let mut changes = Changes { last_seen: Some(now), ..Changes::default() };
        if let Some(mut since) = away_since {
            if progress.is_some() {
                processor.read_outages(&mut *transaction, now)?;
                since = since.max(transaction.last_seen()?.unwrap_or(since));
            }
            if now.duration_since(since) > brief(progress) {
                add_outage(processor, &mut changes, Outage { since, until: now });
            }
        }
        transaction.write(&changes)?;
        transaction.commit()?;
        Ok(changes)
    });
    let changes = stored.inspect_err(|_| processor.outages = outages)?;
    report_outages(&changes);
    Ok(changes.outages.first().copied())
}

/// Logs outages, once they are durable.
pub(super) fn report_outages(changes: &Changes) {
    for Outage { since, until } in &changes.outages {
        tracing::warn!(%since, %until, "the server was not receiving in this time: what was due in it is unknown, not missed");
    }
}

/// Adds an outage to those that deadlines ask for, and to the changes.
pub(super) fn add_outage(processor: &mut Processor, changes: &mut Changes, outage: Outage) {
    processor.outages.retain(|old| outage.until.duration_since(old.until) < OUTAGE_HORIZON);
    processor.outages.push(outage);
    changes.outages.push(outage);
}
