//! The queue and its thread on a real database that fails or waits when it is told to.

mod failing;
mod gated;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crons_types::{CheckInId, CheckInStatus, Schedule, Slug};

use self::failing::Failing;
use self::gated::Gate;
use super::*;
use crate::clock::ManualClock;
use crate::domain::{
    CheckInEvent, Command, ConfigPatch, ConfigUpdate, MonitorChange, ReceivedCheckIn, Verdict,
};
use crate::settings::{Database, Settings};
use crate::store::{self, CheckInFilter, PageRequest, Queries, SqliteStore};

/// A command that mutes the monitor `job`.
fn mute() -> Command {
    let change = Box::new(MonitorChange { muted: Some(true), ..MonitorChange::default() });
    Command::ChangeMonitor { monitor: "job".to_owned(), change, expected: None }
}

/// The end of a run of a monitor that is expected every minute.
fn arrival(id: u8) -> ReceivedCheckIn {
    let patch = ConfigPatch {
        schedule: Schedule::interval("1 minute").unwrap(),
        checkin_margin: None,
        max_runtime: None,
        timezone: None,
        failure_issue_threshold: None,
        recovery_threshold: None,
        owner: None,
        owner_refused: None,
    };
    let event = CheckInEvent {
        project: crate::PROJECT,
        monitor_slug: Slug::parse("job").unwrap(),
        environment: "production".to_owned(),
        check_in_id: CheckInId::from_bytes([id; 16]),
        status: CheckInStatus::Ok,
        duration_ms: None,
        note: None,
        config: Some(ConfigUpdate::Valid(Box::new(patch))),
        received: Timestamp::UNIX_EPOCH,
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

const FIRST: PageRequest = PageRequest { skip: 0, limit: 100 };

fn reader(path: &std::path::Path) -> Arc<dyn Queries> {
    store::open_for_reading(&Database::sqlite(path)).unwrap()
}

#[tokio::test]
async fn while_the_database_fails_nothing_is_acknowledged_and_afterwards_nothing_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let (store, failing, _) = Failing::new(SqliteStore::open(&path).unwrap());
    let processor = Processor::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = ManualClock::new("2024-06-03T10:00:00Z".parse().unwrap());
    let (inbox, thread) = start(Box::new(store), processor, Clock::Manual(clock.clone())).unwrap();
    let reader = reader(&path);
    let statuses = || -> Vec<&str> {
        let page = reader.check_ins("job", &CheckInFilter::default(), FIRST).unwrap().unwrap();
        page.items.iter().rev().map(|view| view.check_in.status.as_str()).collect()
    };

    assert!(matches!(inbox.check_in(arrival(1)).await, Ok(Verdict::Accepted { .. })));
    failing.store(true, Ordering::SeqCst);
    assert_eq!(inbox.check_in(arrival(2)).await, Err(Unavailable::Database));
    clock.set("2024-06-03T10:02:00Z".parse().unwrap());
    assert!(!inbox.tick_and_wait().await, "a minute that is not durable is not judged");
    assert_eq!(statuses(), ["ok"]);

    failing.store(false, Ordering::SeqCst);
    clock.set("2024-06-03T10:03:00Z".parse().unwrap());
    assert!(inbox.tick_and_wait().await);
    assert_eq!(
        statuses(),
        ["ok", "unknown"],
        "whoever reported meanwhile was turned away, and has missed nothing"
    );
    clock.set("2024-06-03T10:04:00Z".parse().unwrap());
    assert!(inbox.tick_and_wait().await);
    assert_eq!(statuses(), ["ok", "unknown", "missed"], "what is due later is judged as ever");
    inbox.stop().await;
    thread.join().unwrap();
    assert_eq!(inbox.check_in(arrival(3)).await, Err(Unavailable::Closing));
}

#[tokio::test]
async fn what_could_not_be_stored_does_not_count_against_the_rate_limit() {
    let folder = tempfile::tempdir().unwrap();
    let (store, failing, _) = Failing::new(SqliteStore::open(&folder.path().join("crons.db")).unwrap());
    let processor = Processor::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = Clock::Manual(ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap()));
    let (inbox, thread) = start(Box::new(store), processor, clock).unwrap();
    failing.store(true, Ordering::SeqCst);
    for id in 0..6 {
        assert_eq!(inbox.check_in(arrival(id)).await, Err(Unavailable::Database));
    }
    assert!(!inbox.is_healthy(), "who asks how the server is hears of it");
    failing.store(false, Ordering::SeqCst);
    for id in 0..6 {
        assert!(matches!(inbox.check_in(arrival(id)).await, Ok(Verdict::Accepted { .. })), "{id}");
    }
    assert!(inbox.is_healthy());
    assert!(matches!(inbox.check_in(arrival(7)).await, Ok(Verdict::Refused(_))), "the seventh");
    inbox.stop().await;
    thread.join().unwrap();
}

/// A database that cannot store the check-in of [`arrival`] 2.
fn refusing_the_second(path: &std::path::Path) -> SqliteStore {
    let store = SqliteStore::open(path).unwrap();
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON check_ins
                   WHEN NEW.guid = x'02020202020202020202020202020202' BEGIN SELECT RAISE(ABORT, 'no'); END";
    store::execute(path, refuses);
    store
}

#[tokio::test]
async fn one_that_cannot_be_stored_fails_alone_whatever_is_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let (store, gate) = Gate::before(refusing_the_second(&path));
    let processor = Processor::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = Clock::Manual(ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap()));
    let (inbox, thread) = start(Box::new(store), processor, clock).unwrap();
    let accepted = |answer| matches!(answer, Ok(Verdict::Accepted { .. }));

    let mute = mute();
    let batch = async {
        tokio::join!(biased;
            inbox.check_in(arrival(1)), inbox.check_in(arrival(2)), inbox.check_in(arrival(3)), inbox.command(mute),
            inbox.check_in(arrival(4)), inbox.check_in(arrival(2)))
    };
    let (first, second, third, command, fourth, again) = Box::pin(gate.together(&inbox, batch)).await;
    assert!(accepted(first) && accepted(third) && accepted(fourth));
    assert_eq!((second, again), (Err(Unavailable::Database), Err(Unavailable::Database)));
    assert!(matches!(command, Ok(Ok(_))), "{command:?}");
    assert!(inbox.is_healthy(), "the database works");

    // The limit is six in a minute: a check-in that was undone does not count, and one that was applied again counts once.
    for id in 5..8 {
        assert!(accepted(inbox.check_in(arrival(id)).await), "{id}");
    }
    assert!(matches!(inbox.check_in(arrival(8)).await, Ok(Verdict::Refused(_))));
    let page = reader(&path).check_ins("job", &CheckInFilter::default(), FIRST).unwrap().unwrap();
    assert_eq!(page.items.len(), 6);
    assert_eq!(usage(&path), [("accepted".to_owned(), 6), ("rate_limited".to_owned(), 1)]);
    inbox.stop().await;
    thread.join().unwrap();
}

#[tokio::test]
async fn each_of_a_batch_counts_in_its_own_minute() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let (store, gate) = Gate::before(refusing_the_second(&path));
    let processor = Processor::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap());
    let (inbox, thread) = start(Box::new(store), processor, Clock::Manual(clock.clone())).unwrap();
    // The limit is six in a minute. The next minute begins in the same batch, with one that fails.
    let batch = async {
        let seven = async {
            let mut verdicts = Vec::new();
            for id in 10..17 {
                verdicts.push(inbox.check_in(arrival(id)));
            }
            futures_in_order(verdicts).await
        };
        let later = async {
            clock.set("2024-06-03T10:01:00Z".parse().unwrap());
            inbox.check_in(arrival(2)).await
        };
        tokio::join!(biased; seven, later)
    };
    let (seven, fails) = gate.together(&inbox, batch).await;
    let accepted = seven.iter().filter(|verdict| matches!(verdict, Ok(Verdict::Accepted { .. }))).count();
    assert_eq!(accepted, 6, "{seven:?}");
    assert_eq!(fails, Err(Unavailable::Database));
    for id in 30..36 {
        assert!(matches!(inbox.check_in(arrival(id)).await, Ok(Verdict::Accepted { .. })), "{id}");
    }
    inbox.stop().await;
    thread.join().unwrap();
}

/// Polls futures in their order, each time all of them.
async fn futures_in_order<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        for (future, value) in &mut futures {
            if value.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *value = Some(ready);
            }
        }
        if futures.iter().any(|(_, value)| value.is_none()) {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(futures.iter_mut().filter_map(|(_, value)| value.take()).collect())
    })
    .await
}

/// The rows of usage, each with its count.
fn usage(path: &std::path::Path) -> Vec<(String, u32)> {
    let page = reader(path).usage(None, Timestamp::UNIX_EPOCH, FIRST).unwrap();
    page.items.into_iter().map(|row| (row.outcome, row.count)).collect()
}

#[tokio::test]
async fn events_of_a_batch_that_is_not_stored_are_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let store = SqliteStore::open(&path).unwrap();
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON refused BEGIN SELECT RAISE(ABORT, 'no'); END";
    store::execute(&path, refuses);
    let processor = Processor::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap());
    let (inbox, thread) = start(Box::new(store), processor, Clock::Manual(clock.clone())).unwrap();
    let mut end = arrival(1);
    end.parsed.as_mut().unwrap().config = None;
    assert_eq!(inbox.check_in(end).await, Ok(Verdict::Deferred));
    // The end has waited for too long, so the check-in that makes its monitor rejects it, which cannot be stored. By then the
    // check-in is accepted.
    clock.set("2024-06-03T10:01:31Z".parse().unwrap());
    assert_eq!(inbox.check_in(arrival(2)).await, Err(Unavailable::Database));
    assert_eq!(usage(&path), [], "nothing was accepted");
    store::execute(&path, "DROP TRIGGER refuses");
    assert!(matches!(inbox.check_in(arrival(2)).await, Ok(Verdict::Accepted { .. })));
    assert_eq!(usage(&path), [("accepted".to_owned(), 1), ("invalid".to_owned(), 1)]);
    inbox.stop().await;
    thread.join().unwrap();
}

#[tokio::test]
async fn a_batch_in_conflict_with_another_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let (store, _, conflicts) = Failing::new(SqliteStore::open(&path).unwrap());
    let processor = Processor::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap());
    let (inbox, thread) = start(Box::new(store), processor, Clock::Manual(clock.clone())).unwrap();
    // The limit is six in a minute: each counts once, however often it is run.
    for id in 1..7 {
        conflicts.store(3, Ordering::SeqCst);
        assert!(matches!(inbox.check_in(arrival(id)).await, Ok(Verdict::Accepted { .. })), "{id}");
        assert_eq!(conflicts.load(Ordering::SeqCst), 0);
    }
    assert!(matches!(inbox.check_in(arrival(7)).await, Ok(Verdict::Refused(_))));
    conflicts.store(3, Ordering::SeqCst);
    let mute = mute();
    assert!(matches!(inbox.command(mute).await, Ok(Ok(_))));
    for time in ["2024-06-03T10:01:10Z", "2024-06-03T10:02:00Z"] {
        conflicts.store(3, Ordering::SeqCst);
        clock.set(time.parse().unwrap());
        assert!(inbox.tick_and_wait().await, "a conflict is no outage");
    }
    assert!(inbox.is_healthy());
    let page = reader(&path).check_ins("job", &CheckInFilter::default(), FIRST).unwrap().unwrap();
    let statuses: Vec<_> = page.items.iter().map(|view| view.check_in.status.as_str()).collect();
    assert_eq!(statuses, ["missed", "ok", "ok", "ok", "ok", "ok", "ok"]);
    assert_eq!(usage(&path), [("accepted".to_owned(), 6), ("rate_limited".to_owned(), 1)]);
    inbox.stop().await;
    thread.join().unwrap();
}

#[test]
fn a_batch_whose_events_are_lost_is_stored_with_its_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let alerts = serde_json::from_value(serde_json::json!({
        "webhook": {"ops": {"url": "http://127.0.0.1:9/"}},
        "alert": [{"on": ["opened"], "to": ["ops"], "group_wait": "off"}],
    }));
    let alerts = alerts.unwrap();
    let settings = Settings { alerts, ..Settings::default() };
    let mut processor = Processor::new(&settings, uuid::Uuid::new_v4);
    let mut failure = arrival(1);
    failure.stamp("2024-06-03T10:00:30Z".parse().unwrap());
    failure.parsed.as_mut().unwrap().status = CheckInStatus::Error;
    {
        let mut store = SqliteStore::open(&path).unwrap();
        let (mut events, mut verdicts) = (Vec::new(), Vec::new());
        let received = [&failure];
        apply::apply_check_ins(&mut store, &mut processor, &received, None, &mut events, &mut verdicts)
            .unwrap();
        assert!(events.iter().any(|event| matches!(event, Event::Alerts)));
        // The server is killed here, before the client and the dispatcher are informed.
    }
    let mut store = SqliteStore::open(&path).unwrap();
    let mut transaction = store.begin().unwrap();
    transaction.resume_alerts(failure.received).unwrap();
    transaction.commit().unwrap();
    let due = reader(&path).due_alerts(&[]).unwrap();
    assert_eq!(due.iter().map(|alert| alert.target.as_str()).collect::<Vec<_>>(), ["ops"]);
    let page = reader(&path).check_ins("job", &CheckInFilter::default(), FIRST).unwrap().unwrap();
    assert_eq!(page.items.len(), 1);
    // The client sends it again: it is refused, and there is no second notification.
    let (mut events, mut verdicts) = (Vec::new(), Vec::new());
    apply::apply_check_ins(&mut store, &mut processor, &[&failure], None, &mut events, &mut verdicts)
        .unwrap();
    assert!(matches!(verdicts[..], [Some(Verdict::Refused(_))]), "{verdicts:?}");
    assert_eq!(reader(&path).due_alerts(&[]).unwrap().len(), 1);
}
