//! Digests: a message to each target of the table `[digest]`, stored with the time until which it tells.

use jiff::Timestamp;

use super::apply::run_again;
use super::processor::Processor;
use crate::alerts::{DigestFacts, digest_id};
use crate::store::{Changes, Store, StoreError, Transaction};

/// The setting with the time until which the last digest tells.
const LAST_DIGEST: &str = "last_digest";
/// The setting with the time of the first start with digests.
const ENABLED_AT: &str = "digest_enabled_at";

/// The times of digests that a database knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DigestTimes {
    /// The first start with digests; those that were due before are not sent.
    pub(crate) enabled_at: Timestamp,
    /// The time until which the last digest tells; `None` if there was none.
    pub(crate) last: Option<Timestamp>,
}

/// A digest to store.
#[derive(Debug, Clone)]
pub(crate) struct NewDigest {
    /// The time at which it was due.
    pub(crate) time: Timestamp,
    pub(crate) enabled_at: Timestamp,
    pub(crate) facts: DigestFacts,
}

/// The digest that a database has for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredDigest {
    /// The number of its messages; 0 if it was stored before.
    pub(super) messages: usize,
    /// The time until which it tells.
    pub(super) until: Timestamp,
}

/// Stores the messages of a digest, in a transaction of its own, unless this digest, or a later one, is stored already. Returns the one that is
/// stored then.
///
/// # Errors
/// If the database fails.
pub(super) fn store_digest(
    store: &mut dyn Store,
    processor: &mut Processor,
    digest: &NewDigest,
) -> Result<StoredDigest, StoreError> {
    let NewDigest { time, enabled_at, facts } = digest;
    // Servers that share a database may come here at the same time: with the time at which it was due, theirs are the same messages.
    let alerts = processor
        .alerts
        .digest_messages(facts, digest_id(*enabled_at, *time), *time, &mut *processor.new_id)
        .map_err(|error| StoreError::refused(error.to_string()))?;
    run_again(|| {
        let mut transaction = store.begin()?;
        // Another server may have stored this digest, or one since which these facts should tell.
        if let Some(until) = last(&mut *transaction)?.filter(|last| last >= time || *last > facts.since) {
            return Ok(StoredDigest { messages: 0, until });
        }
        let settings = vec![(LAST_DIGEST.to_owned(), facts.until.to_string())];
        transaction.write(&Changes { alerts: alerts.clone(), settings, ..Changes::default() })?;
        transaction.commit()?;
        Ok(StoredDigest { messages: alerts.len(), until: facts.until })
    })
}

/// Reads the times of digests. `now` is that of the first start with digests if there was none before.
///
/// # Errors
/// If the database fails.
pub(crate) fn digest_times(
    transaction: &mut dyn Transaction,
    now: Timestamp,
) -> Result<DigestTimes, StoreError> {
    let enabled_at = transaction.setting(ENABLED_AT, &now.to_string())?.parse().unwrap_or(now);
    Ok(DigestTimes { enabled_at, last: last(transaction)? })
}

fn last(transaction: &mut dyn Transaction) -> Result<Option<Timestamp>, StoreError> {
    Ok(transaction.setting(LAST_DIGEST, "never")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::alerts::Section;
    use crate::pipeline::apply::store_changes;
    use crate::settings::Settings;
    use crate::store::{MemoryDatabase, Queries};

    fn at(time: &str) -> Timestamp {
        format!("2024-06-03T{time}Z").parse().unwrap()
    }

    /// The digest of 08:00 with an end of its own.
    fn digest(until: &str) -> NewDigest {
        let facts = DigestFacts {
            since: at("00:00:00"),
            until: at(until),
            jobs: 1,
            failed: Section::of(Vec::new()),
            slow: Section::of(Vec::new()),
            never_ran: Section::of(Vec::new()),
            muted: Section::of(Vec::new()),
        };
        NewDigest { time: at("08:00:00"), enabled_at: at("07:00:00"), facts }
    }

    #[test]
    fn a_digest_is_stored_once_though_two_servers_share_the_database() {
        let alerts = serde_json::json!({"webhook": {"ops": {"url": "http://127.0.0.1:1/"}},
            "digest": {"at": "08:00", "to": ["ops"]}});
        let settings = Settings { alerts: serde_json::from_value(alerts).unwrap(), ..Settings::default() };
        let mut store = MemoryDatabase::default();
        let times = digest_times(&mut *store.begin().unwrap(), at("07:00:00")).unwrap();
        assert_eq!((times.enabled_at, times.last), (at("07:00:00"), None));
        let mut processors = [0, 1].map(|_| Processor::new(&settings, Uuid::new_v4));
        let mut stored = Vec::new();
        for (processor, until) in processors.iter_mut().zip(["08:00:05", "08:00:07"]) {
            stored.push(store_digest(&mut store, processor, &digest(until)).unwrap());
        }
        let until = at("08:00:05");
        assert_eq!(stored, [1, 0].map(|messages| StoredDigest { messages, until }));
        let times = digest_times(&mut *store.begin().unwrap(), at("09:00:00")).unwrap();
        assert_eq!(times.last, Some(until));

        // The second one has read the setting before the first one was stored.
        let settings = vec![(LAST_DIGEST.to_owned(), "never".to_owned())];
        store_changes(&mut store, &Changes { settings, ..Changes::default() }).unwrap();
        store_digest(&mut store, &mut processors[1], &digest("08:00:07")).unwrap();
        assert_eq!(store.alerts(10).unwrap().len(), 1);
    }
}
