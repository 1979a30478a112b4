//! Tests of `crons::Monitor` as a handle, and of `MonitoredFuture` where a type must be named.

use std::convert::Infallible;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use crons::{
    CheckInGuard, Client, Monitor, MonitorConfig, MonitoredFuture, Outcome, ScopedFuture, Slug, monitor,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

fn is_a_handle<T: Clone + Send + Sync + 'static>() {}
fn is_spawnable<T: Send + 'static>() {}
fn may_unwind<T: UnwindSafe + RefUnwindSafe>() {}

#[test]
fn handles_and_futures_go_to_other_threads() {
    is_a_handle::<Monitor>();
    is_a_handle::<Client>();
    is_a_handle::<crons::test::TestClient>();
    is_spawnable::<MonitoredFuture<std::future::Ready<()>>>();
    is_spawnable::<ScopedFuture<std::future::Ready<()>>>();
    is_spawnable::<CheckInGuard>();
    may_unwind::<Monitor>();
    may_unwind::<Client>();
    may_unwind::<CheckInGuard>();
    may_unwind::<MonitoredFuture<std::future::Ready<()>>>();
}

#[test]
fn a_name_may_be_of_any_kind_of_text() {
    let slug = Slug::parse("my-job").unwrap();
    let owned = String::from("My Job");
    for monitor in [
        monitor("my-job"),
        monitor(&owned),
        monitor(owned.clone()),
        monitor(&slug),
        monitor(slug.clone()),
        monitor(std::borrow::Cow::from("my job")),
    ] {
        assert_eq!(monitor.slug(), Some(&slug));
        assert_eq!(with_captured_check_ins(|| monitor.run(|| ())).statuses_of(&slug), [InProgress, Fine]);
    }
    let nothing = monitor("!!!");
    assert_eq!(nothing.slug(), None);
    let captured = with_captured_check_ins(|| nothing.run(|| Ok::<_, ()>(7)));
    assert_eq!((captured.value, captured.check_ins), (Ok(7), vec![]));
}

#[test]
fn a_run_that_began_before_its_client_keeps_its_id_and_its_time() {
    let (id, began) =
        (crons::new_check_in_id(), Instant::now().checked_sub(Duration::from_secs(90)).unwrap());
    let captured = with_captured_check_ins(|| {
        let check_in = monitor("import").start_as(id, began);
        assert_eq!(check_in.id(), id);
        check_in.ok();
    });
    assert_eq!(captured.statuses(), [InProgress, Fine]);
    assert!(captured.iter().all(|check_in| check_in.check_in_id == Some(id)));
    assert!(captured[1].duration.unwrap() >= Duration::from_secs(90));
    // The id is the same if nothing is reported.
    assert_eq!(monitor("!!!").start_as(id, began).id(), id);
    assert_ne!(crons::new_check_in_id(), id);
}

#[test]
fn a_note_goes_with_the_end_of_its_run() {
    let captured = with_captured_check_ins(|| {
        let mut check_in = monitor("import").start();
        check_in.note("first");
        check_in.note("no rows");
        check_in.error();
        monitor("import").start().ok();
    });
    let notes: Vec<Option<&str>> = captured.iter().map(|check_in| check_in.note.as_deref()).collect();
    assert_eq!(notes, [None, Some("no rows"), None, None]);
}

#[test]
fn the_runs_of_a_handle_are_independent() {
    let config = MonitorConfig::interval("10 minutes").unwrap();
    let import = monitor("import").monitor_config(config.clone());
    let captured = with_captured_check_ins(|| {
        let clone = import.clone().heartbeat();
        let _run = import.start();
        let client = Client::current();
        std::thread::spawn(move || client.scope(|| clone.run(|| Err::<(), _>(())))).join().unwrap()
    });
    assert_eq!(captured.value, Err(()));
    assert_eq!(captured.statuses(), [InProgress, Error, Error], "the guard is dropped without a verdict");
    let [start, heartbeat, end] = captured.check_ins.try_into().unwrap();
    assert_eq!(start.check_in_id, end.check_in_id);
    assert_ne!(start.check_in_id, heartbeat.check_in_id);
    assert_eq!(heartbeat.monitor_config, Some(config));
}

#[test]
fn setters_take_owned_texts_by_reference() -> Result<(), crons::InvalidMonitorConfig> {
    let [every, zone, length] = ["1h30m", "Europe/Vienna", "90m"].map(String::from);
    let config =
        MonitorConfig::interval(&every)?.timezone(&zone)?.max_runtime(&length)?.checkin_margin(&length)?;
    assert_eq!(
        config,
        MonitorConfig::interval("90 minutes")?
            .timezone("Europe/Vienna")?
            .max_runtime(90)?
            .checkin_margin(90)?
    );
    let options = crons::ClientOptions::from(&every).dsn(&every).environment(&zone).release(&length);
    assert!(Client::new(options).is_err());
    Ok(())
}

/// Watches each call of a service.
#[derive(Clone)]
struct WatchLayer(Monitor);

#[derive(Clone)]
struct Watched<S> {
    monitor: Monitor,
    inner: S,
}

impl<S> Layer<S> for WatchLayer {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched { monitor: self.0.clone(), inner }
    }
}

impl<R, S> Service<R> for Watched<S>
where
    S: Service<R>,
    Result<S::Response, S::Error>: Outcome,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = MonitoredFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.monitor.run_async(self.inner.call(request))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tower_layer_watches_each_call() {
    let captured = with_captured_check_ins_async(async {
        let service =
            ServiceBuilder::new().layer(WatchLayer(monitor("call"))).service_fn(|n: u8| async move {
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(n + 1)
            });
        let client = Client::current();
        let calls: Vec<_> =
            (0..3).map(|n| tokio::spawn(client.scope_async(service.clone().oneshot(n)))).collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap().unwrap());
        }
        answers
    })
    .await;
    assert_eq!(captured.value, [1, 2, 3]);
    let of = |status| captured.iter().filter(|check_in| check_in.status == status).count();
    assert_eq!((of(InProgress), of(Fine), captured.check_ins.len()), (3, 3, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_future_is_spawned_with_its_monitor() {
    let captured = with_captured_check_ins_async(async {
        let run = monitor("sync").run_async(async {
            tokio::task::yield_now().await;
            Err::<(), _>("full")
        });
        tokio::spawn(Client::current().scope_async(run)).await.unwrap()
    })
    .await;
    assert_eq!(captured.value, Err("full"));
    assert_eq!(captured.statuses_of("sync"), [InProgress, Error]);
}
