//! Tests of delivery: nothing is lost, nothing overtakes, and no job waits, whatever the server does.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crons::{
    CheckIn, ClientOptions, Request, Response, SendFuture, Slug, Transport, capture_check_in, monitor,
};

use crate::support::{Behaviour, DEADLINE, Gate, Sink, one_at_a_time, statuses};

fn options(sink: &Sink) -> ClientOptions {
    ClientOptions::new().dsn(sink.dsn()).environment("production").release("app@1.0.0")
}

#[test]
fn a_run_arrives_with_one_id_and_the_clients_settings() {
    let _one = one_at_a_time();
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let crons = crons::init(options(&sink));
    let guard = monitor("greet").start();
    sink.wait_for(1);
    let id = guard.id().to_string();
    guard.ok();
    assert!(crons.flush(DEADLINE));
    let [begin, end] = sink.check_ins().try_into().unwrap();
    assert_eq!((&begin["check_in_id"], &end["check_in_id"]), (&id.as_str().into(), &id.as_str().into()));
    assert_eq!((&begin["status"], &end["status"]), (&"in_progress".into(), &"ok".into()));
    assert_eq!(begin.get("duration"), None);
    assert!(end["duration"].as_f64().unwrap() > 0.0);
    for report in [&begin, &end] {
        assert_eq!((&report["environment"], &report["release"]), (&"production".into(), &"app@1.0.0".into()));
    }
    assert!(crons.close(DEADLINE).all_delivered());
}

#[test]
fn an_end_waits_for_the_answer_to_its_start_others_do_not() {
    let _one = one_at_a_time();
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let sink = Sink::start(move |number| match number {
        0 => Behaviour::Gate(Arc::clone(&held)),
        _ => Behaviour::Answer(200),
    });
    let crons = crons::init(options(&sink));
    let slow = monitor("slow").start();
    sink.wait_for(1);
    // The server has not answered: the job goes on and ends all the same.
    slow.ok();
    capture_check_in(CheckIn::ok(Slug::parse("other").unwrap()));
    let so_far = sink.wait_for(2);
    assert_eq!(statuses(&so_far, "slow"), ["in_progress"], "the end overtook its begin");
    assert_eq!(statuses(&so_far, "other"), ["ok"]);
    gate.open();
    assert!(crons.flush(DEADLINE));
    assert_eq!(statuses(&sink.check_ins(), "slow"), ["in_progress", "ok"]);
}

#[test]
fn a_server_that_comes_back_gets_everything_once() {
    let _one = one_at_a_time();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let crons = crons::init(ClientOptions::new().dsn(format!("http://key@{address}/1")));
    monitor("early").run(|| ());
    assert!(!crons.flush(Duration::from_millis(50)), "nobody was there to deliver to");
    let sink = Sink::listen(TcpListener::bind(address).unwrap(), |_| Behaviour::Answer(200));
    assert!(crons.flush(DEADLINE));
    assert_eq!(statuses(&sink.check_ins(), "early"), ["ok"]);
    let stats = crons.close(DEADLINE);
    assert!(stats.all_delivered() && stats.retried > 0, "{stats:?}");
}

#[test]
fn a_request_without_an_answer_is_sent_again_with_the_same_id() {
    let _one = one_at_a_time();
    let sink = Sink::start(|number| match number {
        0 => Behaviour::HangUp,
        1 => Behaviour::HalfAnswer,
        _ => Behaviour::Answer(200),
    });
    let crons = crons::init(options(&sink));
    let id = capture_check_in(CheckIn::ok(Slug::parse("job").unwrap())).to_string();
    assert!(crons.flush(DEADLINE));
    let check_ins = sink.check_ins();
    // The check-in whose answer is cut off counts as answered: its status has arrived.
    assert_eq!(check_ins.len(), 2);
    assert!(check_ins.iter().all(|check_in| check_in["check_in_id"] == id.as_str()), "{check_ins:?}");
    let stats = crons.close(DEADLINE);
    assert_eq!((stats.sent, stats.retried), (1, 1));
}

#[test]
fn what_the_server_refuses_is_counted_and_not_sent_again() {
    let _one = one_at_a_time();
    for status in [301, 400, 403, 413, 429, 500, 503] {
        let sink = Sink::start(move |_| Behaviour::Answer(status));
        let crons = crons::init(options(&sink));
        capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
        assert!(crons.flush(DEADLINE), "{status}");
        let stats = crons.close(DEADLINE);
        assert_eq!((stats.refused, stats.sent, sink.check_ins().len()), (1, 0, 1), "{status}");
        assert!(!stats.all_delivered());
    }
}

#[test]
fn a_dead_or_silent_server_delays_neither_job_nor_program() {
    let _one = one_at_a_time();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = Sink::start(|_| Behaviour::Silence);
    for address in [gone, silent.address] {
        let crons = crons::init(ClientOptions::new().dsn(format!("http://key@{address}/1")));
        let value = monitor("job").run(|| Ok::<_, ()>("Hello, Grace"));
        assert_eq!(value, Ok("Hello, Grace"));
        let begin = Instant::now();
        assert!(!crons.flush(Duration::from_millis(100)));
        let stats = crons.close(Duration::from_millis(100));
        // The time is far less than the ten seconds that a request may take.
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        assert!(stats.queued > 0 && !stats.all_delivered(), "{stats:?}");
    }
}

#[test]
fn a_burst_of_runs_arrives_whole() {
    let _one = one_at_a_time();
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let crons = crons::init(options(&sink));
    for number in 0..1_000 {
        monitor(format!("job-{number}")).run(|| ());
    }
    assert!(crons.flush(DEADLINE));
    let check_ins = sink.check_ins();
    let ended: BTreeSet<&str> = check_ins
        .iter()
        .filter(|check_in| check_in["status"] == "ok")
        .map(|check_in| check_in["monitor_slug"].as_str().unwrap())
        .collect();
    assert_eq!(ended.len(), 1_000);
    let stats = crons.close(DEADLINE);
    assert!(stats.all_delivered(), "{stats:?}");
    assert_eq!(stats.sent + stats.coalesced, 2_000);
}

#[test]
fn a_skipped_run_sends_no_verdict_whatever_the_timing() {
    let _one = one_at_a_time();
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let sink = Sink::start(move |_| Behaviour::Gate(Arc::clone(&held)));
    let crons = crons::init(options(&sink));
    let sent = monitor("sent").start();
    sink.wait_for(1);
    sent.skip();
    gate.open();
    assert!(crons.flush(DEADLINE));
    assert_eq!(statuses(&sink.check_ins(), "sent"), ["in_progress"]);
    let stats = crons.close(DEADLINE);

    // The start is still in the client without a server to take it, so it can be withdrawn.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let crons = crons::init(ClientOptions::new().dsn(format!("http://key@{gone}/1")));
    let blocked: Vec<_> = (0..20).map(|number| monitor(format!("job-{number}")).start()).collect();
    for guard in blocked {
        guard.skip();
    }
    let after = crons.close(Duration::from_millis(50));
    assert_eq!(stats.withdrawn, 0);
    assert!(after.withdrawn > 0, "{after:?}");
}

/// Panics at the first request, answers all others.
struct Clumsy(AtomicUsize);

impl Transport for Clumsy {
    fn send(&self, _: Request) -> SendFuture {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) > 0, "clumsy");
        Box::pin(async { Ok(Response::new(200)) })
    }
}

#[test]
fn a_transport_that_panics_ends_its_request_and_nothing_else() {
    let _one = one_at_a_time();
    let options = ClientOptions::new().dsn("http://key@127.0.0.1:9/1").transport(Clumsy(AtomicUsize::new(0)));
    let crons = crons::init(options);
    capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
    assert!(crons.flush(DEADLINE));
    let stats = crons.close(DEADLINE);
    assert_eq!((stats.sent, stats.retried, stats.queued), (1, 1, 0));
}

/// An error whose text panics.
#[derive(Debug)]
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        unreachable!("unspeakable")
    }
}

impl std::error::Error for Unspeakable {}

/// Owns a runtime, as blocking clients do, and records when it has been dropped.
struct Owner {
    runtime: Option<tokio::runtime::Runtime>,
    requests: AtomicUsize,
    dropped: Arc<AtomicUsize>,
}

impl Transport for Owner {
    fn send(&self, _: Request) -> SendFuture {
        let first = self.requests.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            if first { Err(crons::TransportError::new(Unspeakable)) } else { Ok(Response::new(200)) }
        })
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // A runtime that is dropped in the context of another one would panic.
        drop(self.runtime.take());
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_transport_may_own_a_runtime_and_return_any_error() {
    let _one = one_at_a_time();
    let dropped = Arc::new(AtomicUsize::new(0));
    let owner = Owner {
        runtime: tokio::runtime::Runtime::new().ok(),
        requests: AtomicUsize::new(0),
        dropped: Arc::clone(&dropped),
    };
    let crons = crons::init(ClientOptions::new().dsn("http://key@127.0.0.1:9/1").transport(owner));
    capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
    assert!(crons.flush(DEADLINE));
    let stats = crons.close(DEADLINE);
    assert_eq!((stats.sent, stats.retried), (1, 1));
    let until = Instant::now() + DEADLINE;
    while dropped.load(Ordering::SeqCst) == 0 {
        assert!(Instant::now() < until, "the transport was never dropped");
        std::thread::yield_now();
    }
}

#[test]
fn a_hook_that_flushes_does_not_wait_for_itself() {
    let _one = one_at_a_time();
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let crons = crons::init(options(&sink).before_send_check_in(|check_in| {
        assert!(!crons::flush(Duration::MAX), "its own check-in is not settled");
        Some(check_in)
    }));
    capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
    assert!(crons.flush(DEADLINE));
    assert!(crons.close(DEADLINE).all_delivered());
}

#[test]
fn what_comes_after_the_end_of_the_client_harms_nobody() {
    let _one = one_at_a_time();
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let crons = crons::init(options(&sink));
    let late = monitor("late").start();
    sink.wait_for(1);
    assert!(crons.close(DEADLINE).all_delivered());
    // The client has ended, and has closed the run: the job goes on all the same.
    late.ok();
    monitor("later").run(|| ());
    assert_eq!(statuses(&sink.check_ins(), "late"), ["in_progress", "error"]);
    let after = crons::stats();
    assert_eq!(
        (after.sent, after.dropped.client_closed, after.dropped.total()),
        (2, 3, 3),
        "it stays true: {after:?}"
    );
    assert_eq!(after.captured, 5);
}
