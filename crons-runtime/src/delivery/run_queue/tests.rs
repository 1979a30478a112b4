//! Tests of the order in which queued check-ins are sent, and of which are folded or withdrawn.

use std::sync::Arc;
use std::time::Instant;

use crons_types::{CheckInId, MonitorConfig, Slug};

use super::*;
use crate::record::monitor::{MonitorInfo, MonitorRef};

fn monitor(config: Option<MonitorConfig>) -> MonitorRef {
    MonitorRef::Made(Arc::new(MonitorInfo::new(Slug::parse("job").unwrap(), config)))
}

fn record(id: u8, event: RunEvent) -> QueuedCheckIn {
    let mut record =
        QueuedCheckIn::new(CheckInId::from_bytes([id; 16]), monitor(None), event, Instant::now());
    record.must_deliver = event != RunEvent::InProgress;
    record
}

/// Sends all check-ins that may be sent. Returns the reports in their order.
fn sent(queues: &mut RunQueues) -> Vec<(u8, RunEvent)> {
    let mut sent = Vec::new();
    while let Some(index) = queues.pop() {
        queues.mark_in_flight(index);
        let record = queues.get(index).unwrap();
        sent.push((record.id.as_bytes()[0], record.event));
        queues.settle(index);
    }
    sent
}

#[test]
fn a_record_takes_64_bytes() {
    assert_eq!(size_of::<QueuedCheckIn>(), 64);
    let mut queues = RunQueues::default();
    for id in 0..=255 {
        queues.push(record(id, RunEvent::InProgress));
    }
    assert_eq!(queues.len(), 256);
}

#[test]
fn an_unsent_start_is_folded_into_the_end_of_its_run() {
    let mut queues = RunQueues::default();
    let config = MonitorConfig::crontab("@daily").unwrap();
    let mut opener = record(1, RunEvent::InProgress);
    opener.monitor = monitor(Some(config.clone()));
    queues.push(opener);
    assert!(matches!(queues.push(record(1, RunEvent::Error)), PushOutcome::Folded { .. }));
    let index = queues.pop().unwrap();
    let folded = queues.get(index).unwrap();
    assert_eq!(
        (folded.event, folded.must_deliver),
        (RunEvent::Error, false),
        "it is the whole story of its run"
    );
    assert_eq!(folded.monitor.config, Some(config));
    assert_eq!(queues.len(), 1);
}

#[test]
fn an_end_waits_for_the_answer_to_its_start_other_runs_do_not() {
    let mut queues = RunQueues::default();
    queues.push(record(1, RunEvent::InProgress));
    let in_flight = queues.pop().unwrap();
    queues.mark_in_flight(in_flight);
    queues.push(record(1, RunEvent::Ok));
    assert_eq!(queues.pop(), None, "the end overtook its begin");
    queues.push(record(2, RunEvent::InProgress));
    assert_eq!(sent(&mut queues), [(2, RunEvent::InProgress)], "another run does not wait");
    queues.settle(in_flight);
    assert_eq!(sent(&mut queues), [(1, RunEvent::Ok)]);
    assert_eq!(queues.len(), 0);
}

#[test]
fn a_begin_without_an_answer_is_folded_into_an_end_that_waits() {
    let mut queues = RunQueues::default();
    queues.push(record(1, RunEvent::InProgress));
    let index = queues.pop().unwrap();
    queues.mark_in_flight(index);
    assert_eq!(queues.fold_into_next(index), None, "there is no end yet");
    queues.push(record(1, RunEvent::Ok));
    assert_eq!(queues.fold_into_next(index), Some(0));
    queues.requeue(index);
    let folded = queues.get(index).unwrap();
    assert!(folded.must_deliver && folded.attempted, "the server may know of the begin");
    assert_eq!(sent(&mut queues), [(1, RunEvent::Ok)]);
    assert_eq!(queues.len(), 0);
}

#[test]
fn check_ins_with_the_nil_id_keep_their_order_unfolded() {
    let mut queues = RunQueues::default();
    for event in [RunEvent::InProgress, RunEvent::Ok, RunEvent::InProgress, RunEvent::Error] {
        assert!(matches!(queues.push(record(0, event)), PushOutcome::New));
    }
    let expected = [RunEvent::InProgress, RunEvent::Ok, RunEvent::InProgress, RunEvent::Error];
    assert_eq!(sent(&mut queues), expected.map(|event| (0, event)));
}

#[test]
fn of_a_skipped_run_nothing_is_sent_any_more() {
    let mut queues = RunQueues::default();
    queues.push(record(1, RunEvent::InProgress));
    assert!(matches!(queues.push(record(1, RunEvent::Skipped)), PushOutcome::Withdrawn { .. }));
    assert_eq!((sent(&mut queues), queues.len()), (vec![], 0));

    queues.push(record(2, RunEvent::InProgress));
    let index = queues.pop().unwrap();
    queues.mark_in_flight(index);
    assert!(matches!(queues.push(record(2, RunEvent::Skipped)), PushOutcome::Ignored));
    assert_eq!(queues.get(index).unwrap().queue_state, QueueState::Abandoned, "it is not to be sent again");
    queues.settle(index);
    assert!(
        matches!(queues.push(record(2, RunEvent::Skipped)), PushOutcome::Ignored),
        "the server knows of the begin"
    );
    assert!(
        matches!(queues.push(record(3, RunEvent::Skipped)), PushOutcome::Ignored),
        "its begin was never here"
    );
    queues.push(record(4, RunEvent::InProgress));
    let index = queues.pop().unwrap();
    queues.mark_in_flight(index);
    queues.requeue(index);
    assert!(
        matches!(queues.push(record(4, RunEvent::Skipped)), PushOutcome::Withdrawn { .. }),
        "it waits to be sent again"
    );
    assert_eq!((sent(&mut queues), queues.len()), (vec![], 0));
}

#[test]
fn what_a_storm_took_is_given_back() {
    let mut queues = RunQueues::default();
    for number in 0..100_000_u128 {
        let id = CheckInId::from_bytes(number.to_be_bytes());
        queues.push(QueuedCheckIn::new(id, monitor(None), RunEvent::InProgress, Instant::now()));
    }
    assert_eq!(sent(&mut queues).len(), 100_000);
    assert!(queues.records.capacity() <= KEPT && queues.heads.capacity() <= 2 * KEPT);
}

/// An operation on the queues, for one of four runs.
#[derive(Clone, Copy, Debug)]
enum Step {
    File(u8, RunEvent),
    Fly,
    Settle,
    Retry,
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
    use proptest::prelude::*;
    let event = prop::sample::select(vec![
        RunEvent::InProgress,
        RunEvent::KeepAlive,
        RunEvent::Ok,
        RunEvent::Error,
        RunEvent::Skipped,
    ]);
    let step = prop_oneof![
        4 => (0_u8..4, event).prop_map(|(run, event)| Step::File(run, event)),
        2 => Just(Step::Fly),
        1 => Just(Step::Settle),
        1 => Just(Step::Retry),
    ];
    prop::collection::vec(step, 0..60)
}

proptest::proptest! {
    #[test]
    fn no_run_has_two_check_ins_in_flight_and_none_is_lost(steps in steps()) {
        let mut queues = RunQueues::default();
        let mut in_flight: VecDeque<Index> = VecDeque::new();
        let (mut filed, mut folded, mut withdrawn, mut settled) = (0, 0, 0, 0);
        for step in steps {
            match step {
                Step::File(run, event) => match queues.push(record(run, event)) {
                    PushOutcome::New => filed += 1,
                    PushOutcome::Folded { .. } => (filed, folded) = (filed + 1, folded + 1),
                    PushOutcome::Withdrawn { .. } => withdrawn += 1,
                    PushOutcome::Ignored | PushOutcome::Replaced => {}
                },
                Step::Fly => if let Some(index) = queues.pop() {
                    queues.mark_in_flight(index);
                    in_flight.push_back(index);
                },
                Step::Settle => if let Some(index) = in_flight.pop_front() {
                    queues.settle(index);
                    settled += 1;
                },
                Step::Retry => if let Some(index) = in_flight.pop_front() {
                    folded += usize::from(queues.fold_into_next(index).is_some());
                    queues.requeue(index);
                },
            }
            let runs: std::collections::BTreeSet<_> =
                in_flight.iter().map(|index| queues.get(*index).unwrap().id).collect();
            assert_eq!(runs.len(), in_flight.len(), "two reports of one run travel together");
        }
        for index in in_flight {
            queues.settle(index);
            settled += 1;
        }
        settled += sent(&mut queues).len();
        assert_eq!((filed, queues.len()), (folded + withdrawn + settled, 0));
        assert!(queues.heads.is_empty());
    }
}

#[test]
fn a_note_survives_the_fold_of_its_run() {
    let note_of = |begin: Option<&str>, end: Option<&str>| {
        let mut queues = RunQueues::default();
        queues.push(record(1, RunEvent::InProgress).noted(begin));
        queues.push(record(1, RunEvent::Error).noted(end));
        let sent = queues.pop().and_then(|index| queues.get(index)).map(QueuedCheckIn::to_check_in).unwrap();
        assert_eq!(sent.status, crons_types::CheckInStatus::Error);
        sent.note
    };
    assert_eq!(note_of(None, Some("why")).as_deref(), Some("why"));
    assert_eq!(note_of(Some("begin"), None).as_deref(), Some("begin"));
    assert_eq!(note_of(Some("begin"), Some("why")).as_deref(), Some("why"));
}
