//! A journal on a disk that fails, fills up and comes back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crons_types::{CheckInId, CheckInStatus, Environment, Slug};

use super::super::options::MIN_LIMIT;
use super::*;
use crate::platform::ids::new_id;
use crate::record::event::RunEvent;
use crate::record::ledger::{Owed, Report};
use crate::record::monitor::MonitorInfo;
use crate::record::queued::QueuedCheckIn;
use crate::record::replay::replay;

/// A folder that is deleted at the end of a test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("crons-spool-{}", new_id())))
    }

    fn options(&self) -> SpoolOptions {
        SpoolOptions {
            folder: self.0.join("spool"),
            limit: MIN_LIMIT,
            server: "host/1".to_owned(),
            environment: Environment::parse("production").unwrap(),
            release: None,
        }
    }

    fn open(&self) -> Spool {
        std::fs::create_dir_all(&self.0).unwrap();
        Spool::open(self.options(), new_id().to_string(), &[], Instant::now())
    }

    fn journals(&self) -> Vec<PathBuf> {
        let found = journal_file::list(&self.0.join("spool")).unwrap();
        found.into_iter().map(|(path, _)| path).collect()
    }

    /// Returns what the only journal owes.
    fn owed(&self) -> Vec<Owed> {
        let [path] = self.journals().try_into().unwrap();
        replay(&std::fs::read(path).unwrap()).unwrap().unwrap().ledger.owed(false)
    }

    fn bytes(&self) -> u64 {
        self.journals().iter().map(|path| path.metadata().unwrap().len()).sum()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn now(after: Duration) -> Now {
    Now { instant: Instant::now() + after, wall: SystemTime::now() + after }
}

fn id(number: u32) -> CheckInId {
    CheckInId::from_bytes((u128::from(number) + 1).to_be_bytes())
}

fn change(number: u32, event: RunEvent) -> Journaled {
    let monitor = MonitorRef::Made(Arc::new(MonitorInfo::new(Slug::parse("job").unwrap(), None)));
    let record = QueuedCheckIn::new(id(number), monitor, event, Instant::now());
    Journaled::captured(&record).unwrap()
}

const OK: Report = Report::End { status: CheckInStatus::Ok, duration: None, note: None };

#[test]
fn a_journal_is_cut_back_when_nothing_is_owed() {
    let folder = Folder::new();
    let mut spool = folder.open();
    for number in 0..2_000 {
        let ended =
            [RunEvent::InProgress, RunEvent::Ok, RunEvent::Skipped].map(|event| change(number, event));
        spool.record(&ended, now(Duration::ZERO));
        assert!(folder.bytes() <= MIN_LIMIT + 1_000, "{number}");
    }
    assert_eq!(folder.owed(), []);
    spool.record(&[change(0, RunEvent::InProgress)], now(Duration::ZERO));
    assert_eq!(folder.owed().len(), 1, "its monitor is described again");
    spool.record(&[change(0, RunEvent::Skipped)], now(Duration::ZERO));
    spool.finish();
    assert_eq!(folder.journals(), [] as [PathBuf; 0]);
}

#[test]
fn a_full_spool_stays_within_its_limit_and_keeps_ends() {
    let folder = Folder::new();
    let mut spool = folder.open();
    let mut struck_out = 0;
    for number in 0..3_000 {
        spool.record(&[change(number, RunEvent::InProgress)], now(Duration::ZERO));
        if number % 20 == 0 {
            spool.record(&[change(number, RunEvent::Ok)], now(Duration::ZERO));
        }
        struck_out += spool.take_struck_out();
        assert!(folder.bytes() <= MIN_LIMIT, "{number}: {}", folder.bytes());
    }
    let owed = folder.owed();
    assert_eq!(owed.iter().filter(|owed| owed.report == OK).count(), 150, "starts go first");
    assert_eq!(owed.last().unwrap().id, id(2_999), "of these the oldest");
    assert_eq!(owed.len() as u64 + struck_out, 3_000);
}

#[test]
fn a_folder_that_cannot_be_written_is_tried_again() {
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    // A file stands in the place of the folder.
    std::fs::write(folder.0.join("spool"), "").unwrap();
    let mut spool = folder.open();
    spool.record(&[change(1, RunEvent::InProgress), change(2, RunEvent::InProgress)], now(Duration::ZERO));
    spool.record(&[change(1, RunEvent::Ok)], now(Duration::ZERO));
    assert!(!spool.is_written());
    std::fs::remove_file(folder.0.join("spool")).unwrap();
    spool.record(&[change(3, RunEvent::InProgress)], now(RETRY_INTERVAL / 2));
    assert!(!spool.is_written(), "not yet");
    spool.record(&[change(4, RunEvent::InProgress)], now(RETRY_INTERVAL * 2));
    assert!(spool.is_written());
    let reports: Vec<Report> = folder.owed().into_iter().map(|owed| owed.report).collect();
    assert_eq!(reports, [OK, Report::Died, Report::Died, Report::Died]);
}

#[test]
fn what_is_owed_is_adopted_later_if_it_cannot_be_now() {
    let folder = Folder::new();
    let mut dead = folder.open();
    dead.record(&[change(1, RunEvent::InProgress)], now(Duration::ZERO));
    drop(dead);
    let mut spool = folder.open();
    let journal = spool.journal.take();
    assert!(spool.adopt(now(Duration::ZERO)).is_none());
    assert_eq!(folder.journals().len(), 2, "what cannot be copied stays");
    spool.journal = journal;
    let adopted = spool.adopt(now(Duration::ZERO)).unwrap();
    assert_eq!((adopted.records.len(), adopted.died.len()), (1, 1));
    assert!(spool.adopt(now(Duration::ZERO)).is_none(), "once");
    let owed = folder.owed();
    assert!(
        matches!(owed[..], [Owed { report: Report::End { status: CheckInStatus::Error, .. }, .. }]),
        "{owed:?}"
    );
}

#[test]
fn an_end_expires_with_its_run_and_a_run_that_died_does_not() {
    let folder = Folder::new();
    let mut dead = folder.open();
    dead.record(&[change(1, RunEvent::InProgress), change(2, RunEvent::Ok)], now(Duration::ZERO));
    drop(dead);
    // The age is above half an hour, the default of `max_runtime`.
    let adopted = folder.open().adopt(now(Duration::from_secs(31 * 60))).unwrap();
    assert_eq!((adopted.died.len(), adopted.expired), (1, 1));
    assert_eq!(adopted.records[0].event, RunEvent::Error);
}

#[test]
fn two_journals_of_one_run_are_one_verdict() {
    for ended_first in [true, false] {
        let folder = Folder::new();
        // The journals are those after a kill between the copy and the removal: an end in one, and the run still open in the other.
        let mut both = [folder.open(), folder.open()];
        let events = if ended_first {
            [RunEvent::Ok, RunEvent::InProgress]
        } else {
            [RunEvent::InProgress, RunEvent::Ok]
        };
        for (spool, event) in both.iter_mut().zip(events) {
            spool.record(&[change(1, event)], now(Duration::ZERO));
        }
        drop(both);
        let adopted = folder.open().adopt(now(Duration::ZERO)).unwrap();
        let events: Vec<RunEvent> = adopted.records.iter().map(|record| record.event).collect();
        assert_eq!(events, [RunEvent::Ok], "the end counts");
    }
}
