//! Tests of `crons::exit`: ends the process with a code, having delivered what is left. Each case runs this program again as a child.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use crons::{Client, ClientOptions, OnExit, monitor};
use libtest_mimic::{Failed, Trial};

use crate::program::{start, wait};
use crate::support::{Behaviour, DEADLINE, Sink, statuses};

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("exit_delivers_and_keeps_the_code", || ends("global", 3, &["ok"])),
        Trial::test("exit_closes_open_runs_as_told", || ends("open", 4, &["error"])),
        Trial::test("exit_delivers_for_every_client", || ends("client", 5, &["ok"])),
        Trial::test("process_exit_delivers_for_every_client", || ends("process-exit", 6, &["ok"])),
        Trial::test("exit_without_a_client_only_exits", || ends("none", 7, &[])),
        Trial::test("a_client_that_is_leaked_delivers_at_the_end_of_main", || ends("leak", 0, &["ok"])),
    ]
}

pub fn child(case: &str, dsn: &str) {
    let options = ClientOptions::from(dsn).shutdown_timeout(DEADLINE);
    match case {
        "global" => {
            let _crons = crons::init(options);
            monitor("job").run(|| ());
            crons::exit(3);
        }
        "open" => {
            let _crons = crons::init(options.on_exit(OnExit::Error));
            let _run = monitor("job").start();
            crons::exit(4);
        }
        "client" => {
            // The server that is down must not use up the time of the other.
            let briefly = |options: ClientOptions| options.shutdown_timeout(Duration::from_secs(2));
            let down = Client::new(briefly(ClientOptions::from("http://key@127.0.0.1:9/1"))).unwrap();
            down.monitor("job").run(|| ());
            let client = Client::new(briefly(options)).unwrap();
            client.monitor("job").run(|| ());
            crons::exit(5);
        }
        "process-exit" => {
            let client = Client::new(options).unwrap();
            client.monitor("job").run(|| ());
            std::process::exit(6);
        }
        "none" => crons::exit(7),
        "leak" => {
            let client = Client::new(options).unwrap();
            client.monitor("job").run(|| ());
            std::mem::forget(client);
        }
        other => unreachable!("no such case: {other}"),
    }
}

/// The child ends with `code`, and its job with the last of these statuses; a begin may have been coalesced.
fn ends(case: &str, code: i32, expected: &[&str]) -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let status = wait(&mut start(&format!("code: {case}"), &sink.dsn()))?;
    let check_ins = sink.check_ins();
    let last = statuses(&check_ins, "job").last().copied();
    if status.code() == Some(code) && last == expected.last().copied() {
        return Ok(());
    }
    Err(format!("{status}: {check_ins:?}").into())
}
