//! Tests of `#[crons::monitor]` on async functions, and on functions that return a future.

use std::future::{poll_fn, ready};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::{with_captured_check_ins, with_captured_check_ins_async};
use crons::{CheckIn, CheckInId, CheckInStatus};

const A_WHILE: Duration = Duration::from_millis(50);

fn statuses(check_ins: &[CheckIn]) -> Vec<CheckInStatus> {
    check_ins.iter().map(|check_in| check_in.status).collect()
}

#[crons::monitor]
async fn sleep() -> &'static str {
    tokio::time::sleep(A_WHILE).await;
    "slept"
}

/// Sleeps without a runtime.
#[crons::monitor]
async fn spin() -> &'static str {
    let started = Instant::now();
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if started.elapsed() < A_WHILE { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    "slept"
}

fn assert_whole_run(check_ins: &[CheckIn]) {
    assert_eq!(statuses(check_ins), [InProgress, Fine]);
    assert_eq!(check_ins[0].check_in_id, check_ins[1].check_in_id);
    assert_eq!(check_ins[0].duration, None);
    assert!(check_ins[1].duration >= Some(A_WHILE), "{check_ins:?}");
}

#[tokio::test]
async fn a_run_lasts_until_the_future_ends_on_a_single_thread() {
    let check_ins = with_captured_check_ins_async(async { assert_eq!(sleep().await, "slept") }).await;
    assert_whole_run(&check_ins);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_lasts_until_the_future_ends_on_many_threads() {
    let run = with_captured_check_ins_async(async { assert_eq!(sleep().await, "slept") });
    assert_whole_run(&tokio::spawn(run).await.unwrap());
}

#[test]
fn no_tokio_is_needed() {
    let run = with_captured_check_ins_async(async { assert_eq!(spin().await, "slept") });
    assert_whole_run(&pollster::block_on(run));
}

#[crons::monitor]
async fn parse(text: &str) -> Result<u8, Box<dyn std::error::Error>> {
    let n = text.parse()?;
    if n > 9 {
        return Err("too big".into());
    }
    ready(()).await;
    Ok(n)
}

#[test]
fn an_err_of_a_future_is_an_error() {
    for (text, verdict) in [("3", Fine), ("x", Error), ("10", Error)] {
        let check_ins = pollster::block_on(with_captured_check_ins_async(parse(text)));
        assert_eq!(statuses(&check_ins), [InProgress, verdict], "{text}");
    }
}

#[crons::monitor]
async fn interleave() {
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn overlapping_runs_of_two_tasks_are_told_apart() {
    let check_ins = with_captured_check_ins_async(async { tokio::join!(interleave(), interleave()) }).await;
    let ids: Vec<_> = check_ins.iter().map(|check_in| check_in.check_in_id).collect();

    assert_eq!(statuses(&check_ins), [InProgress, InProgress, Fine, Fine]);
    assert_ne!(ids[0], ids[1]);
    assert_ne!(ids[2], ids[3]);
    assert!(ids[..2].contains(&ids[2]) && ids[..2].contains(&ids[3]), "each is closed once: {ids:?}");
}

#[crons::monitor]
async fn factorial(n: u64) -> u64 {
    if n == 0 {
        return 1;
    }
    n * Box::pin(factorial(n - 1)).await
}

#[test]
fn async_recursion_opens_and_closes_each_run() {
    let run = with_captured_check_ins_async(async { assert_eq!(factorial(2).await, 2) });
    let check_ins = pollster::block_on(run);
    assert_eq!(statuses(&check_ins), [InProgress, InProgress, InProgress, Fine, Fine, Fine]);
}

#[async_trait::async_trait]
trait Nightly {
    async fn run(&mut self, name: String) -> Result<usize, String>;
}

struct Job(Vec<String>);

#[async_trait::async_trait]
impl Nightly for Job {
    #[crons::monitor(slug = "job")]
    async fn run(&mut self, name: String) -> Result<usize, String> {
        tokio::time::sleep(A_WHILE).await;
        if name.is_empty() {
            return Err(name);
        }
        self.0.push(name);
        Ok(self.0.len())
    }
}

#[tokio::test]
async fn under_async_trait_the_future_is_monitored_and_not_its_boxing() {
    let mut job = Job(Vec::new());
    let check_ins = with_captured_check_ins_async(async {
        assert_eq!(job.run("a".into()).await, Ok(1));
        assert_eq!(job.run(String::new()).await, Err(String::new()));
    });
    let check_ins = check_ins.await;

    assert_eq!(statuses(&check_ins), [InProgress, Fine, InProgress, Error]);
    assert!(check_ins[1].duration >= Some(A_WHILE));
}

#[crons::monitor]
fn opaque(n: &u8) -> impl Future<Output = Result<u8, ()>> + use<'_> {
    async move { if *n == 0 { Err(()) } else { Ok(*n) } }
}

#[crons::monitor]
fn boxed(n: &u8) -> Pin<Box<dyn Future<Output = Result<u8, ()>> + Send + '_>> {
    if *n == 0 {
        return Box::pin(ready(Err(())));
    }
    Box::pin(async move { Ok(*n) })
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[crons::monitor]
fn boxed_alias(n: &u8) -> BoxFuture<'_, Result<u8, ()>> {
    Box::pin(async move { if *n == 0 { Err(()) } else { Ok(*n) } })
}

#[test]
fn of_a_function_that_returns_a_future_the_future_is_monitored() {
    let check_ins = pollster::block_on(with_captured_check_ins_async(async {
        assert_eq!((opaque(&1).await, opaque(&0).await), (Ok(1), Err(())));
        assert_eq!((boxed(&1).await, boxed(&0).await), (Ok(1), Err(())));
        assert_eq!((boxed_alias(&1).await, boxed_alias(&0).await), (Ok(1), Err(())));
    }));
    assert_eq!(statuses(&check_ins), [InProgress, Fine, InProgress, Error].repeat(3));
}

#[tokio::main(flavor = "current_thread")]
#[crons::monitor]
async fn below_tokio_main() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err("failed".into())
}

#[crons::monitor]
#[tokio::main(flavor = "current_thread")]
async fn above_tokio_main() -> Result<(), String> {
    tokio::task::yield_now().await;
    Err("failed".into())
}

#[test]
fn tokio_main_may_stand_above_or_below() {
    for main in [below_tokio_main, above_tokio_main] {
        let check_ins = with_captured_check_ins(|| assert!(main().is_err()));
        assert_eq!(statuses(&check_ins), [InProgress, Error]);
    }
}

#[crons::monitor]
#[tokio::test]
async fn the_attribute_may_stand_above_tokio_test() {
    tokio::task::yield_now().await;
}

#[tokio::test]
#[crons::monitor]
async fn the_attribute_may_stand_below_tokio_test() {
    tokio::task::yield_now().await;
}

async fn plain(data: [u8; 256]) -> u8 {
    ready(()).await;
    data[7]
}

#[crons::monitor]
async fn watched(data: [u8; 256]) -> u8 {
    ready(()).await;
    data[7]
}

#[test]
fn a_monitored_future_stores_its_arguments_no_more_often() {
    let (plain, watched) = (size_of_val(&plain([0; 256])), size_of_val(&watched([0; 256])));
    assert!(watched < plain + 256, "{plain} bytes became {watched}");
}

#[test]
fn a_monitored_future_is_send_if_it_was() {
    fn is_send(_: &impl Send) {}
    is_send(&sleep());
    is_send(&parse("1"));
    is_send(&opaque(&1));
    is_send(&boxed(&1));
}

#[crons::monitor]
async fn outer_run() -> (Option<CheckInId>, Option<CheckInId>, Option<CheckInId>) {
    let before = crons::current_check_in_id();
    tokio::task::yield_now().await;
    let within = inner_run().await;
    (before, within, crons::current_check_in_id())
}

#[crons::monitor]
async fn inner_run() -> Option<CheckInId> {
    tokio::task::yield_now().await;
    crons::current_check_in_id()
}

#[tokio::test]
async fn a_run_knows_its_id_across_awaits_and_outside_there_is_none() {
    let check_ins = with_captured_check_ins_async(async {
        let (one, other) = tokio::join!(outer_run(), outer_run());
        assert_ne!(one.0, other.0, "two tasks of one thread");
        for (before, within, after) in [one, other] {
            assert!(before.is_some() && before == after && before != within && within.is_some());
        }
        assert_eq!(crons::current_check_in_id(), None);
        let by_closure =
            crons::monitor("closure").run_async(async { crons::current_check_in_id().ok_or(()) });
        assert!(by_closure.await.is_ok());
        let by_closure = crons::monitor("closure").run(|| crons::current_check_in_id().ok_or(()));
        assert!(by_closure.is_ok());
    });
    assert_eq!(check_ins.await.len(), 12);
    assert_eq!(crons::current_check_in_id(), None);
}
