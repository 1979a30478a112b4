//! Tests of `crons::Client`: clients beside the global one, and the scopes in which code reports to them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::time::Duration;

use crons::{CheckIn, Client, ClientOptions, InitError, Slug, capture_check_in, monitor};

use crate::support::{self, Behaviour, DEADLINE, Gate, Sink, child, statuses};

#[crons::monitor]
fn annotated() {}

#[crons::monitor]
async fn annotated_async() {
    tokio::task::yield_now().await;
}

fn accepting() -> Sink {
    Sink::start(|_| Behaviour::Answer(200))
}

fn client(sink: &Sink) -> Client {
    Client::new(ClientOptions::from(sink.dsn()).shutdown_timeout(DEADLINE)).unwrap()
}

#[test]
fn each_of_two_clients_reports_to_its_own_server() {
    let (left, right) = (accepting(), accepting());
    let (to_left, to_right) = (client(&left), client(&right));
    std::thread::scope(|threads| {
        threads.spawn(|| to_left.scope(annotated));
        threads.spawn(|| to_right.scope(|| monitor("closure").run(|| ())));
    });
    to_left.monitor("handle").run(|| ());
    to_right.capture_check_in(CheckIn::error(Slug::parse("by-hand").unwrap()));
    assert!(to_left.close(DEADLINE).all_delivered() && to_right.close(DEADLINE).all_delivered());
    let (left, right) = (left.check_ins(), right.check_ins());
    for slug in ["annotated", "handle"] {
        assert_eq!((statuses(&left, slug).last(), statuses(&right, slug).last()), (Some(&"ok"), None));
    }
    for (slug, status) in [("closure", "ok"), ("by-hand", "error")] {
        assert_eq!((statuses(&left, slug).last(), statuses(&right, slug).last()), (None, Some(&status)));
    }
}

#[test]
fn the_innermost_scope_counts() {
    let (outer, inner) = (accepting(), accepting());
    let (to_outer, to_inner) = (client(&outer), client(&inner));
    to_outer.scope(|| {
        to_inner.scope(|| {
            annotated();
            to_outer.monitor("fixed").run(|| ());
        });
        capture_check_in(CheckIn::ok(Slug::parse("after").unwrap()));
        assert!(crons::flush(DEADLINE));
    });
    drop((to_outer, to_inner));
    assert_eq!(statuses(&outer.check_ins(), "after"), ["ok"]);
    assert_eq!(statuses(&outer.check_ins(), "fixed").last(), Some(&"ok"));
    assert_eq!(statuses(&inner.check_ins(), "annotated").last(), Some(&"ok"));
    assert_eq!(statuses(&outer.check_ins(), "annotated"), [""; 0]);
}

#[test]
fn the_last_handle_that_is_dropped_delivers() {
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let sink = Sink::start(move |_| Behaviour::Gate(Arc::clone(&held)));
    let first = client(&sink);
    let last = first.clone();
    first.monitor("job").run(|| ());
    drop(first);
    assert_eq!(last.stats().sent, 0, "the first handle does not wait");
    let opening = std::thread::spawn(move || gate.open());
    drop(last);
    opening.join().unwrap();
    assert_eq!(statuses(&sink.check_ins(), "job").last(), Some(&"ok"));
}

#[test]
fn a_run_may_end_after_its_client_was_dropped() {
    let sink = accepting();
    let client = client(&sink);
    let (monitor, run) = (client.monitor("kept"), client.monitor("open").start());
    drop(client);
    run.ok();
    monitor.run(|| ());
    sink.wait_for(3);
    support::until(
        || ["kept", "open"].iter().all(|slug| statuses(&sink.check_ins(), slug).last() == Some(&"ok")),
        || format!("{:?}", sink.check_ins()),
    );
}

#[test]
fn a_hook_may_hold_the_last_handle_of_another_client() {
    let (sink, other) = (accepting(), accepting());
    let inner = client(&other);
    let hook = move |check_in| {
        inner.monitor("seen").heartbeat().run(|| ());
        Some(check_in)
    };
    let outer = Client::new(ClientOptions::from(sink.dsn()).before_send_check_in(hook)).unwrap();
    let last = outer.clone();
    outer.monitor("job").heartbeat().run(|| ());
    assert!(outer.close(DEADLINE).all_delivered());
    // The worker of the outer client ends, and drops the hook: there, or here.
    drop(last);
    drop(client(&sink));
    assert_eq!(statuses(&other.wait_for(1), "seen"), ["ok"]);
}

#[test]
fn after_close_check_ins_are_dropped_and_counted() {
    let sink = accepting();
    let client = client(&sink);
    let other = client.clone();
    assert!(client.close(DEADLINE).all_delivered());
    other.monitor("late").run(|| ());
    assert_eq!(other.stats().dropped.client_closed, 2);
    assert_eq!(sink.check_ins().len(), 0);
}

#[test]
fn a_disabled_client_reports_nothing_in_its_scope() {
    let sink = accepting();
    let enabled = client(&sink);
    let options = ClientOptions::from(sink.dsn()).environment("laptop").enabled_environments(["production"]);
    let disabled = Client::new(options).unwrap();
    assert!(enabled.is_enabled() && !disabled.is_enabled());
    enabled.scope(|| {
        disabled.scope(|| {
            annotated();
            assert!(!Client::current().is_enabled());
        });
        assert!(Client::current().is_enabled());
    });
    disabled.monitor("job").run(|| ());
    assert!(disabled.flush(Duration::ZERO));
    assert!(enabled.close(DEADLINE).all_delivered());
    assert_eq!(sink.check_ins().len(), 0);
}

#[test]
fn a_client_without_a_dsn_or_with_a_malformed_one_is_an_error() {
    assert!(matches!(Client::new(""), Err(InitError::NoDsn)));
    let nonsense = String::from("nonsense");
    assert!(matches!(Client::new(&nonsense), Err(InitError::Dsn(_))));
    assert!(matches!(Client::new(nonsense), Err(InitError::Dsn(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_goes_with_a_task_and_onto_blocking_threads() {
    let (sink, other) = (accepting(), accepting());
    let (client, to_other) = (client(&sink), client(&other));
    let spawned = tokio::spawn(client.scope_async(async {
        annotated_async().await;
        let current = Client::current();
        tokio::task::spawn_blocking(move || current.scope(annotated)).await.unwrap();
        tokio::spawn(annotated_async()).await.unwrap(); // not in the scope
    }));
    to_other.scope_async(async { spawned.await.unwrap() }).await;
    assert!(client.flush_async(DEADLINE).await);
    let stats = client.close_async(DEADLINE).await;
    assert!(stats.all_delivered() && stats.captured == 4, "{stats:?}");
    assert_eq!(statuses(&sink.check_ins(), "annotated").last(), Some(&"ok"));
    assert_eq!(statuses(&sink.check_ins(), "annotated-async").last(), Some(&"ok"));
    assert_eq!(to_other.close_async(DEADLINE).await.captured, 0);
}

#[tokio::test]
async fn a_future_that_lost_a_race_is_dropped_in_its_scope() {
    struct Reports;
    impl Drop for Reports {
        fn drop(&mut self) {
            annotated();
        }
    }
    let sink = accepting();
    let client = client(&sink);
    let reports = Reports;
    let loses = client.scope_async(async move {
        let _reports = reports;
        std::future::pending::<()>().await;
    });
    tokio::select! {
        () = loses => {}
        () = tokio::task::yield_now() => {}
    }
    let stats = client.close_async(DEADLINE).await;
    assert_eq!((stats.captured, stats.all_delivered()), (2, true));
}

#[tokio::test]
async fn closing_lets_other_tasks_of_the_thread_run() {
    if !child::is_alone() {
        return;
    }
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let sink = Sink::start(move |_| Behaviour::Gate(Arc::clone(&held)));
    let guard = crons::init(sink.dsn());
    capture_check_in(CheckIn::ok(Slug::parse("job").unwrap()));
    // The gate would never open if `close_async` blocked this thread.
    let (stats, ()) = tokio::join!(guard.close_async(DEADLINE), async { gate.open() });
    assert!(stats.all_delivered(), "{stats:?}");
}
