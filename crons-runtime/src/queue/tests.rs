//! In which order what waits is sent, and what is folded, dropped, taken back.

use super::*;

fn run(id: u8) -> (CheckIn, CheckIn) {
    let slug = Slug::parse("job").unwrap();
    let id = CheckInId::from_bytes([id; 16]);
    (CheckIn::in_progress(slug.clone()).id(id), CheckIn::ok(slug).id(id))
}

fn statuses(queue: &mut Queue) -> Vec<&'static str> {
    let mut sent = Vec::new();
    while let Some(queued) = queue.pop() {
        sent.push(queued.check_in.status.as_str());
        queue.settle(&queued);
    }
    sent
}

#[test]
fn a_begin_that_is_still_here_when_its_run_ends_is_folded_into_the_end() {
    let mut queue = Queue::default();
    let (opener, closer) = run(1);
    let config = MonitorConfig::crontab("@daily").unwrap();
    queue.push(opener.monitor_config(config.clone()), Instant::now());
    queue.push(closer, Instant::now());
    let queued = queue.pop().unwrap();
    assert_eq!(queued.check_in.status.as_str(), "ok");
    assert_eq!(queued.check_in.monitor_config, Some(config));
    queue.settle(&queued);
    assert_eq!((queue.pending(), queue.stats.coalesced), (0, 1));
}

#[test]
fn an_end_waits_for_the_answer_to_its_begin_while_other_runs_go_on() {
    let mut queue = Queue::default();
    let (opener, closer) = run(1);
    let (other, _) = run(2);
    queue.push(opener, Instant::now());
    let in_flight = queue.pop().unwrap();
    queue.push(closer, Instant::now());
    assert!(queue.pop().is_none(), "the end overtook its begin");
    queue.push(other, Instant::now());
    let second = queue.pop().expect("another run does not wait");
    queue.settle(&in_flight);
    queue.settle(&second);
    assert_eq!(statuses(&mut queue), ["ok"]);
    assert_eq!(queue.pending(), 0);
}

#[test]
fn a_begin_without_an_answer_goes_again_or_is_folded_into_the_end() {
    let mut queue = Queue::default();
    let (opener, closer) = run(1);
    queue.push(opener, Instant::now());
    let in_flight = queue.pop().unwrap();
    queue.retry(in_flight);
    let in_flight = queue.pop().unwrap();
    assert_eq!(in_flight.check_in.status.as_str(), "in_progress");
    queue.push(closer, Instant::now());
    queue.retry(in_flight);
    assert_eq!(statuses(&mut queue), ["ok"]);
    assert_eq!((queue.pending(), queue.stats.retried), (0, 2));
}

#[test]
fn two_reports_with_the_nil_id_are_never_folded() {
    let mut queue = Queue::default();
    let slug = Slug::parse("job").unwrap();
    queue.push(CheckIn::in_progress(slug.clone()).id(CheckInId::NIL), Instant::now());
    queue.push(CheckIn::ok(slug).id(CheckInId::NIL), Instant::now());
    assert_eq!(statuses(&mut queue), ["in_progress", "ok"]);
}

#[test]
fn when_the_queue_is_full_begins_are_dropped_and_counted_and_ends_are_kept() {
    let mut queue = Queue::default();
    let slug = Slug::parse("job").unwrap();
    let id = |n: usize| CheckInId::from_bytes((n as u128 + 1).to_be_bytes());
    for n in 0..=MAX_BEFORE_OPENERS {
        queue.push(CheckIn::in_progress(slug.clone()).id(id(n)), Instant::now());
    }
    assert_eq!((queue.pending(), queue.stats.dropped), (MAX_BEFORE_OPENERS, 1));
    assert!(queue.push(CheckIn::ok(slug.clone()).id(id(MAX_BEFORE_OPENERS)), Instant::now()));
    assert!(queue.push(CheckIn::ok(slug).id(id(0)), Instant::now()));
    assert_eq!((queue.pending(), queue.stats.coalesced), (MAX_BEFORE_OPENERS + 1, 1));
}

#[test]
fn a_withdrawn_begin_leaves_nothing_behind() {
    let mut queue = Queue::default();
    let (opener, _) = run(1);
    let (id, slug) = (opener.check_in_id.unwrap(), opener.monitor_slug.clone());
    queue.push(opener.clone(), Instant::now());
    assert!(queue.withdraw(id, &slug));
    assert_eq!(queue.pending(), 0);
    queue.push(opener, Instant::now());
    let in_flight = queue.pop().unwrap();
    assert!(!queue.withdraw(id, &slug), "what is on the wire cannot be taken back");
    queue.retry(in_flight);
    assert!(!queue.withdraw(id, &slug), "the server may know what had no answer");
}

#[test]
fn only_a_begin_is_withdrawn() {
    let mut queue = Queue::default();
    let (opener, closer) = run(1);
    let (id, slug) = (opener.check_in_id.unwrap(), opener.monitor_slug.clone());
    queue.push(opener, Instant::now());
    let in_flight = queue.pop().unwrap();
    queue.push(closer, Instant::now());
    assert!(!queue.withdraw(id, &slug));
    queue.settle(&in_flight);
    assert_eq!(statuses(&mut queue), ["ok"]);
}

#[test]
fn a_begin_that_is_given_up_leaves_its_configuration_to_the_end() {
    let mut queue = Queue::default();
    let (opener, closer) = run(1);
    let config = MonitorConfig::crontab("@daily").unwrap();
    queue.push(opener.monitor_config(config.clone()), Instant::now());
    let in_flight = queue.pop().unwrap();
    queue.push(closer, Instant::now());
    queue.give_up(in_flight);
    let queued = queue.pop().unwrap();
    assert_eq!((queued.check_in.status.as_str(), &queued.check_in.monitor_config), ("ok", &Some(config)));
    queue.settle(&queued);
    assert_eq!((queue.pending(), queue.stats.dropped), (0, 0));
}

#[test]
fn a_flush_waits_for_what_was_captured_before_it_and_for_nothing_else() {
    let mut queue = Queue::default();
    let (opener, closer) = run(1);
    queue.push(opener, Instant::now());
    let until = queue.next_number();
    queue.push(run(2).0, Instant::now());
    queue.push(closer, Instant::now());
    assert!(!queue.is_settled(until));
    let queued = queue.pop().unwrap();
    queue.settle(&queued);
    assert!(queue.is_settled(until) && queue.pending() == 1);
}

#[test]
fn a_begin_is_stale_after_its_margin_and_an_end_after_the_longest_run() {
    let (opener, closer) = run(1);
    let start = Instant::now();
    let after = |minutes: u64| start + Duration::from_secs(minutes * 60);
    let queued = |check_in| Queued { check_in, since: start, number: 0, tried: false };
    let opener = queued(opener);
    let closer = queued(closer);
    assert!(!opener.is_stale(start) && opener.is_stale(after(1)));
    assert!(!closer.is_stale(after(29)) && closer.is_stale(after(30)));
    let config = MonitorConfig::crontab("@daily").unwrap().checkin_margin(10).unwrap();
    let patient = queued(opener.check_in.monitor_config(config));
    assert!(!patient.is_stale(after(9)) && patient.is_stale(after(10)));
}
