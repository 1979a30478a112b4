//! Ends of programs: by returning, by `process::exit`, by a panic, and as a child that was forked. Each case runs this very
//! program again as a child, with a `main` of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use crons::{CheckIn, ClientOptions, Slug, capture_check_in, monitor};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::program::{command, start, wait};
use crate::support::{self, Behaviour, DEADLINE, Sink};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("with_the_guard_leaked_the_rest_is_delivered_after_main", || ends("leak", 0, &["ok"])),
        Trial::test("what_is_left_is_delivered_at_process_exit", || ends("exit", 3, &["ok"])),
        Trial::test("what_is_left_is_delivered_at_process_exit_on_another_thread", || {
            ends("exit-elsewhere", 4, &["ok"])
        }),
        Trial::test("a_run_that_panics_in_main_is_an_error", || ends("panic", 101, &["error"])),
        Trial::test("a_silent_server_delays_an_exit_by_the_timeout_at_most", silent_server),
        Trial::test("sentry_crons_off_sends_nothing_whatever_the_program_says", switched_off),
        Trial::test("a_disabled_program_exits_as_ever", || ends("disabled", 5, &[])),
        Trial::test("a_job_may_run_as_late_as_its_thread_ends", || ends("late", 0, &["ok", "ok"])),
        #[cfg(unix)]
        Trial::test("a_run_that_is_open_at_a_fork_is_ended_once", forked_within),
        #[cfg(unix)]
        Trial::test("children_of_one_parent_have_ids_of_their_own", forked_before_init),
        #[cfg(unix)]
        Trial::test("a_forked_child_sends_what_is_its_own_and_nothing_twice", forked),
        #[cfg(unix)]
        Trial::test("a_child_forked_under_load_neither_hangs_nor_shares_ids", forked_under_load),
    ]
}

/// Runs a job when its thread ends.
struct Late;

impl Drop for Late {
    fn drop(&mut self) {
        monitor("job").run(|| ());
    }
}

thread_local! {
    static LATE: Late = const { Late };
}

fn options(dsn: &str) -> ClientOptions {
    ClientOptions::new()
        .dsn(dsn)
        .shutdown_timeout(DEADLINE)
        .max_check_ins_per_minute(crons::MaxCheckIns::Unlimited)
}

pub fn child(case: &str, dsn: &str) {
    let run = || monitor("job").run(|| ());
    match case {
        "leak" => {
            std::mem::forget(crons::init(options(dsn)));
            run();
        }
        "exit" => {
            let _crons = crons::init(options(dsn));
            run();
            std::process::exit(3);
        }
        "exit-elsewhere" => {
            let _crons = crons::init(options(dsn));
            run();
            let elsewhere = std::thread::spawn(|| std::process::exit(4));
            drop(elsewhere.join());
        }
        "panic" => {
            let _crons = crons::init(options(dsn));
            monitor("job").run(|| assert!(dsn.is_empty(), "in main"));
        }
        "silence" => {
            let _crons = crons::init(options(dsn).shutdown_timeout(Duration::from_millis(200)));
            run();
            std::process::exit(6);
        }
        "late" => {
            let _crons = crons::init(options(dsn).coalesce(DEADLINE));
            run();
            let thread = std::thread::spawn(|| LATE.with(|_| monitor("other").run(|| ())));
            thread.join().unwrap();
        }
        "disabled" => {
            let _crons = crons::init(options(""));
            run();
            std::process::exit(5);
        }
        #[cfg(unix)]
        "fork" => fork_case(dsn),
        #[cfg(unix)]
        "fork-before-init" => fork_before_init_case(dsn),
        #[cfg(unix)]
        "fork-within" => fork_within_case(dsn),
        #[cfg(unix)]
        "fork-under-load" => fork_under_load_case(dsn),
        other => unreachable!("no such case: {other}"),
    }
}

/// The case ends with this code, and its job with these reports, whether or not its begin was sent before.
fn ends(case: &str, code: i32, reports: &[&str]) -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let status = wait(&mut start(&format!("ends: {case}"), &sink.dsn()))?;
    assert_eq!(status.code(), Some(code));
    let mut arrived = support::statuses(&sink.check_ins(), "job").join(" ");
    if let Some(rest) = arrived.strip_prefix("in_progress ") {
        arrived = rest.to_owned();
    }
    assert_eq!(arrived, reports.join(" "));
    Ok(())
}

fn silent_server() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Silence);
    let begin = Instant::now();
    let status = wait(&mut start("ends: silence", &sink.dsn()))?;
    assert_eq!(status.code(), Some(6));
    // The time is far less than the ten seconds that a request may take.
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    Ok(())
}

fn switched_off() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let mut child = command("ends: exit", &sink.dsn()).env("SENTRY_CRONS", "off").spawn()?;
    assert_eq!(wait(&mut child)?.code(), Some(3));
    assert_eq!(sink.check_ins(), [] as [Value; 0]);
    Ok(())
}

/// Ids by slug, each as often as it arrived with a verdict.
fn verdicts(check_ins: &[Value], slug: &str) -> Vec<String> {
    let of_slug = check_ins.iter().filter(|check_in| check_in["monitor_slug"] == slug);
    let ended = of_slug.filter(|check_in| check_in["status"] != "in_progress");
    ended.map(|check_in| check_in["check_in_id"].as_str().unwrap().to_owned()).collect()
}

#[cfg(unix)]
fn forked() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let status = wait(&mut start("ends: fork", &sink.dsn()))?;
    assert_eq!(status.code(), Some(0));
    let check_ins = sink.check_ins();
    for slug in ["before", "parent", "child"] {
        assert_eq!(verdicts(&check_ins, slug).len(), 1, "{slug}: {check_ins:?}");
    }
    Ok(())
}

#[cfg(unix)]
fn forked_within() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let status = wait(&mut start("ends: fork-within", &sink.dsn()))?;
    assert_eq!(status.code(), Some(0));
    let check_ins = sink.check_ins();
    assert_eq!(support::statuses(&check_ins, "parents").last(), Some(&"ok"));
    assert_eq!(verdicts(&check_ins, "parents").len(), 1, "{check_ins:?}");
    assert_eq!(support::statuses(&check_ins, "nones").last(), Some(&"ok"));
    assert_eq!(verdicts(&check_ins, "nones").len(), 1, "{check_ins:?}");
    assert_eq!(support::statuses(&check_ins, "childs").last(), Some(&"ok"), "it was told to end it");
    assert_eq!(verdicts(&check_ins, "childs").len(), 1, "{check_ins:?}");
    Ok(())
}

#[cfg(unix)]
fn forked_before_init() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let status = wait(&mut start("ends: fork-before-init", &sink.dsn()))?;
    assert_eq!(status.code(), Some(0));
    let check_ins = sink.check_ins();
    let ids: std::collections::HashSet<_> =
        check_ins.iter().map(|check_in| check_in["check_in_id"].to_string()).collect();
    assert_eq!(ids.len(), 3, "{check_ins:?}");
    Ok(())
}

#[cfg(unix)]
fn forked_under_load() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let status = wait(&mut start("ends: fork-under-load", &sink.dsn()))?;
    assert_eq!(status.code(), Some(0));
    let mut ids = verdicts(&sink.check_ins(), "child");
    assert_eq!(ids.len(), CHILDREN);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CHILDREN, "two processes made up the same id");
    Ok(())
}

#[cfg(unix)]
const CHILDREN: usize = 30;

/// Forks; the child runs `job` and exits. Returns the id of its process.
#[cfg(unix)]
fn fork(job: impl FnOnce()) -> libc::pid_t {
    #[expect(unsafe_code, reason = "there is no safe fork; the child uses what glibc allows after one")]
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        job();
        std::process::exit(0);
    }
    pid
}

#[cfg(unix)]
fn wait_for(pid: libc::pid_t) {
    let mut status = 0;
    #[expect(unsafe_code, reason = "waits for a child of ours")]
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!((waited, status), (pid, 0));
}

#[cfg(unix)]
fn fork_case(dsn: &str) {
    let _crons = crons::init(options(dsn));
    // The check-in is the parent's, whether or not it is still queued when the child begins.
    capture_check_in(CheckIn::ok(Slug::parse("before").unwrap()));
    let child = fork(|| monitor("child").run(|| ()));
    monitor("parent").run(|| ());
    wait_for(child);
}

/// The parent has made an id before there is a client in any of them.
#[cfg(unix)]
fn fork_before_init_case(dsn: &str) {
    let _ = monitor("job").start().id();
    for _ in 0..3 {
        wait_for(fork(|| {
            let _crons = crons::init(options(dsn));
            monitor("job").run(|| ());
        }));
    }
}

/// Forks within its run. The child returns `None`, which must not end the run of its parent.
#[cfg(unix)]
#[crons::monitor(slug = "nones", on_none = "ignore")]
fn forks_within() -> Option<libc::pid_t> {
    #[expect(unsafe_code, reason = "there is no safe fork; the child uses what glibc allows after one")]
    let pid = unsafe { libc::fork() };
    (pid > 0).then_some(pid)
}

/// The child returns from the job of its parent with an error, and ends a run for which its parent has a guard, too.
#[cfg(unix)]
fn fork_within_case(dsn: &str) {
    let crons = crons::init(options(dsn));
    let childs = monitor("childs").start();
    assert!(crons.flush(DEADLINE));
    match forks_within() {
        Some(child) => wait_for(child),
        None => std::process::exit(0),
    }
    let outcome = monitor("parents").run(|| {
        #[expect(unsafe_code, reason = "there is no safe fork; the child uses what glibc allows after one")]
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            return Err(());
        }
        wait_for(pid);
        Ok(())
    });
    if outcome.is_err() {
        childs.ok();
        std::process::exit(0);
    }
    std::mem::forget(childs);
}

/// The lock of the inbox is likely held when a child is forked.
#[cfg(unix)]
fn fork_under_load_case(dsn: &str) {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let crons = crons::init(options(dsn));
    let done = Arc::new(AtomicBool::new(false));
    let hammers: Vec<_> = (0..2)
        .map(|_| {
            let done = Arc::clone(&done);
            std::thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    crons::stats();
                }
            })
        })
        .collect();
    for _ in 0..CHILDREN {
        wait_for(fork(|| {
            monitor("child").run(|| ());
        }));
    }
    done.store(true, Ordering::Relaxed);
    for hammer in hammers {
        hammer.join().unwrap();
    }
    drop(crons);
}
