//! Ends of programs with a runtime while runs are in flight: the guard, the runtime and the process end in every order.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::future::pending;
use std::io::Read;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use crons::{ClientInitGuard, ClientOptions, OnExit, monitor};
use libtest_mimic::{Failed, Trial};
use tokio::runtime::{Builder, Runtime};

use crate::program::{command, wait};
use crate::support::{self, Behaviour, DEADLINE, Sink};

/// The end of a program, and what the server receives of a run in a spawned task and of one in `spawn_blocking`.
struct Case {
    name: &'static str,
    code: i32,
    task: &'static [&'static str],
    blocking: &'static [&'static str],
    /// The slugs that the log names as open.
    open: Option<&'static str>,
}

const DROPPED: &[&str] = &["in_progress", "error"];
const ENDED: &[&str] = &["in_progress", "ok"];
/// The statuses of a run that is open when the process exits, and is closed by the client.
const CLOSED: &[&str] = &["in_progress", "error"];
/// The statuses of a run that is left open.
const OPEN: &[&str] = &["in_progress"];

const fn ends(name: &'static str) -> Case {
    Case { name, code: 0, task: DROPPED, blocking: ENDED, open: None }
}

/// `process::exit` in the middle: nothing is dropped, so no run ends by itself.
const fn exits(name: &'static str) -> Case {
    Case { name, code: 3, task: CLOSED, blocking: CLOSED, open: Some("blocking, task") }
}

const CASES: &[Case] = &[
    ends("the guard is in an async main"),
    ends("the guard is in an async main on one thread"),
    ends("the guard is made outside the runtime"),
    ends("the guard is in a static"),
    ends("the guard is leaked"),
    ends("the guard is in a task"),
    ends("the guard is dropped before the runs begin"),
    Case { code: 101, ..ends("main panics") },
    Case { code: 101, ..ends("main panics outside the runtime") },
    exits("process exit in an async main"),
    exits("process exit in a task that has the guard"),
    exits("process exit with the guard in a static"),
    exits("process exit with the guard leaked"),
    exits("process exit after the guard"),
    Case { task: OPEN, blocking: OPEN, ..exits("process exit of a program that leaves runs open") },
    Case { blocking: CLOSED, open: Some("blocking, task"), ..ends("the runtime is leaked") },
    Case { blocking: CLOSED, open: Some("blocking"), ..ends("the runtime does not wait") },
];

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> =
        CASES.iter().map(|case| Trial::test(case.name.replace(' ', "_"), || hears(case))).collect();
    trials.push(Trial::test("a_dead_server_delays_the_end_by_one_timeout_at_most", dead_server));
    trials
}

fn hears(case: &Case) -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let mut child =
        command(&format!("runtime: {}", case.name), &sink.dsn()).stderr(Stdio::piped()).spawn()?;
    let status = wait(&mut child)?;
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log)?;
    assert_eq!(status.code(), Some(case.code), "{log}");
    let check_ins = sink.check_ins();
    assert_eq!(support::statuses(&check_ins, "task"), case.task, "{log}");
    assert_eq!(support::statuses(&check_ins, "blocking"), case.blocking, "{log}");
    let named = log.lines().find(|line| line.contains("while runs were open"));
    match case.open {
        Some(open) => assert!(named.is_some_and(|line| line.contains(&format!("open={open}"))), "{log}"),
        None => assert_eq!(named, None),
    }
    Ok(())
}

fn dead_server() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Silence);
    let begin = Instant::now();
    let mut child = command("runtime: a short timeout", &sink.dsn()).stderr(Stdio::null()).spawn()?;
    assert_eq!(wait(&mut child)?.code(), Some(0));
    let (took, timeout) = (begin.elapsed(), SHORT_TIMEOUT);
    // The timeouts of the guard and of the exit hook would be twice this; the program itself takes far below a second.
    assert!((timeout..timeout * 2).contains(&took), "{took:?}");
    Ok(())
}

const SHORT_TIMEOUT: Duration = Duration::from_secs(2);

fn init(dsn: &str) -> ClientInitGuard {
    crons::init(ClientOptions::new().dsn(dsn).shutdown_timeout(DEADLINE))
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Begins a run that never ends by itself, in a task, and a run in `spawn_blocking` that ends when the sender is dropped. Both
/// begins have been delivered when this returns.
async fn begin_both() -> Sender<()> {
    let (end, ended): (Sender<()>, Receiver<()>) = channel();
    let (begun, both) = channel();
    let task_begun = begun.clone();
    tokio::spawn(monitor("task").run_async(async move {
        task_begun.send(()).unwrap();
        pending::<()>().await;
    }));
    tokio::task::spawn_blocking(move || {
        monitor("blocking").run(|| {
            begun.send(()).unwrap();
            // `recv` returns an error when the sender is gone.
            let _ = ended.recv();
        });
    });
    // The task runs only while this one waits, on a runtime of one thread.
    while both.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    while both.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    assert!(crons::flush_async(DEADLINE).await);
    end
}

static GUARD: OnceLock<ClientInitGuard> = OnceLock::new();

pub fn child(case: &str, dsn: &str) {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
    match case {
        "the guard is in an async main" => runtime().block_on(async {
            let _crons = init(dsn);
            begin_both().await;
        }),
        "the guard is in an async main on one thread" => {
            Builder::new_current_thread().build().unwrap().block_on(async {
                let _crons = init(dsn);
                begin_both().await;
            });
        }
        "the guard is made outside the runtime" => {
            let _crons = init(dsn);
            runtime().block_on(begin_both());
        }
        "the guard is in a static" => {
            GUARD.set(init(dsn)).unwrap();
            runtime().block_on(begin_both());
        }
        "the guard is leaked" => runtime().block_on(async {
            std::mem::forget(init(dsn));
            begin_both().await;
        }),
        "the guard is in a task" => runtime().block_on(async {
            let crons = init(dsn);
            tokio::spawn(async move {
                let _crons = crons;
                pending::<()>().await;
            });
            begin_both().await;
        }),
        "the guard is dropped before the runs begin" => runtime().block_on(async {
            drop(init(dsn));
            begin_both().await;
        }),
        "main panics" => runtime().block_on(async {
            let _crons = init(dsn);
            let _end = begin_both().await;
            assert!(dsn.is_empty(), "in main");
        }),
        "main panics outside the runtime" => {
            let _crons = init(dsn);
            let runtime = runtime();
            let _end = runtime.block_on(begin_both());
            assert!(dsn.is_empty(), "in main");
        }
        "the runtime is leaked" => {
            let runtime = std::mem::ManuallyDrop::new(runtime());
            std::mem::forget(runtime.block_on(async {
                let _crons = init(dsn);
                begin_both().await
            }));
        }
        "the runtime does not wait" => {
            let runtime = runtime();
            let end = runtime.block_on(async {
                let _crons = init(dsn);
                begin_both().await
            });
            runtime.shutdown_background();
            std::mem::forget(end);
            // The task is dropped by a thread of the runtime, which the program does not wait for.
            let until = Instant::now() + DEADLINE;
            while crons::stats().captured < 3 && Instant::now() < until {
                std::thread::yield_now();
            }
        }
        "a short timeout" => runtime().block_on(async {
            let options = ClientOptions::new().dsn(dsn).shutdown_timeout(SHORT_TIMEOUT);
            let _crons = crons::init(options);
            tokio::spawn(monitor("task").run_async(pending::<()>()));
            monitor("job").run(|| ());
            tokio::task::yield_now().await;
        }),
        _ => exits_midway(case, dsn),
    }
}

fn exits_midway(case: &str, dsn: &str) {
    match case {
        "process exit in an async main" => runtime().block_on(async {
            let _crons = init(dsn);
            let _end = begin_both().await;
            std::process::exit(3);
        }),
        "process exit in a task that has the guard" => runtime().block_on(async {
            let crons = init(dsn);
            let end = begin_both().await;
            tokio::spawn(async move {
                let _both = (end, crons);
                std::process::exit(3);
            });
            pending::<()>().await;
        }),
        "process exit with the guard in a static" => {
            GUARD.set(init(dsn)).unwrap();
            runtime().block_on(async {
                let _end = begin_both().await;
                std::process::exit(3);
            });
        }
        "process exit with the guard leaked" => runtime().block_on(async {
            std::mem::forget(init(dsn));
            let _end = begin_both().await;
            std::process::exit(3);
        }),
        "process exit of a program that leaves runs open" => runtime().block_on(async {
            let options = ClientOptions::new().dsn(dsn).on_exit(OnExit::Leave);
            let _crons = crons::init(options);
            let _end = begin_both().await;
            std::process::exit(3);
        }),
        "process exit after the guard" => runtime().block_on(async {
            let crons = init(dsn);
            let _end = begin_both().await;
            drop(crons);
            std::process::exit(3);
        }),
        other => unreachable!("no such case: {other}"),
    }
}
