//! Tests that a `tracing` subscriber that panics harms neither the job nor the delivery of its check-ins.

use std::sync::atomic::{AtomicUsize, Ordering};

use crons::{CheckIn, ClientOptions, Slug, capture_check_in, monitor};

use crate::support::{Behaviour, DEADLINE, Sink, child, one_at_a_time, statuses};

static EVENTS: AtomicUsize = AtomicUsize::new(0);

/// Installs a subscriber that panics at every event of level INFO and above: of the client, and not of its HTTP stack.
fn install() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let writer = || -> std::io::Sink {
            EVENTS.fetch_add(1, Ordering::SeqCst);
            std::panic::resume_unwind(Box::new("the log is full"))
        };
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
            .with_writer(writer)
            .init();
        // A panic on the worker is to be expected, a hundred times.
        std::panic::set_hook(Box::new(|_| ()));
    });
}

#[crons::monitor(slug = "fails", interval = "1 hour")]
fn fails() -> Result<(), &'static str> {
    Err("full")
}

#[test]
fn a_job_that_fails_or_panics_ends_as_ever_and_is_reported() {
    if !child::is_alone() {
        return;
    }
    let _one = one_at_a_time();
    install();
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let crons = crons::init(ClientOptions::new().dsn(sink.dsn()));
    assert_eq!(fails(), Err("full"));
    let panic = std::panic::catch_unwind(|| monitor("panics").run(|| -> () { std::panic::panic_any(7) }));
    assert_eq!(panic.unwrap_err().downcast_ref::<i32>(), Some(&7));
    assert!(crons.flush(DEADLINE));
    assert_eq!(statuses(&sink.check_ins(), "fails").last(), Some(&"error"));
    assert_eq!(statuses(&sink.check_ins(), "panics").last(), Some(&"error"));
    assert!(EVENTS.load(Ordering::SeqCst) > 0);
}

#[test]
fn a_flush_ends_whatever_the_server_answers() {
    if !child::is_alone() {
        return;
    }
    let _one = one_at_a_time();
    install();
    for status in [200, 400, 429, 503] {
        let sink = Sink::start(move |_| Behaviour::Answer(status));
        let crons = crons::init(ClientOptions::new().dsn(sink.dsn()));
        for number in 0..20 {
            // Half of the check-ins are of one monitor, so that some are over the rate limit.
            capture_check_in(CheckIn::ok(Slug::parse(if number < 10 { "same" } else { "other" }).unwrap()));
        }
        assert!(crons.flush(DEADLINE), "{status}");
        let stats = crons.close(DEADLINE);
        assert_eq!((stats.queued, stats.captured), (0, 20), "{status}: {stats:?}");
        assert_eq!(stats.sent + stats.refused + stats.dropped.total(), 20, "{status}: {stats:?}");
    }
}

#[test]
fn a_server_that_hangs_up_is_asked_again() {
    if !child::is_alone() {
        return;
    }
    let _one = one_at_a_time();
    install();
    let sink = Sink::start(|number| if number == 0 { Behaviour::HangUp } else { Behaviour::Answer(200) });
    let crons = crons::init(ClientOptions::new().dsn(sink.dsn()));
    monitor("again").run(|| ());
    assert!(crons.flush(DEADLINE));
    assert!(crons.close(DEADLINE).all_delivered());
}
