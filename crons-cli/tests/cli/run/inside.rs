//! `crons fail` and `crons metric` inside a job reach its run.

use super::lab::{Lab, check_ins, kill, pid_in, statuses, texts, until_written, wait};
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

#[test]
fn the_note_of_the_run_has_reason_metrics_and_output() {
    let lab = Lab::new();
    let server = lab.server();
    let script = format!("{CRONS} metric rows 1200; echo one; echo $A_KEY >&2; exit $1");
    for (slug, code, expected) in
        [("failed", "3", Some("exit code 3\nrows: 1200\n\none\n***")), ("fine", "0", Some("rows: 1200"))]
    {
        let flags = [slug, "--interval", "1 day"];
        let mut command = lab.reporting(server.dsn(), &flags, &["sh", "-c", &script, "sh", code]);
        let both = std::fs::File::create(lab.path("out")).unwrap();
        command.env("A_KEY", "hunter2").stdout(both.try_clone().unwrap()).stderr(both).status().unwrap();
        assert_eq!(check_ins(&server, slug)[0]["note"].as_str(), expected);
    }
    let mut plain = lab.reporting(server.dsn(), &["plain", "--interval", "1 day"], &["echo", "hi"]);
    assert!(plain.status().unwrap().success());
    assert_eq!(check_ins(&server, "plain")[0].get("note"), None);
    let flags = ["no-tail", "--interval", "1 day", "--no-tail"];
    lab.reporting(server.dsn(), &flags, &["sh", "-c", "echo secret; exit 2"]).status().unwrap();
    assert_eq!(check_ins(&server, "no-tail")[0]["note"], "exit code 2");
}

#[test]
fn a_secret_at_the_cut_of_a_reason_is_hidden() {
    let script = format!("{CRONS} fail \"$(head -c 997 /dev/zero | tr '\\0' x)$A_KEY\"");
    let mut command = Lab::new().command(&["job"], &["sh", "-c", &script]);
    let (_, _, error) = texts(&command.env("A_KEY", "hunter2").current_dir("/").output().unwrap());
    assert!(error.contains("xxx***; it took"), "{error}");
}

#[test]
fn a_report_after_the_end_of_the_run_is_refused() {
    let lab = Lab::new();
    let script = format!(
        "(while [ ! -e go ]; do sleep 0.01; done; {CRONS} fail late > said 2>&1; echo code=$? >> said) > /dev/null 2>&1 & true"
    );
    assert!(lab.sh(&["job"], &script).status.success());
    std::fs::write(lab.path("go"), "").unwrap();
    let said = until_written(&lab.path("said"), "code=");
    assert!(said.contains("the run has ended") && said.ends_with("code=1\n"), "{said}");
    assert_eq!(std::fs::read_dir(lab.spool().join("runs")).unwrap().count(), 0);
}

#[test]
fn the_file_of_a_run_that_was_killed_is_deleted_by_the_next_run() {
    let lab = Lab::new();
    let script = format!("echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; {CRONS} fail late 2> said");
    let mut crons = lab.command(&["job"], &["sh", "-c", &script]).spawn().unwrap();
    pid_in(&lab.path("pid"));
    kill(crons.id(), signal_hook::consts::SIGKILL);
    wait(&mut crons);
    std::fs::write(lab.path("go"), "").unwrap();
    assert!(until_written(&lab.path("said"), "\n").contains("the run has ended"));
    let count = || std::fs::read_dir(lab.spool().join("runs")).unwrap().count();
    assert_eq!(count(), 1);
    assert!(lab.run(&["other"], &["true"]).status.success());
    assert_eq!(count(), 0);
}
