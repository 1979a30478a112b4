//! Tests of `--overlap`: runs of one monitor on one machine.

use std::io::Read;
use std::process::{Child, Stdio};

use super::lab::{Lab, kill, statuses, texts, until, until_written, wait};

/// Starts a run that holds the lock until the file `go` exists.
fn hold(lab: &Lab, flags: &[&str]) -> Child {
    // The job ends with the folder of its test, too, so that a test that fails leaves none behind.
    let script = "echo > held; while [ -e held ] && [ ! -e go ]; do sleep 0.01; done";
    let child = lab.command(flags, &["sh", "-c", script]).stderr(Stdio::null()).spawn().unwrap();
    until_written(&lab.path("held"), "\n");
    child
}

#[test]
fn a_second_run_is_skipped_or_refused_or_runs() {
    let lab = Lab::new();
    let server = lab.server();
    let mut first = hold(&lab, &["job", "--overlap", "skip"]);
    for (flags, code, out, status) in [
        (&["job", "--overlap", "skip", "--interval", "1 day"][..], 0, "", &[][..]),
        (&["job", "--overlap", "error", "--interval", "1 day"], 75, "", &["error"]),
        (&["job", "--overlap", "allow"], 0, "ran\n", &["ok", "error"]),
        (&["job"], 0, "ran\n", &["ok", "ok", "error"]),
    ] {
        let output = lab.reporting(server.dsn(), flags, &["echo", "ran"]).output().unwrap();
        let (found, printed, error) = texts(&output);
        assert_eq!((found, &*printed), (Some(code), out), "{flags:?}: {error}");
        assert_eq!(error.contains("another run of it has not ended"), out.is_empty(), "{error}");
        assert_eq!(statuses(&server, "job"), status, "{flags:?}");
    }
    // The locks of another environment and of another monitor are their own.
    for flags in [
        &["job", "--overlap", "error", "-e", "staging/x"][..],
        &["job", "--overlap", "error", "-e", "staging"],
        &["other", "--overlap", "error"],
    ] {
        let code = lab.run(flags, &["true"]).status.code();
        assert_eq!(code, Some(if flags.contains(&"staging/x") { 2 } else { 0 }), "{flags:?}");
    }
    std::fs::write(lab.path("go"), "").unwrap();
    assert!(wait(&mut first).success());
    assert_eq!(lab.run(&["job", "--overlap", "error"], &["true"]).status.code(), Some(0));
}

#[test]
fn a_run_that_waits_starts_when_the_other_has_ended() {
    let lab = Lab::new();
    let mut first = hold(&lab, &["job", "--overlap", "wait"]);
    let mut second =
        lab.command(&["job", "--overlap", "wait"], &["sh", "-c", "ls go > seen"]).spawn().unwrap();
    let mut third =
        lab.command(&["job", "--overlap", "wait"], &["true"]).stderr(Stdio::piped()).spawn().unwrap();
    kill(third.id(), signal_hook::consts::SIGTERM);
    // A run that is ended while it waits has not started.
    let ended = wait(&mut third);
    assert!(
        ended.code() == Some(143) || std::os::unix::process::ExitStatusExt::signal(&ended) == Some(15),
        "{ended}"
    );
    let mut error = String::new();
    third.stderr.take().unwrap().read_to_string(&mut error).unwrap();
    assert!(
        ended.code().is_none() || error.contains("SIGTERM came during the wait of --overlap wait"),
        "{error}"
    );
    assert!(!lab.path("seen").exists());
    std::fs::write(lab.path("go"), "").unwrap();
    assert!(wait(&mut first).success() && wait(&mut second).success());
    assert_eq!(std::fs::read_to_string(lab.path("seen")).unwrap(), "go\n");
}

#[test]
fn the_lock_ends_with_a_run_that_is_killed() {
    let lab = Lab::new();
    let mut first = hold(&lab, &["job", "--overlap", "error"]);
    assert_eq!(lab.run(&["job", "--overlap", "error"], &["true"]).status.code(), Some(75));
    kill(first.id(), signal_hook::consts::SIGKILL);
    wait(&mut first);
    assert_eq!(lab.run(&["job", "--overlap", "error"], &["true"]).status.code(), Some(0));
    std::fs::write(lab.path("go"), "").unwrap();
}

#[test]
fn runs_that_may_overlap_hold_off_those_that_may_not() {
    let lab = Lab::new();
    let mut first = hold(&lab, &["job", "--overlap", "allow"]);
    assert_eq!(lab.run(&["job", "--overlap", "allow"], &["true"]).status.code(), Some(0));
    assert_eq!(lab.run(&["job", "--overlap", "error"], &["true"]).status.code(), Some(75));
    std::fs::write(lab.path("go"), "").unwrap();
    assert!(wait(&mut first).success());
}

#[test]
fn the_lock_ends_with_the_job_though_the_server_does_not_answer() {
    let lab = Lab::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dsn = format!("http://key@{}/1", listener.local_addr().unwrap());
    let flags = ["job", "--overlap", "skip", "--flush", "1h"];
    let mut first =
        lab.reporting(&dsn, &flags, &["sh", "-c", "echo > ran"]).stderr(Stdio::null()).spawn().unwrap();
    until_written(&lab.path("ran"), "\n");
    until("the end of the lock", || {
        lab.run(&["job", "--overlap", "error"], &["true"]).status.success().then_some(())
    });
    assert_eq!(first.try_wait().unwrap(), None, "the server is still waited for");
    kill(first.id(), signal_hook::consts::SIGTERM);
    assert_eq!(wait(&mut first).code(), Some(0));
}

#[test]
fn without_a_place_for_the_lock_the_job_runs_all_the_same() {
    let lab = Lab::new();
    std::fs::write(lab.path("file"), "").unwrap();
    for policy in ["allow", "skip", "error", "wait"] {
        let mut command = lab.command(&["job", "--overlap", policy], &["echo", "ran"]);
        let (code, out, error) = texts(&command.env("CRONS_SPOOL", lab.path("file/spool")).output().unwrap());
        assert_eq!((code, &*out), (Some(0), "ran\n"), "{policy}: {error}");
        assert!(error.contains("crons: --overlap: the lock cannot be taken: "), "{error}");
    }
}
