//! Conformance of transactions that run beside those of other servers on one database.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crons_types::CheckInStatus::Ok as Success;
use jiff::Timestamp;
use uuid::Uuid;

use super::super::{cluster, instant, postgres_of};
use super::commit::alert;
use super::rows::{NewRows, event, keys, runs};
use crate::domain::{BatchKeys, Snapshot, Status};
use crate::store::{Changes, DueKind, OpenDatabase, Pass, Slice, StoreError};

/// The time after which a transaction counts as one that waits for ever.
const LIMIT: Duration = Duration::from_secs(8);

/// Two servers on a database with the monitors `first` and `second`, each with an environment and a run.
struct Pair {
    first: OpenDatabase,
    second: OpenDatabase,
    /// The name of the connections.
    name: String,
}

impl Pair {
    /// `None` if this machine has no PostgreSQL.
    fn new() -> Option<Self> {
        let url = cluster::new_database()?;
        let name = Uuid::new_v4().to_string();
        let open = postgres_of(&format!("{url}&application_name={name}"))?;
        let mut pair = Self { first: open(), second: open(), name };
        let mut rows = NewRows::default();
        for (slug, run) in [("first", 1), ("second", 2)] {
            let monitor = rows.monitor(slug);
            let environment = rows.environment(monitor, "a");
            rows.run(environment, run, Status::InProgress, "10:00:00");
        }
        let mut transaction = pair.first.store.begin().unwrap();
        transaction.write(&rows.changes()).unwrap();
        transaction.commit().unwrap();
        Some(pair)
    }
}

/// The keys of the end of a run.
fn end_of(slug: &str, run: u128) -> BatchKeys {
    keys(&[event(slug, "a", run, Success)], false)
}

/// Waits until a connection waits for a lock.
fn until_one_waits(name: &str) {
    let began = Instant::now();
    let sql = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND wait_event_type = 'Lock'"
    );
    while cluster::shared().unwrap().execute(&sql) == "0" {
        assert!(began.elapsed() < LIMIT, "no transaction waits");
    }
}

#[test]
fn transactions_on_different_monitors_run_side_by_side() {
    let Some(mut pair) = Pair::new() else { return };
    let mut first = pair.first.store.begin_shared().unwrap();
    assert_eq!(runs(&first.load(&end_of("first", 1)).unwrap()), [1]);
    // This one would wait for the lock of the first one until an error.
    let mut second = pair.second.store.begin_shared().unwrap();
    let mut snapshot = second.load(&end_of("second", 2)).unwrap();
    snapshot.runs[0].row.value.status = Status::Ok;
    snapshot.runs[0].row.changed = true;
    second.write(&Changes::of(snapshot)).unwrap();
    second.commit().unwrap();
    // The id of a run leads to a monitor that is not locked.
    assert_eq!(runs(&first.load(&end_of("first", 2)).unwrap()), [2]);
    first.commit().unwrap();
}

/// Has the first server end a run, at `last_ok`, while the second one loads `keys`. Returns what that one has loaded, once it has waited for the
/// commit.
fn loaded_behind_an_end(pair: &mut Pair, keys: &BatchKeys, last_ok: Timestamp) -> Snapshot {
    let mut first = pair.first.store.begin_shared().unwrap();
    let mut snapshot = first.load(&end_of("first", 1)).unwrap();
    std::thread::scope(|scope| {
        let (store, (sender, receiver)) = (&mut pair.second.store, channel());
        scope.spawn(move || {
            let mut second = store.begin_shared().unwrap();
            sender.send(second.load(keys).unwrap()).unwrap();
        });
        until_one_waits(&pair.name);
        snapshot.runs[0].row.value.status = Status::Error;
        snapshot.runs[0].row.changed = true;
        snapshot.environments[0].row.value.last_ok = Some(last_ok);
        snapshot.environments[0].row.changed = true;
        first.write(&Changes::of(snapshot)).unwrap();
        assert!(receiver.try_recv().is_err(), "it does not wait for the commit");
        first.commit().unwrap();
        receiver.recv_timeout(LIMIT).unwrap()
    })
}

#[test]
fn check_ins_and_deadlines_wait_for_others_of_their_monitor_and_read_what_these_have_written() {
    let Some(mut pair) = Pair::new() else { return };
    let run = pair.first.store.begin().unwrap().load(&end_of("first", 1)).unwrap().runs[0].row.id.unwrap();
    let timed_out = BatchKeys { timed_out: vec![run], ..BatchKeys::default() };
    for (keys, last_ok) in [(end_of("first", 1), "10:00:05"), (timed_out, "10:00:06")] {
        let read = loaded_behind_an_end(&mut pair, &keys, instant(last_ok));
        assert_eq!(read.runs[0].row.value.status, Status::Error);
        assert_eq!(read.environments[0].row.value.last_ok, Some(instant(last_ok)));
    }
}

#[test]
fn a_transaction_that_runs_alone_waits_for_those_that_run_side_by_side() {
    let Some(mut pair) = Pair::new() else { return };
    for is_first_alone in [false, true] {
        let store = &mut pair.first.store;
        let first = if is_first_alone { store.begin().unwrap() } else { store.begin_shared().unwrap() };
        std::thread::scope(|scope| {
            let (store, (sender, receiver)) = (&mut pair.second.store, channel());
            scope.spawn(move || {
                let second = if is_first_alone { store.begin_shared() } else { store.begin() };
                sender.send(second.map(drop)).unwrap();
            });
            until_one_waits(&pair.name);
            assert!(receiver.try_recv().is_err());
            first.commit().unwrap();
            receiver.recv_timeout(LIMIT).unwrap().unwrap();
        });
    }
}

#[test]
fn a_new_monitor_is_a_conflict() {
    let Some(mut pair) = Pair::new() else { return };
    for (slug, environment, has_config, is_conflict) in
        [("third", "a", true, true), ("third", "a", false, false), ("first", "b", true, false)]
    {
        let mut transaction = pair.first.store.begin_shared().unwrap();
        let loaded = transaction.load(&keys(&[event(slug, environment, 0, Success)], has_config)).map(drop);
        assert_eq!(matches!(loaded, Err(StoreError::Conflict(_))), is_conflict, "{slug}: {loaded:?}");
    }
}

#[test]
fn transactions_with_alerts_commit_in_the_order_of_these() {
    let Some(mut pair) = Pair::new() else { return };
    let alerts = |number| Changes { alerts: vec![alert(number, "ops")], ..Changes::default() };
    let mut first = pair.first.store.begin_shared().unwrap();
    first.write(&alerts(1)).unwrap();
    // A statement whose answer is waited for sends those before it.
    first.setting("any", "value").unwrap();
    std::thread::scope(|scope| {
        let (store, (sender, receiver)) = (&mut pair.second.store, channel());
        scope.spawn(move || {
            let mut second = store.begin_shared().unwrap();
            second.write(&alerts(2)).unwrap();
            sender.send(second.commit()).unwrap();
        });
        until_one_waits(&pair.name);
        assert!(receiver.try_recv().is_err());
        first.commit().unwrap();
        receiver.recv_timeout(LIMIT).unwrap().unwrap();
    });
    let found = pair.first.queries.alerts(10).unwrap();
    let numbers: Vec<u128> = found.iter().map(|alert| alert.check_in.as_u128()).collect();
    assert_eq!(numbers, [2, 1], "the newest one comes first");
}

#[test]
fn rows_of_a_slice_are_claimed_by_one_transaction_at_a_time() {
    let Some(mut pair) = Pair::new() else { return };
    let tick = instant("10:05:00");
    {
        let mut transaction = pair.first.store.begin().unwrap();
        let ends = [event("first", "a", 1, Success), event("second", "a", 2, Success)];
        let mut snapshot = transaction.load(&keys(&ends, false)).unwrap();
        for run in &mut snapshot.runs {
            (run.row.value.timeout_at, run.row.changed) = (Some(instant("10:01:00")), true);
        }
        for environment in &mut snapshot.environments {
            environment.row.value.next_check_in = Some(instant("10:01:00"));
            environment.row.value.next_check_in_latest = Some(instant("10:01:00"));
            environment.row.changed = true;
        }
        transaction.write(&Changes::of(snapshot)).unwrap();
        transaction.commit().unwrap();
    }
    for kind in [DueKind::Missed, DueKind::TimedOut] {
        let [even, odd] = [0, 1].map(|place| Pass { slice: Slice { of: 2, place }, skips_locked: true });
        let unlocked = Pass { skips_locked: true, ..Pass::ALL };
        let mut first = pair.first.store.begin_shared().unwrap();
        let all = first.claim(kind, tick, 9, Pass::ALL).unwrap();
        let claimed = first.claim(kind, tick, 9, odd).unwrap();
        assert_eq!((all.len(), claimed.len()), (2, 1), "{kind:?}");
        // The second transaction waits for nothing, though the first one has its rows locked.
        let mut second = pair.second.store.begin_shared().unwrap();
        assert_eq!(second.claim(kind, tick, 9, odd).unwrap(), [] as [i64; 0]);
        let rest: Vec<i64> = all.iter().copied().filter(|id| *id != claimed[0]).collect();
        assert_eq!(second.claim(kind, tick, 9, unlocked).unwrap(), rest);
        assert_eq!(second.claim(kind, tick, 9, even).unwrap(), rest, "a transaction claims its own again");
        assert_eq!(second.claim(kind, tick, 9, Pass::ALL).unwrap(), all);
        assert_eq!(second.claim(kind, tick, 9, Pass { skips_locked: false, ..odd }).unwrap(), claimed);
        first.commit().unwrap();
        assert_eq!(second.claim(kind, tick, 9, odd).unwrap(), claimed);
    }
}
