//! Tests that the number of statements does not depend on the number of check-ins in a batch.

use crons_types::{CheckInId, CheckInStatus, Schedule, Slug};

use super::*;
use crate::domain::{CheckInEvent, ConfigPatch, ConfigUpdate};
use crate::pipeline::evaluate::evaluate_minute;
use crate::settings::{Quotas, RateLimit, Settings};
use crate::store::{Pass, SqliteStore, execute};

pub(in crate::pipeline) fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_717_408_800 + second).unwrap()
}

/// A check-in of one of many monitors, each expected every minute.
pub(in crate::pipeline) fn check_in(
    number: usize,
    run: Option<u8>,
    status: CheckInStatus,
    has_config: bool,
    at: i64,
) -> ReceivedCheckIn {
    let patch = ConfigPatch {
        schedule: Schedule::interval("1 minute").unwrap(),
        checkin_margin: None,
        max_runtime: None,
        timezone: None,
        failure_issue_threshold: Some(Some(2)),
        recovery_threshold: Some(Some(2)),
        owner: None,
        owner_refused: None,
    };
    let id = run.map_or(CheckInId::NIL, |run| {
        let mut bytes = [run; 16];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        CheckInId::from_bytes(bytes)
    });
    let event = CheckInEvent {
        project: crate::PROJECT,
        monitor_slug: Slug::parse(&format!("job-{number}")).unwrap(),
        environment: "production".to_owned(),
        check_in_id: id,
        status,
        duration_ms: None,
        note: None,
        config: has_config.then(|| ConfigUpdate::Valid(Box::new(patch))),
        received: second(at),
        trace: None,
        spelling: None,
        remarks: Vec::new(),
    };
    ReceivedCheckIn {
        monitor_slug: Some(event.monitor_slug.clone()),
        environment: event.environment.clone(),
        received: event.received,
        payload: String::new(),
        parsed: Ok(event),
    }
}

/// Counts the statements of some work.
type Count<S> = fn(&mut S, &mut dyn FnMut(&mut S)) -> usize;

/// The statements of each of some batches of `size` check-ins, and of a minute in which as many deadlines have passed.
fn statements<S: Store>(mut store: S, count: Count<S>, size: usize) -> Vec<usize> {
    use CheckInStatus::{Error, InProgress, Ok};

    let quotas = Quotas { monitors: u32::MAX, environments: u32::MAX };
    let settings = Settings { rate_limit: RateLimit::OFF, quotas, ..Settings::default() };
    let mut processor = Processor::new(&settings, uuid::Uuid::new_v4);
    let mut counts = Vec::new();
    let batches: [(Option<u8>, CheckInStatus, bool); 8] = [
        // The first check-ins are deferred, as their monitors are not known yet. The next ones describe these, and start a run.
        (Some(1), Ok, false),
        (Some(2), InProgress, true),
        // The ends find their runs: one by its id, one without an id.
        (Some(2), Ok, true),
        (None, Error, true),
        // An incident opens, goes on, and is resolved at the second success.
        (Some(4), Error, true),
        (Some(5), Error, true),
        (Some(6), Ok, true),
        (Some(7), Ok, true),
    ];
    for (at, (run, status, has_config)) in (0..).zip(batches) {
        let received: Vec<_> =
            (0..size).map(|number| check_in(number, run, status, has_config, at)).collect();
        let received: Vec<_> = received.iter().collect();
        let (mut events, mut verdicts) = (Vec::new(), Vec::new());
        let count = count(&mut store, &mut |store| {
            apply_check_ins(store, &mut processor, &received, None, &mut events, &mut verdicts).unwrap();
        });
        assert_eq!(verdicts.len(), size);
        assert!(verdicts.iter().all(|verdict| !matches!(verdict, None | Some(Verdict::Refused(_)))));
        counts.push(count);
    }
    for minute in [5, 6, 7] {
        let mut events = Vec::new();
        counts.push(count(&mut store, &mut |store| {
            evaluate_minute(
                store,
                &mut processor,
                second(minute * 60),
                true,
                &[Pass::ALL],
                1_000,
                &mut events,
            )
            .unwrap();
        }));
        assert_eq!(events.len(), size, "minute {minute}");
    }
    counts
}

#[test]
fn silences_are_read_only_by_a_batch_that_may_end_a_run() {
    use CheckInStatus::{Error, InProgress};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let mut processor = Processor::new(&Settings::default(), uuid::Uuid::new_v4);
    let mut store = SqliteStore::open(&path).unwrap();
    let (mut events, mut verdicts) = (Vec::new(), Vec::new());
    let mut apply = |run, status, has_config, behind| {
        let received = check_in(0, Some(run), status, has_config, i64::from(run));
        apply_check_ins(&mut store, &mut processor, &[&received], behind, &mut events, &mut verdicts)
    };
    apply(1, InProgress, true, None).unwrap();
    execute(&path, "ALTER TABLE silences RENAME TO gone");
    apply(2, InProgress, false, None).unwrap();
    let behind = Behind { evaluated_through: second(-60), current: second(0) };
    apply(3, InProgress, false, Some(behind)).unwrap_err();
    apply(4, InProgress, true, None).unwrap_err();
    apply(2, Error, false, None).unwrap_err();
}

#[test]
fn statements_do_not_depend_on_the_size_of_a_batch() {
    let statements = |size| {
        let store = SqliteStore::in_memory().unwrap();
        statements(store, |store, work| store.count_statements(work), size)
    };
    let one = statements(1);
    assert_eq!(statements(64), one);
    assert_eq!(statements(512), one);
    // Batches of other sizes need at most nine more statements for each table.
    for (some, one) in statements(511).into_iter().zip(one) {
        assert!(some <= one + 8 * 9, "{some} instead of {one}");
    }
}

#[cfg(feature = "postgres")]
#[test]
fn statements_on_postgres_are_as_many_whatever_the_size_of_a_batch() {
    use crate::conformance::cluster;
    use crate::settings::{Backend, Database};
    use crate::store::PostgresStore;

    let counts = |size, count: Count<PostgresStore>| {
        let database: Database = cluster::new_database()?.parse().unwrap();
        let Backend::Postgres(url) = database.backend() else { panic!("{database} is not of PostgreSQL") };
        Some(statements(PostgresStore::open(url).unwrap(), count, size))
    };
    let statements: Count<PostgresStore> = |store, work| store.count_statements(work);
    let Some(one) = counts(1, statements) else { return };
    assert!(one.iter().all(|count| (3..20).contains(count)), "{one:?}");
    for size in [64, 511, 512] {
        assert_eq!(counts(size, statements).unwrap(), one, "{size} check-ins");
    }
    // The check-ins come first, the minutes last.
    let round_trips: Count<PostgresStore> = |store, work| store.count_round_trips(work);
    assert_eq!(counts(64, round_trips).unwrap(), [2, 6, 2, 4, 4, 3, 3, 3, 13, 14, 13]);
}
