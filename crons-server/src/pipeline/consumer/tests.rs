//! The queue and its thread on a real database that fails when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crons_types::{CheckInId, CheckInStatus, Schedule, Slug};

use super::*;
use crate::clock::ManualClock;
use crate::domain::{CheckInEvent, ConfigPatch, ConfigUpdate, ReceivedCheckIn, Verdict};
use crate::settings::Database;
use crate::settings::Settings;
use crate::store::{self, PageRequest, Queries, Records, SqliteStore};

/// A real database that fails when it is told to, at the very end of a transaction.
struct Failing(SqliteStore, Arc<AtomicBool>);

impl Store for Failing {
    fn transaction(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Records) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.0.transaction(&mut |records| {
            work(records)?;
            if self.1.load(Ordering::SeqCst) {
                Err(StoreError::unavailable("the disk is full"))
            } else {
                Ok(())
            }
        })
    }
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
        config: Some(ConfigUpdate::Valid(Box::new(patch))),
        received: Timestamp::UNIX_EPOCH,
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
    let failing = Arc::new(AtomicBool::new(false));
    let store = Failing(SqliteStore::open(&path).unwrap(), Arc::clone(&failing));
    let judge = Judge::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = ManualClock::new("2024-06-03T10:00:00Z".parse().unwrap());
    let (inbox, thread) = start(Box::new(store), judge, Clock::Manual(clock.clone())).unwrap();
    let reader = reader(&path);
    let statuses = || -> Vec<&str> {
        let page = reader.check_ins("job", None, FIRST).unwrap().unwrap();
        page.items.iter().rev().map(|view| view.check_in.status.as_str()).collect()
    };

    assert!(matches!(inbox.check_in(arrival(1)).await, Ok(Verdict::Accepted { .. })));
    failing.store(true, Ordering::SeqCst);
    assert_eq!(inbox.check_in(arrival(2)).await, Err(Unavailable::Database));
    clock.set("2024-06-03T10:02:00Z".parse().unwrap());
    assert!(!inbox.minute().await, "a minute that is not durable is not judged");
    assert_eq!(statuses(), ["ok"]);

    failing.store(false, Ordering::SeqCst);
    clock.set("2024-06-03T10:03:00Z".parse().unwrap());
    assert!(inbox.minute().await);
    assert_eq!(
        statuses(),
        ["ok", "unknown"],
        "whoever reported meanwhile was turned away, and has missed nothing"
    );
    clock.set("2024-06-03T10:04:00Z".parse().unwrap());
    assert!(inbox.minute().await);
    assert_eq!(statuses(), ["ok", "unknown", "missed"], "what is due later is judged as ever");
    inbox.stop().await;
    thread.join().unwrap();
    assert_eq!(inbox.check_in(arrival(3)).await, Err(Unavailable::Closing));
}

#[tokio::test]
async fn what_could_not_be_stored_does_not_count_against_the_rate_limit() {
    let folder = tempfile::tempdir().unwrap();
    let failing = Arc::new(AtomicBool::new(false));
    let store = SqliteStore::open(&folder.path().join("crons.db")).unwrap();
    let store = Failing(store, Arc::clone(&failing));
    let judge = Judge::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = Clock::Manual(ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap()));
    let (inbox, thread) = start(Box::new(store), judge, clock).unwrap();
    failing.store(true, Ordering::SeqCst);
    for id in 0..6 {
        assert_eq!(inbox.check_in(arrival(id)).await, Err(Unavailable::Database));
    }
    assert!(!inbox.is_well(), "who asks how the server is hears of it");
    failing.store(false, Ordering::SeqCst);
    for id in 0..6 {
        assert!(matches!(inbox.check_in(arrival(id)).await, Ok(Verdict::Accepted { .. })), "{id}");
    }
    assert!(inbox.is_well());
    assert!(matches!(inbox.check_in(arrival(7)).await, Ok(Verdict::Refused(_))), "the seventh");
    inbox.stop().await;
    thread.join().unwrap();
}

/// Has the thread held up until all of these wait for it, so that they become one batch.
async fn in_one_batch<T>(inbox: &Inbox, messages: impl Future<Output = T>) -> T {
    let (entered, inside) = oneshot::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let hold = inbox.work(move |_, _| {
        entered.send(()).unwrap();
        released.recv().map_err(StoreError::unavailable)
    });
    let messages = async {
        inside.await.unwrap();
        let queued = async { release.send(()).unwrap() };
        tokio::join!(biased; messages, queued).0
    };
    let (done, answers) = tokio::join!(biased; hold, messages);
    done.unwrap();
    answers
}

/// A database that cannot store the check-in of [`arrival`] 2.
fn refusing_the_second(path: &std::path::Path) -> SqliteStore {
    let store = SqliteStore::open(path).unwrap();
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON check_ins
                   WHEN NEW.guid = x'02020202020202020202020202020202' BEGIN SELECT RAISE(ABORT, 'no'); END";
    rusqlite::Connection::open(path).unwrap().execute_batch(refuses).unwrap();
    store
}

#[tokio::test]
async fn one_that_cannot_be_stored_fails_alone_whatever_is_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let store = refusing_the_second(&path);
    let judge = Judge::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = Clock::Manual(ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap()));
    let (inbox, thread) = start(Box::new(store), judge, clock).unwrap();
    let accepted = |answer| matches!(answer, Ok(Verdict::Accepted { .. }));

    let batch = async {
        tokio::join!(biased; inbox.check_in(arrival(1)), inbox.check_in(arrival(2)), inbox.check_in(arrival(3)))
    };
    let (first, second, third) = in_one_batch(&inbox, batch).await;
    assert!(accepted(first) && accepted(third));
    assert_eq!(second, Err(Unavailable::Database));

    let batch = async {
        let work = inbox.work(|records, now| records.set_heard_until(now));
        tokio::join!(biased; inbox.check_in(arrival(4)), work, inbox.check_in(arrival(2)))
    };
    let (fourth, work, second) = in_one_batch(&inbox, batch).await;
    assert!(accepted(fourth) && work.is_ok());
    assert_eq!(second, Err(Unavailable::Database));

    // Six are let through in a minute: what was undone does not count, and what was done again counts once.
    for id in 5..8 {
        assert!(accepted(inbox.check_in(arrival(id)).await), "{id}");
    }
    assert!(matches!(inbox.check_in(arrival(8)).await, Ok(Verdict::Refused(_))));
    let page = reader(&path).check_ins("job", None, FIRST).unwrap().unwrap();
    assert_eq!(page.items.len(), 6);
    inbox.stop().await;
    thread.join().unwrap();
}

#[tokio::test]
async fn what_is_done_again_counts_in_its_own_minute() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let store = refusing_the_second(&path);
    let judge = Judge::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap());
    let (inbox, thread) = start(Box::new(store), judge, Clock::Manual(clock.clone())).unwrap();
    for id in 10..16 {
        assert!(matches!(inbox.check_in(arrival(id)).await, Ok(Verdict::Accepted { .. })), "{id}");
    }
    // Six were let through in this minute. The next begins in the batch that is undone.
    let batch = async {
        let later = async {
            clock.set("2024-06-03T10:01:00Z".parse().unwrap());
            inbox.check_in(arrival(2)).await
        };
        tokio::join!(biased; inbox.check_in(arrival(20)), later)
    };
    let (seventh, fails) = in_one_batch(&inbox, batch).await;
    assert!(matches!(seventh, Ok(Verdict::Refused(_))), "{seventh:?}");
    assert_eq!(fails, Err(Unavailable::Database));
    for id in 30..36 {
        assert!(matches!(inbox.check_in(arrival(id)).await, Ok(Verdict::Accepted { .. })), "{id}");
    }
    inbox.stop().await;
    thread.join().unwrap();
}

/// The rows of usage, each with its count.
fn usage(path: &std::path::Path) -> Vec<(String, u32)> {
    let page = reader(path).usage(None, Timestamp::UNIX_EPOCH, FIRST).unwrap();
    page.items.into_iter().map(|row| (row.outcome, row.count)).collect()
}

#[tokio::test]
async fn what_was_said_before_a_rollback_is_neither_counted_nor_logged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let store = SqliteStore::open(&path).unwrap();
    let refuses = "CREATE TRIGGER refuses BEFORE INSERT ON refused BEGIN SELECT RAISE(ABORT, 'no'); END";
    rusqlite::Connection::open(&path).unwrap().execute_batch(refuses).unwrap();
    let judge = Judge::new(&Settings::default(), uuid::Uuid::new_v4);
    let clock = ManualClock::new("2024-06-03T10:00:30Z".parse().unwrap());
    let (inbox, thread) = start(Box::new(store), judge, Clock::Manual(clock.clone())).unwrap();
    let mut end = arrival(1);
    end.parsed.as_mut().unwrap().config = None;
    assert_eq!(inbox.check_in(end).await, Ok(Verdict::Deferred));
    // The end has waited for too long, so the check-in that makes its monitor refuses it, which cannot be stored. By then it
    // has said that it is accepted.
    clock.set("2024-06-03T10:01:31Z".parse().unwrap());
    assert_eq!(inbox.check_in(arrival(2)).await, Err(Unavailable::Database));
    assert_eq!(usage(&path), [], "nothing was accepted");
    rusqlite::Connection::open(&path).unwrap().execute_batch("DROP TRIGGER refuses").unwrap();
    assert!(matches!(inbox.check_in(arrival(2)).await, Ok(Verdict::Accepted { .. })));
    assert_eq!(usage(&path), [("accepted".to_owned(), 1), ("invalid".to_owned(), 1)]);
    inbox.stop().await;
    thread.join().unwrap();
}

#[test]
fn one_thing_that_fails_takes_back_what_it_said_and_nothing_that_was_said_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(&folder.path().join("crons.db")).unwrap();
    let mut said = vec![Event::Alerts];
    store
        .transaction(&mut |records| {
            for fails in [true, false, true] {
                let done = crate::pipeline::processor::apart(records, &mut said, |records, said| {
                    said.push(Event::Alerts);
                    // Nested, as the end of a run is that was held.
                    crate::pipeline::processor::apart(records, said, |_, said| {
                        said.push(Event::Alerts);
                        Err::<(), _>(StoreError::unavailable("no"))
                    })?;
                    if fails { Err(StoreError::unavailable("no")) } else { Ok(()) }
                })?;
                assert_eq!(done.is_none(), fails);
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(said.len(), 2);
}
