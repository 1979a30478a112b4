//! What arrives at a server that behaves as it is told, on a clock that the test holds.

mod accounts;

use std::sync::Arc;

use crons_types::{CheckInId, MonitorConfig, Slug};

use super::*;
use crate::delivery::response::Answer;
use crate::record::queued::{About, Report, Subject};
use crate::wire::transport::{Response, TransportError};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A client without a thread, and a server without a network.
struct World {
    delivery: Delivery,
    pace: Pace,
    now: Instant,
    begin: Instant,
    /// What the server does with a request that comes so long after the begin.
    server: Box<dyn FnMut(Duration) -> Answer>,
    /// Slug, report, and when it came.
    arrived: Vec<(String, Report, Duration)>,
    captured: u64,
    ids: u128,
}

struct Job {
    id: CheckInId,
    subject: About,
    began: Instant,
}

fn pace() -> Pace {
    Pace { rate_limit: NonZeroU32::new(6), coalesce: Duration::ZERO, retry_server_errors: false }
}

fn fine() -> Response {
    Response::new(200)
}

fn refused() -> TransportError {
    TransportError::new("connection refused")
}

impl World {
    fn new(pace: Pace, server: impl FnMut(Duration) -> Answer + 'static) -> Self {
        let (now, server, arrived) = (Instant::now(), Box::new(server), Vec::new());
        Self { delivery: Delivery::new(pace), pace, now, begin: now, server, arrived, captured: 0, ids: 0 }
    }

    fn capture(&mut self, job: &Job, report: Report) {
        let mut record = Record::new(job.id, job.subject.clone(), report, self.now);
        if report != Report::InProgress {
            record = record.lasted(self.now - job.began);
            record.closes = true;
        }
        self.captured += u64::from(report.is_counted());
        self.delivery.file(record);
    }

    fn start(&mut self, slug: &str, config: Option<MonitorConfig>) -> Job {
        self.ids += 1;
        let subject = About::Made(Arc::new(Subject::new(Slug::parse(slug).unwrap(), config)));
        let job = Job { id: CheckInId::from_bytes(self.ids.to_be_bytes()), subject, began: self.now };
        self.capture(&job, Report::InProgress);
        job
    }

    /// Sends what may go now.
    fn send(&mut self) {
        while let Some(index) = self.delivery.next(self.now) {
            let losses = self.delivery.take_losses();
            let since = self.now - self.begin;
            let answer = (self.server)(since);
            let record = self.delivery.get(index).unwrap();
            let retried = self.pace.retry_server_errors;
            if answer.as_ref().is_ok_and(|response| !(retried && response.is_server_error())) {
                self.arrived.push((record.subject.slug.to_string(), record.report, since));
            }
            self.delivery.answered(index, &answer, losses, self.now);
        }
    }

    /// Lets time pass, and does what is to be done meanwhile.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        self.send();
        while let Some(wake) = self.delivery.wake_at(self.now).filter(|wake| *wake <= until) {
            assert!(wake > self.now, "it asks for the same instant again");
            self.now = wake;
            self.send();
        }
        self.now = until;
        self.send();
    }

    fn run(&mut self, slug: &str, time: Duration) {
        let job = self.start(slug, None);
        self.pass(time);
        self.capture(&job, Report::Ok);
        self.pass(Duration::ZERO);
    }

    fn reports(&self, slug: &str) -> Vec<Report> {
        self.arrived.iter().filter(|(of, ..)| of == slug).map(|(_, report, _)| *report).collect()
    }

    /// The statistics, which must add up.
    fn stats(&self) -> Stats {
        let mut stats = self.delivery.stats();
        stats.captured += self.captured;
        let known = stats.sent
            + stats.coalesced
            + stats.withdrawn
            + stats.refused
            + stats.dropped.total()
            + stats.queued;
        assert_eq!(stats.captured, known, "{stats:?}");
        stats
    }
}

#[test]
fn d1_a_limit_of_the_server_silences_new_runs_until_it_is_over_and_they_are_counted() {
    let mut told = false;
    let mut world = World::new(pace(), move |_| {
        let response = Response::new(200);
        let first = !std::mem::replace(&mut told, true);
        Ok(if first { response.header("X-Sentry-Rate-Limits", "60:monitor:organization") } else { response })
    });
    world.run("first", Duration::ZERO);
    world.run("second", SECOND);
    assert_eq!((world.reports("second"), world.stats().dropped.rate_limited), (vec![], 2));
    assert!(world.delivery.limited_until(world.now).is_some());
    world.pass(MINUTE);
    world.run("third", SECOND);
    assert_eq!(world.reports("third"), [Report::InProgress, Report::Ok]);
}

#[test]
fn the_end_of_a_run_that_the_server_knows_of_waits_until_its_limit_is_over() {
    let mut world = World::new(pace(), |_| Ok(Response::new(200).header("X-Sentry-Rate-Limits", "60::org")));
    let job = world.start("job", None);
    world.pass(SECOND);
    world.capture(&job, Report::Error);
    world.pass(MINUTE * 2);
    assert_eq!(world.reports("job"), [Report::InProgress, Report::Error]);
    assert_eq!(world.arrived[1].2, MINUTE);
}

#[test]
fn d10_a_429_is_not_sent_again_and_silences_for_a_minute() {
    let mut world = World::new(pace(), |_| Ok(Response::new(429)));
    world.run("job", Duration::ZERO);
    world.pass(SECOND);
    assert_eq!((world.arrived.len(), world.stats().refused), (1, 1));
    assert!(world.delivery.take_losses().is_empty(), "the server knows");
}

#[test]
fn d11_what_the_server_refuses_is_reported_and_not_sent_again() {
    for status in [400, 413, 500, 503] {
        let mut world = World::new(pace(), move |_| Ok(Response::new(status)));
        world.run("job", Duration::ZERO);
        world.pass(MINUTE);
        assert_eq!((world.arrived.len(), world.stats().refused), (2, 2), "{status}: its begin, its end");
        // The request of the end carried the loss of the begin.
        assert_eq!(world.delivery.take_losses().by_reason(), [("send_error", 1)]);
    }
}

#[test]
fn what_the_server_accepts_with_a_remark_is_sent_and_what_it_gives_a_reason_for_is_refused() {
    for (said, sent) in [("accepted, but monitor_config.tz: ..", 2), ("MONITOR_NOT_FOUND: ..", 0), ("", 0)] {
        let mut world = World::new(pace(), move |_| Ok(Response::new(200).header("X-Sentry-Error", said)));
        world.run("job", Duration::ZERO);
        world.pass(MINUTE);
        assert_eq!((world.stats().sent, world.stats().refused), (sent, 2 - sent), "{said:?}");
    }
}

#[test]
fn a_server_error_is_as_good_as_no_answer_if_so_said() {
    let mut tries = 0;
    let pace = Pace { retry_server_errors: true, ..pace() };
    let mut world = World::new(pace, move |_| {
        tries += 1;
        Ok(Response::new(if tries < 3 { 503 } else { 200 }))
    });
    world.run("job", Duration::ZERO);
    world.pass(MINUTE);
    let stats = world.stats();
    assert_eq!((stats.sent, stats.retried, stats.refused), (1, 2, 0));
}

#[test]
fn d12_a_server_that_is_gone_for_an_hour_and_back_gets_what_is_still_true() {
    let config = |minutes: u32| MonitorConfig::crontab("@hourly").and_then(|c| c.max_runtime(minutes)).ok();
    let mut world = World::new(pace(), |since| if since < MINUTE * 60 { Err(refused()) } else { Ok(fine()) });
    let patient = world.start("patient", config(120));
    let hasty = world.start("hasty", config(10));
    world.pass(SECOND);
    world.capture(&patient, Report::Ok);
    world.capture(&hasty, Report::Ok);
    let long = world.start("long", config(120));
    world.pass(MINUTE * 70);
    world.capture(&long, Report::Ok);
    world.pass(MINUTE);
    assert_eq!(world.reports("patient"), [Report::Ok]);
    assert_eq!(world.reports("hasty"), [], "ten minutes after its end nobody can use it");
    assert_eq!(world.reports("long"), [Report::Ok], "its begin was too old to be true");
    let stats = world.stats();
    assert_eq!((stats.dropped.expired, stats.queued), (2, 0));
    let back = world.arrived[0].2;
    assert!(back < MINUTE * 60 + SECOND * 31, "it is asked every half minute: {back:?}");
    assert!(stats.retried < 400, "and not more often: {}", stats.retried);
}

#[test]
fn d16_d17_a_begin_waits_for_its_end_only_as_long_as_was_said() {
    for (coalesce, expected) in
        [(Duration::ZERO, vec![Report::InProgress, Report::Ok]), (SECOND * 2, vec![Report::Ok])]
    {
        let mut world = World::new(Pace { coalesce, ..pace() }, |_| Ok(fine()));
        world.run("quick", SECOND);
        assert_eq!(world.reports("quick"), expected);
        world.run("slow", SECOND * 3);
        assert_eq!(world.reports("slow"), [Report::InProgress, Report::Ok]);
        let job = world.start("skipped", None);
        world.capture(&job, Report::Skipped);
        world.pass(MINUTE);
        assert_eq!(world.reports("skipped"), []);
        assert_eq!(world.stats().withdrawn, 1);
    }
}

#[test]
fn a_flush_waits_for_no_grace_and_no_backoff() {
    let mut up = false;
    let mut world = World::new(Pace { coalesce: MINUTE, ..pace() }, move |_| {
        if std::mem::replace(&mut up, true) { Ok(fine()) } else { Err(refused()) }
    });
    world.start("job", None);
    world.pass(SECOND);
    assert_eq!(world.reports("job"), []);
    world.delivery.hurry(0);
    world.send();
    assert_eq!(world.reports("job"), [], "the server was not there");
    world.delivery.hurry(0);
    world.send();
    assert_eq!(world.reports("job"), [Report::InProgress]);
    assert_eq!(world.delivery.earliest_epoch(), u32::MAX);
}

#[test]
fn d21_of_ten_runs_in_a_minute_whole_ones_arrive_and_no_more_than_six_check_ins() {
    let mut world = World::new(pace(), |_| Ok(fine()));
    for _ in 0..10 {
        world.run("job", SECOND);
        world.pass(SECOND);
    }
    let expected = [Report::InProgress, Report::Ok].repeat(3);
    assert_eq!(world.reports("job"), expected, "three whole runs");
    assert_eq!(world.stats().dropped.skipped, 14);
    assert_eq!(world.delivery.take_losses().by_reason(), [("ratelimit_backoff", 14)]);
    world.pass(MINUTE);
    world.run("job", SECOND);
    assert_eq!(world.reports("job").len(), 8);
}

#[test]
fn d21_the_ends_of_runs_that_were_let_through_are_paced_and_say_their_true_duration() {
    let mut world = World::new(pace(), |_| Ok(fine()));
    // Five begin before the first ends: each was let through with a place for one end.
    let jobs: Vec<Job> = (0..5).map(|_| world.start("job", None)).collect();
    world.pass(SECOND);
    for job in &jobs {
        world.capture(job, Report::Ok);
    }
    world.pass(MINUTE * 2);
    let ends = world.arrived.iter().filter(|(_, report, _)| *report == Report::Ok).count();
    assert_eq!((ends, world.stats().dropped.skipped), (5, 0));
    for (_, _, at) in &world.arrived {
        let around = world.arrived.iter().filter(|(_, _, other)| *other >= *at && *other < *at + MINUTE);
        assert!(around.count() <= 6, "{:?}", world.arrived);
    }
}

#[test]
fn an_error_of_a_run_whose_begin_was_skipped_is_told_if_there_is_a_place_by_then() {
    let mut world = World::new(pace(), |_| Ok(fine()));
    for _ in 0..3 {
        world.run("job", SECOND);
    }
    let skipped = world.start("job", None);
    world.pass(MINUTE);
    world.capture(&skipped, Report::Error);
    world.pass(SECOND);
    assert_eq!(world.reports("job").last(), Some(&Report::Error));
}

#[test]
fn of_a_run_whose_begin_was_skipped_and_in_which_nothing_happened_nothing_is_told() {
    let mut world = World::new(pace(), |_| Ok(fine()));
    for _ in 0..3 {
        world.run("job", SECOND);
    }
    let skipped = world.start("job", None);
    world.pass(MINUTE);
    world.capture(&skipped, Report::Skipped);
    world.pass(SECOND);
    assert_eq!((world.reports("job").len(), world.stats().dropped.skipped), (6, 1));
}

#[test]
fn a_begin_that_is_said_again_by_hand_and_dropped_does_not_cost_the_run_its_end() {
    let mut world =
        World::new(pace(), |_| Ok(Response::new(200).header("X-Sentry-Rate-Limits", "60:monitor:org")));
    let id = CheckInId::from_bytes([7; 16]);
    let by_hand = |world: &mut World, check_in: CheckIn| {
        world.captured += 1;
        let record = Record::by_hand(check_in.id(id), id, world.now);
        world.delivery.file(record);
        world.pass(SECOND);
    };
    let slug = Slug::parse("job").unwrap();
    by_hand(&mut world, CheckIn::in_progress(slug.clone()));
    by_hand(&mut world, CheckIn::in_progress(slug.clone()));
    by_hand(&mut world, CheckIn::error(slug));
    world.pass(MINUTE);
    assert_eq!(world.reports("job"), [Report::InProgress, Report::Error]);
    assert_eq!(world.stats().dropped.rate_limited, 1);
}
