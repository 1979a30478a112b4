//! In which order what waits is sent, and what is folded or taken back.

use std::sync::Arc;
use std::time::Instant;

use crons_types::{CheckInId, MonitorConfig, Slug};

use super::*;
use crate::record::queued::{About, Subject};

fn subject(config: Option<MonitorConfig>) -> About {
    About::Made(Arc::new(Subject::new(Slug::parse("job").unwrap(), config)))
}

fn record(id: u8, report: Report) -> Record {
    let mut record = Record::new(CheckInId::from_bytes([id; 16]), subject(None), report, Instant::now());
    record.closes = report != Report::InProgress;
    record
}

/// Sends all that may go; the reports in their order.
fn sent(lanes: &mut Lanes) -> Vec<(u8, Report)> {
    let mut sent = Vec::new();
    while let Some(index) = lanes.pop() {
        lanes.fly(index);
        let record = lanes.get(index).unwrap();
        sent.push((record.id.as_bytes()[0], record.report));
        lanes.settle(index);
    }
    sent
}

#[test]
fn a_record_takes_64_bytes() {
    assert_eq!(size_of::<Record>(), 64);
    let mut lanes = Lanes::default();
    for id in 0..=255 {
        lanes.file(record(id, Report::InProgress));
    }
    assert_eq!(lanes.len(), 256);
}

#[test]
fn a_begin_that_is_still_here_when_its_run_ends_is_folded_into_the_end() {
    let mut lanes = Lanes::default();
    let config = MonitorConfig::crontab("@daily").unwrap();
    let mut opener = record(1, Report::InProgress);
    opener.subject = subject(Some(config.clone()));
    lanes.file(opener);
    assert!(matches!(lanes.file(record(1, Report::Error)), Filed::Folded { .. }));
    let index = lanes.pop().unwrap();
    let folded = lanes.get(index).unwrap();
    assert_eq!((folded.report, folded.closes), (Report::Error, false), "it is the whole story of its run");
    assert_eq!(folded.subject.config, Some(config));
    assert_eq!(lanes.len(), 1);
}

#[test]
fn an_end_waits_for_the_answer_to_its_begin_while_other_runs_go_on() {
    let mut lanes = Lanes::default();
    lanes.file(record(1, Report::InProgress));
    let in_flight = lanes.pop().unwrap();
    lanes.fly(in_flight);
    lanes.file(record(1, Report::Ok));
    assert_eq!(lanes.pop(), None, "the end overtook its begin");
    lanes.file(record(2, Report::InProgress));
    assert_eq!(sent(&mut lanes), [(2, Report::InProgress)], "another run does not wait");
    lanes.settle(in_flight);
    assert_eq!(sent(&mut lanes), [(1, Report::Ok)]);
    assert_eq!(lanes.len(), 0);
}

#[test]
fn a_begin_without_an_answer_is_folded_into_an_end_that_waits() {
    let mut lanes = Lanes::default();
    lanes.file(record(1, Report::InProgress));
    let index = lanes.pop().unwrap();
    lanes.fly(index);
    assert_eq!(lanes.fold_into_next(index), None, "there is no end yet");
    lanes.file(record(1, Report::Ok));
    assert_eq!(lanes.fold_into_next(index), Some(0));
    lanes.release(index);
    let folded = lanes.get(index).unwrap();
    assert!(folded.closes && folded.tried, "the server may know of the begin");
    assert_eq!(sent(&mut lanes), [(1, Report::Ok)]);
    assert_eq!(lanes.len(), 0);
}

#[test]
fn two_reports_with_the_nil_id_are_never_folded_and_keep_their_order() {
    let mut lanes = Lanes::default();
    for report in [Report::InProgress, Report::Ok, Report::InProgress, Report::Error] {
        assert!(matches!(lanes.file(record(0, report)), Filed::New));
    }
    let expected = [Report::InProgress, Report::Ok, Report::InProgress, Report::Error];
    assert_eq!(sent(&mut lanes), expected.map(|report| (0, report)));
}

#[test]
fn of_a_skipped_run_nothing_is_sent_any_more() {
    let mut lanes = Lanes::default();
    lanes.file(record(1, Report::InProgress));
    assert!(matches!(lanes.file(record(1, Report::Skipped)), Filed::Withdrawn { .. }));
    assert_eq!((sent(&mut lanes), lanes.len()), (vec![], 0));

    lanes.file(record(2, Report::InProgress));
    let index = lanes.pop().unwrap();
    lanes.fly(index);
    assert!(matches!(lanes.file(record(2, Report::Skipped)), Filed::Ignored));
    assert_eq!(lanes.get(index).unwrap().place, Place::Abandoned, "it is not to be sent again");
    lanes.settle(index);
    assert!(
        matches!(lanes.file(record(2, Report::Skipped)), Filed::Ignored),
        "the server knows of the begin"
    );
    assert!(matches!(lanes.file(record(3, Report::Skipped)), Filed::Ignored), "its begin was never here");
    lanes.file(record(4, Report::InProgress));
    let index = lanes.pop().unwrap();
    lanes.fly(index);
    lanes.release(index);
    assert!(
        matches!(lanes.file(record(4, Report::Skipped)), Filed::Withdrawn { .. }),
        "it waits to be sent again"
    );
    assert_eq!((sent(&mut lanes), lanes.len()), (vec![], 0));
}

#[test]
fn what_a_storm_took_is_given_back() {
    let mut lanes = Lanes::default();
    for number in 0..100_000_u128 {
        let id = CheckInId::from_bytes(number.to_be_bytes());
        lanes.file(Record::new(id, subject(None), Report::InProgress, Instant::now()));
    }
    assert_eq!(sent(&mut lanes).len(), 100_000);
    assert!(lanes.records.capacity() <= KEPT && lanes.heads.capacity() <= 2 * KEPT);
}

/// What may be done to the lanes, for any of four runs.
#[derive(Clone, Copy, Debug)]
enum Step {
    File(u8, Report),
    Fly,
    Settle,
    Retry,
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
    use proptest::prelude::*;
    let report = prop::sample::select(vec![Report::InProgress, Report::Ok, Report::Error, Report::Skipped]);
    let step = prop_oneof![
        4 => (0_u8..4, report).prop_map(|(run, report)| Step::File(run, report)),
        2 => Just(Step::Fly),
        1 => Just(Step::Settle),
        1 => Just(Step::Retry),
    ];
    prop::collection::vec(step, 0..60)
}

proptest::proptest! {
    #[test]
    fn whatever_happens_no_run_has_two_on_the_wire_and_nothing_is_lost(steps in steps()) {
        let mut lanes = Lanes::default();
        let mut in_flight: VecDeque<Index> = VecDeque::new();
        let (mut filed, mut folded, mut withdrawn, mut settled) = (0, 0, 0, 0);
        for step in steps {
            match step {
                Step::File(run, report) => match lanes.file(record(run, report)) {
                    Filed::New => filed += 1,
                    Filed::Folded { .. } => (filed, folded) = (filed + 1, folded + 1),
                    Filed::Withdrawn { .. } => withdrawn += 1,
                    Filed::Ignored => {}
                },
                Step::Fly => if let Some(index) = lanes.pop() {
                    lanes.fly(index);
                    in_flight.push_back(index);
                },
                Step::Settle => if let Some(index) = in_flight.pop_front() {
                    lanes.settle(index);
                    settled += 1;
                },
                Step::Retry => if let Some(index) = in_flight.pop_front() {
                    folded += usize::from(lanes.fold_into_next(index).is_some());
                    lanes.release(index);
                },
            }
            let runs: std::collections::BTreeSet<_> =
                in_flight.iter().map(|index| lanes.get(*index).unwrap().id).collect();
            assert_eq!(runs.len(), in_flight.len(), "two reports of one run travel together");
        }
        for index in in_flight {
            lanes.settle(index);
            settled += 1;
        }
        settled += sent(&mut lanes).len();
        assert_eq!((filed, lanes.len()), (folded + withdrawn + settled, 0));
        assert!(lanes.heads.is_empty());
    }
}
