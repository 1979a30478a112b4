//! Tests of `#[crons::monitor]` on functions that are not async. The cases B1, B2, .. are those of other SDKs' own tests.

use std::fmt::Debug;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use crons::CheckInStatus::{Error, InProgress, Ok as Fine};
use crons::test::with_captured_check_ins;
use crons::{CheckIn, CheckInStatus, MonitorConfig};

/// An error without `Display` and `Debug`.
struct Silent;

fn statuses(check_ins: &[CheckIn]) -> Vec<CheckInStatus> {
    check_ins.iter().map(|check_in| check_in.status).collect()
}

/// Slugs and statuses, in order.
fn told(check_ins: &[CheckIn]) -> Vec<(&str, CheckInStatus)> {
    check_ins.iter().map(|check_in| (check_in.monitor_slug.as_str(), check_in.status)).collect()
}

#[crons::monitor]
fn greet(name: &str) -> String {
    let started = Instant::now();
    while started.elapsed().is_zero() {}
    format!("Hello, {name}")
}

#[test]
fn a_run_is_opened_and_closed_and_its_value_returned() {
    let check_ins = with_captured_check_ins(|| assert_eq!(greet("Grace"), "Hello, Grace"));

    assert_eq!(statuses(&check_ins), [InProgress, Fine]);
    assert!(check_ins[0].check_in_id.is_some());
    assert_eq!(check_ins[0].check_in_id, check_ins[1].check_in_id);
    assert_eq!(check_ins[0].duration, None);
    assert!(check_ins[1].duration > Some(Duration::ZERO));
}

#[crons::monitor]
fn refuse<E>(error: E) -> Result<(), E> {
    Err(error)
}

#[test]
fn an_err_is_an_error_and_returned_as_it_is() {
    let error = Arc::new(Silent);
    let check_ins = with_captured_check_ins(|| {
        let returned = refuse(Arc::clone(&error)).err();
        assert!(returned.is_some_and(|returned| Arc::ptr_eq(&returned, &error)));
    });

    assert_eq!(statuses(&check_ins), [InProgress, Error]);
    assert!(check_ins[1].duration > Some(Duration::ZERO));
}

#[crons::monitor(
    slug = "nightly-backup",
    schedule = "0 3 * * MON-FRI",
    timezone = "Europe/Vienna",
    checkin_margin = 10,
    max_runtime = "2h",
    failure_issue_threshold = 2,
    recovery_threshold = 1,
    owner = "team:ops"
)]
fn configured() {}

#[crons::monitor(interval = "10 minutes")]
fn every_ten_minutes() {}

#[test]
fn both_check_ins_carry_the_configuration() {
    let config = MonitorConfig::crontab("0 3 * * MON-FRI")
        .and_then(|config| config.timezone("Europe/Vienna"))
        .and_then(|config| config.checkin_margin(10))
        .and_then(|config| config.max_runtime(120))
        .and_then(|config| config.failure_issue_threshold(2))
        .and_then(|config| config.recovery_threshold(1))
        .and_then(|config| config.owner("team:ops"))
        .unwrap();
    let check_ins = with_captured_check_ins(configured);
    assert_eq!(check_ins.len(), 2);
    for check_in in check_ins {
        assert_eq!(check_in.monitor_slug.as_str(), "nightly-backup");
        assert_eq!(check_in.monitor_config.as_ref(), Some(&config));
    }
    let config = MonitorConfig::interval("10 minutes").unwrap();
    let check_ins = with_captured_check_ins(every_ten_minutes);
    let configs: Vec<_> = check_ins.iter().map(|check_in| check_in.monitor_config.as_ref()).collect();
    assert_eq!(configs, [Some(&config), Some(&config)]);
}

#[test]
fn without_a_schedule_no_configuration_is_sent() {
    let check_ins = with_captured_check_ins(|| greet("Grace"));
    let configs: Vec<_> = check_ins.into_iter().map(|check_in| check_in.monitor_config).collect();
    assert_eq!(configs, [None, None]);
}

#[crons::monitor]
fn meet(barrier: &Barrier) {
    barrier.wait();
}

#[test]
fn overlapping_runs_on_two_threads_are_told_apart() {
    let barrier = Barrier::new(2);
    let run = || with_captured_check_ins(|| meet(&barrier));
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(run);
        (run(), other.join().unwrap())
    });

    assert_eq!((statuses(&one), statuses(&other)), (vec![InProgress, Fine], vec![InProgress, Fine]));
    assert_ne!(one[0].check_in_id, other[0].check_in_id);
}

#[crons::monitor]
fn outer() {
    inner().unwrap_or_default();
}

#[crons::monitor]
fn inner() -> Option<()> {
    None
}

#[test]
fn nested_monitors_close_from_the_inside() {
    let check_ins = with_captured_check_ins(outer);
    assert_eq!(
        told(&check_ins),
        [("outer", InProgress), ("inner", InProgress), ("inner", Fine), ("outer", Fine)]
    );
}

#[crons::monitor]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[test]
fn a_monitor_within_itself_has_an_id_for_each_run() {
    let check_ins = with_captured_check_ins(|| assert_eq!(factorial(1), 1));
    let ids: Vec<_> = check_ins.iter().map(|check_in| check_in.check_in_id).collect();

    assert_eq!(statuses(&check_ins), [InProgress, InProgress, Fine, Fine]);
    assert_ne!(ids[0], ids[1]);
    assert_eq!((ids[0], ids[1]), (ids[3], ids[2]));
}

/// The status that a run of `job` ended with.
fn verdict<R>(job: impl FnOnce() -> R) -> CheckInStatus {
    let check_ins = with_captured_check_ins(job);
    assert_eq!(statuses(&check_ins)[..1], [InProgress]);
    assert_eq!(check_ins.len(), 2);
    check_ins[1].status
}

#[crons::monitor]
fn read(path: &str) -> io::Result<usize> {
    let text = std::fs::read_to_string(path)?;
    Ok(text.len())
}

#[crons::monitor]
fn anyhow() -> anyhow::Result<u8> {
    let n: u8 = "no number".parse()?;
    Ok(n)
}

#[crons::monitor]
fn opaque(fail: bool) -> impl Debug {
    if fail { Err("failed") } else { Ok(3) }
}

#[crons::monitor]
fn partly_opaque(fail: bool) -> Result<impl Iterator<Item = u8>, Silent> {
    if fail {
        return Err(Silent);
    }
    Ok(0..3)
}

#[crons::monitor]
fn exit(code: u8) -> ExitCode {
    code.into()
}

#[crons::monitor]
fn nested(result: Result<Result<u8, Silent>, Silent>) -> Result<Result<u8, Silent>, Silent> {
    result
}

#[crons::monitor]
fn bare<T>(value: T) -> T {
    value
}

/// Rows that could not be imported.
struct Rejected(usize);

impl crons::Outcome for Rejected {
    fn failed(&self) -> bool {
        self.0 > 0
    }
}

#[crons::monitor]
fn import(rejected: usize) -> Rejected {
    Rejected(rejected)
}

#[test]
fn an_err_is_seen_through_question_marks_aliases_and_impl_trait() {
    assert_eq!(verdict(|| read("/no/such/file")), Error);
    assert_eq!(verdict(anyhow), Error);
    assert_eq!(verdict(|| opaque(true)), Error);
    assert_eq!(verdict(|| opaque(false)), Fine);
    assert_eq!(verdict(|| partly_opaque(true).map(Iterator::count)), Error);
    assert_eq!(verdict(|| partly_opaque(false).map(Iterator::count)), Fine);
    assert_eq!(verdict(|| nested(Err(Silent))), Error);
    assert_eq!(verdict(|| nested(Ok(Ok(1)))), Fine);
}

#[test]
fn an_exit_code_other_than_success_is_an_error() {
    assert_eq!(verdict(|| exit(0)), Fine);
    assert_eq!(verdict(|| exit(1)), Error);
    assert_eq!(verdict(|| exit(2)), Error);
}

#[test]
fn a_type_with_an_outcome_of_its_own_is_asked() {
    assert_eq!(verdict(|| import(0)), Fine);
    assert_eq!(verdict(|| import(2)), Error);
}

#[test]
fn what_is_no_result_is_a_success() {
    assert_eq!(verdict(|| bare(None::<u8>)), Fine);
    assert_eq!(
        verdict(|| bare(Err::<(), Silent>(Silent))),
        Fine,
        "behind a bare `T` there is nothing to see"
    );
}

struct Job {
    runs: Vec<u8>,
}

trait Nightly {
    fn run(&mut self, n: u8) -> Option<&mut u8>;

    #[crons::monitor(slug = "twice")]
    fn twice(&mut self, n: u8) {
        self.run(n);
        self.run(n);
    }
}

impl Nightly for Job {
    #[crons::monitor(slug = "job")]
    fn run(&mut self, n: u8) -> Option<&mut u8> {
        self.runs.push(n);
        self.runs.last_mut()
    }
}

impl Job {
    #[crons::monitor(slug = "consume")]
    fn consume(mut self) -> Vec<u8> {
        self.runs.push(9);
        self.runs
    }
}

#[test]
fn methods_are_monitored_whatever_their_receiver() {
    let check_ins = with_captured_check_ins(|| {
        let mut job = Job { runs: Vec::new() };
        if let Some(last) = job.run(1) {
            *last += 1;
        }
        job.twice(3);
        assert_eq!(job.consume(), [2, 3, 3, 9]);
    });
    let closed: Vec<_> = told(&check_ins).into_iter().filter(|(_, status)| *status != InProgress).collect();
    assert_eq!(closed, [("job", Fine), ("job", Fine), ("job", Fine), ("twice", Fine), ("consume", Fine)]);
}

#[crons::monitor]
fn find<'a, T, const N: usize>(all: &'a [T; N], is_it: impl for<'b> Fn(&'b T) -> bool) -> Option<&'a T> {
    let at = all.iter().position(is_it)?;
    all.get(at)
}

#[crons::monitor]
extern "C" fn foreign(n: u8) -> u8 {
    n
}

#[test]
fn generic_and_foreign_functions_keep_their_values() {
    let check_ins = with_captured_check_ins(|| {
        assert_eq!(find(&[1, 2, 3], |n| *n > 1), Some(&2));
        assert_eq!(foreign(4), 4);
    });
    assert_eq!(statuses(&check_ins), [InProgress, Fine, InProgress, Fine]);
}

#[crons::monitor]
#[test]
fn the_attribute_may_stand_above_test() {}

#[test]
#[crons::monitor]
fn the_attribute_may_stand_below_test() {}

#[crons::monitor]
fn rotate_logs_2() {}

#[crons::monitor]
fn r#match() {}

#[test]
fn the_slug_is_the_name_of_the_function_in_kebab_case() {
    let check_ins = with_captured_check_ins(|| {
        rotate_logs_2();
        r#match();
    });
    assert_eq!(check_ins[0].monitor_slug.as_str(), "rotate-logs-2");
    assert_eq!(check_ins[2].monitor_slug.as_str(), "match");
}

#[test]
fn without_a_client_the_job_runs_all_the_same() {
    assert_eq!(greet("Grace"), "Hello, Grace");
}
