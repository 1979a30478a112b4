//! Journals that are cut off or damaged at any byte.

use crons_types::{CheckInId, CheckInStatus, Environment, MonitorConfig, Slug};
use proptest::prelude::*;

use super::*;
use crate::record::journal::{Entry, SpooledMonitor, write_line};
use crate::record::ledger::Report;

fn header() -> Header {
    Header { crons_spool: VERSION, incomplete: 0, server: "host/1".to_owned(), owner: "0a".to_owned() }
}

fn monitor(number: u32, traced: bool) -> Entry {
    let config = MonitorConfig::interval("10 minutes").unwrap();
    let environment = Environment::parse("staging").unwrap();
    let slug = Slug::parse(&format!("job-{number}")).unwrap();
    let release = Some("jobs@1".to_owned());
    Entry::Monitor { number, monitor: SpooledMonitor::new(slug, environment, release, Some(&config), traced) }
}

fn id(number: u8) -> CheckInId {
    CheckInId::from_bytes([number; 16])
}

fn start(number: u8, monitor: u32) -> Entry {
    Entry::Start { id: id(number), monitor, at: 1_000 }
}

fn end(number: u8, monitor: u32, status: CheckInStatus) -> Entry {
    Entry::End { id: id(number), monitor, at: 2_000, status, duration: Some(7), note: Some("why".to_owned()) }
}

fn done(number: u8, monitor: u32) -> Entry {
    Entry::Done { id: id(number), monitor, start: false }
}

fn journal(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_line(&mut bytes, &header());
    for entry in entries {
        write_line(&mut bytes, entry);
    }
    bytes
}

fn owed(bytes: &[u8]) -> Vec<(CheckInId, Report)> {
    let ledger = replay(bytes).unwrap().unwrap().ledger;
    ledger.owed(false).into_iter().map(|owed| (owed.id, owed.report)).collect()
}

fn ok() -> Report {
    Report::End { status: CheckInStatus::Ok, duration: Some(7), note: Some("why".to_owned()) }
}

#[test]
fn a_journal_owes_ends_and_open_runs_and_nothing_that_is_done() {
    use CheckInStatus::Ok as Well;
    let (guards, by_hand) = (monitor(0, true), monitor(1, false));
    for (entries, expected) in [
        (vec![], vec![]),
        (vec![guards.clone(), start(1, 0)], vec![(id(1), Report::Died)]),
        (vec![guards.clone(), start(1, 0), end(1, 0, Well)], vec![(id(1), ok())]),
        (vec![guards.clone(), start(1, 0), end(1, 0, Well), done(1, 0)], vec![]),
        (vec![guards.clone(), start(1, 0), done(1, 0)], vec![]),
        (vec![guards.clone(), start(2, 0), start(1, 0)], vec![(id(2), Report::Died), (id(1), Report::Died)]),
        (vec![by_hand.clone(), start(1, 1)], vec![(id(1), Report::Start)]),
        (vec![by_hand.clone(), start(1, 1), Entry::Done { id: id(1), monitor: 1, start: true }], vec![]),
        (vec![by_hand.clone(), start(1, 1), end(1, 1, Well)], vec![(id(1), ok())]),
        // The run has two reports by hand with one id, about two monitors.
        (vec![guards, by_hand, end(1, 0, Well), end(1, 1, Well), done(1, 1)], vec![(id(1), ok())]),
    ] {
        assert_eq!(owed(&journal(&entries)), expected, "{entries:?}");
    }
}

#[test]
fn what_is_owed_has_its_monitor_with_environment_and_config() {
    let bytes = journal(&[monitor(0, true), start(1, 0)]);
    let [owed] = replay(&bytes).unwrap().unwrap().ledger.owed(false).try_into().unwrap();
    assert_eq!((owed.monitor.slug.as_str(), owed.monitor.environment.as_str()), ("job-0", "staging"));
    assert_eq!(owed.monitor.config(), MonitorConfig::interval("10 minutes").ok());
}

#[test]
fn open_runs_are_left_if_so_said_and_ends_are_not() {
    let bytes = journal(&[monitor(0, true), start(1, 0), start(2, 0), end(2, 0, CheckInStatus::Ok)]);
    let mut ledger = replay(&bytes).unwrap().unwrap().ledger;
    assert_eq!(ledger.owed(true).len(), 1);
    assert_eq!(ledger.leave_open_runs(), [done(1, 0)]);
    assert_eq!(ledger.owed(false).len(), 1);
}

#[test]
fn other_files_are_told_apart_from_journals() {
    let newer = Header { crons_spool: 2, ..header() };
    let mut bytes = Vec::new();
    write_line(&mut bytes, &newer);
    assert_eq!(replay(&bytes).unwrap_err(), Damage::Version(2));
    assert_eq!(replay(b"# notes\n").unwrap_err(), Damage::Header);
    assert!(replay(b"").unwrap().is_none());
}

#[test]
fn beyond_the_limit_old_starts_go_first_and_ends_last() {
    let mut entries = vec![monitor(0, true), monitor(1, true)];
    for number in 0..20 {
        entries.push(start(number, 0));
        if number % 2 == 0 {
            entries.push(end(number, 0, CheckInStatus::Error));
        }
    }
    let ids =
        |ledger: &Ledger| ledger.owed(false).iter().map(|owed| owed.id.as_bytes()[0]).collect::<Vec<_>>();
    let read = || replay(&journal(&entries)).unwrap().unwrap().ledger;
    let (all, none) = read().rewrite(usize::MAX);
    assert_eq!(none, 0);
    let mut least = all.len();
    for kept in (0..20).rev() {
        least -= 1;
        let mut ledger = read();
        let (lines, struck_out) = ledger.rewrite(least);
        assert!(lines.len() <= least || kept == 0, "{least}");
        assert_eq!(struck_out, 20 - kept);
        least = lines.len();
        let starts = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
        let ends = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18];
        let gone = usize::try_from(20 - kept).unwrap();
        let mut expected = [starts.get(gone..).unwrap_or(&[]), &ends[gone.saturating_sub(10)..]].concat();
        expected.sort_unstable();
        assert_eq!(ids(&ledger), expected);
        // The written lines add up to the ledger that is kept.
        let mut bytes = journal(&[]);
        bytes.extend_from_slice(&lines);
        assert_eq!(ids(&replay(&bytes).unwrap().unwrap().ledger), expected);
    }
}

/// The entries of a process that starts runs, ends them, and has some of the ends delivered.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let run = (0_u32..3, 0_u8..4);
    prop::collection::vec(run, 0..12).prop_map(|runs| {
        let mut entries: Vec<Entry> = (0..3).map(|number| monitor(number, number > 0)).collect();
        for (number, (monitor, progress)) in runs.into_iter().enumerate() {
            let number = u8::try_from(number).unwrap();
            entries.push(start(number, monitor));
            if progress > 0 {
                let status = if progress == 2 { CheckInStatus::Error } else { CheckInStatus::Ok };
                entries.push(end(number, monitor, status));
            }
            if progress > 2 {
                entries.push(done(number, monitor));
            }
        }
        entries
    })
}

/// The check-ins that are owed for each run after each of the entries.
fn states(entries: &[Entry]) -> Vec<Vec<(CheckInId, Report)>> {
    (0..=entries.len()).map(|count| owed(&journal(&entries[..count]))).collect()
}

proptest! {
    #[test]
    fn a_journal_that_is_cut_off_says_what_it_said_before(entries in entries(), at in any::<prop::sample::Index>()) {
        let bytes = journal(&entries);
        let cut = &bytes[..at.index(bytes.len() + 1)];
        match replay(cut).unwrap() {
            None => prop_assert!(!cut.contains(&b'\n')),
            Some(replayed) => {
                prop_assert_eq!(&replayed.damage, &None);
                prop_assert!(states(&entries).contains(&owed(cut)));
            }
        }
    }

    #[test]
    fn a_byte_that_changes_is_noticed_or_changes_nothing(
        entries in entries(),
        at in any::<prop::sample::Index>(),
        flipped in 1_u8..,
    ) {
        let mut bytes = journal(&entries);
        let whole = owed(&bytes);
        let at = at.index(bytes.len());
        bytes[at] ^= flipped;
        if let Ok(replayed) = replay(&bytes) {
            let Some(replayed) = replayed else { return Err(TestCaseError::fail("taken for an unfinished header")) };
            if replayed.damage.is_none() {
                prop_assert_eq!(&owed(&bytes), &whole);
                prop_assert_eq!(replayed.header, header());
            }
            // A run that was ended is never taken for one that died: with damage, open runs are left.
            for (id, report) in whole {
                let now: Vec<Report> =
                    replayed.ledger.owed(replayed.damage.is_some()).into_iter().filter(|owed| owed.id == id).map(|owed| owed.report).collect();
                prop_assert!(now.is_empty() || now == [report.clone()], "{:?} became {:?}", report, now);
            }
        }
    }

    #[test]
    fn whatever_is_in_a_file_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = replay(&bytes);
    }
}
