//! `crons fail` and `crons metric` inside a job reach its run.

use super::lab::{Lab, statuses, texts};
use crate::support::run;

const CRONS: &str = env!("CARGO_BIN_EXE_crons");

#[test]
fn fail_makes_the_run_an_error_and_keeps_the_exit_code() {
    let lab = Lab::new();
    let server = lab.server();
    let script = format!("{CRONS} fail 'no rows' && {CRONS} fail twice && echo goes on");
    let (code, out, error) = texts(
        &lab.reporting(server.dsn(), &["job", "--interval", "1 day"], &["sh", "-c", &script])
            .output()
            .unwrap(),
    );
    assert_eq!((code, &*out), (Some(0), "goes on\n"));
    assert!(error.starts_with("crons: job failed: no rows; twice; it took "), "{error}");
    assert_eq!(statuses(&server, "job"), ["error"]);
}

#[test]
fn metrics_are_reported_with_the_run() {
    let script =
        format!("{CRONS} metric rows 1; {CRONS} metric rows 1200; {CRONS} metric share -0.5; exit 2");
    let (code, _, error) = texts(&Lab::new().sh(&["job"], &script));
    assert_eq!(code, Some(2));
    assert!(error.contains(", rows 1200, share -0.5"), "{error}");
}

#[test]
fn a_failure_that_was_told_is_retried() {
    let lab = Lab::new();
    let script = format!("echo x >> tries; [ $(wc -l < tries) -gt 1 ] || {CRONS} fail again");
    let (code, _, error) = texts(&lab.sh(&["job", "--retries", "3", "--backoff", "0"], &script));
    assert_eq!((code, &*error), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(lab.path("tries")).unwrap().lines().count(), 2);
}

#[test]
fn many_processes_may_report_at_once() {
    let script = format!("for i in $(seq 40); do {CRONS} metric m$i $i & done; wait; exit 1");
    let (_, _, error) = texts(&Lab::new().sh(&["job"], &script));
    assert!((1..=40).all(|i| error.contains(&format!(", m{i} {i}"))), "{error}");
}

#[test]
fn outside_of_a_run_there_is_nothing_to_report_to() {
    for arguments in [&["fail", "why"][..], &["metric", "rows", "1"]] {
        let finished = run(arguments, "");
        assert!(
            !finished.success && finished.stderr.contains("there is no run to report to"),
            "{}",
            finished.stderr
        );
    }
    for (arguments, expected) in [
        (&["metric", "rows", "many"][..], "write a number"),
        (&["metric", "rows", "inf"], "write a number"),
        (&["metric", "two words", "1"], "write 1 to 64 of letters"),
    ] {
        let finished = run(arguments, "");
        assert!(!finished.success && finished.stderr.contains(expected), "{}", finished.stderr);
    }
}

#[test]
fn without_a_spool_the_run_is_reached_too() {
    let lab = Lab::new();
    let script = format!("ls -d \"$(dirname $CRONS_RUN_FILE)\"; {CRONS} fail why");
    let mut command = lab.command(&["job"], &["sh", "-c", &script]);
    let (_, folder, error) = texts(&command.env("CRONS_SPOOL", "").output().unwrap());
    assert!(error.contains("job failed: why"), "{error}");
    assert!(!std::path::Path::new(folder.trim()).exists(), "{folder}");
}
