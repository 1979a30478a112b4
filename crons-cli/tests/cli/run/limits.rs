//! Tests of `--timeout`, `--min-runtime`, `--retries` and `--jitter`.

use std::time::{Duration, Instant};

use super::lab::{Lab, check_ins, is_alive, kill, pid_in, statuses, texts, until, until_written, wait};

#[test]
fn a_job_that_takes_too_long_is_ended() {
    let lab = Lab::new();
    let server = lab.server();
    let begin = Instant::now();
    let flags = ["job", "--interval", "1 day", "--timeout", "300ms"];
    let output = lab.reporting(
        server.dsn(),
        &flags,
        &["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.01; done"],
    );
    let (code, _, error) = texts(&{ output }.output().unwrap());
    assert_eq!(code, Some(124));
    assert!(error.contains("timed out: it had not ended after 300ms (--timeout)"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(statuses(&server, "job"), ["error"]);
}

#[test]
fn a_job_that_ignores_the_end_is_killed() {
    let lab = Lab::new();
    let flags = ["job", "--timeout", "200ms", "--kill-after", "300ms"];
    // The child of the job holds the output, and is killed with it.
    let script = "echo $$ > pid; trap '' TERM; sleep 60";
    let begin = Instant::now();
    let (code, _, error) = texts(&lab.sh(&flags, script));
    assert_eq!(code, Some(124), "{error}");
    assert!((500..5_000).contains(&begin.elapsed().as_millis()), "{:?}", begin.elapsed());
    assert!(!is_alive(pid_in(&lab.path("pid"))));
}

#[test]
fn an_output_that_nobody_reads_does_not_outlast_the_timeout() {
    let lab = Lab::new();
    let flags = ["job", "--timeout", "200ms", "--kill-after", "200ms"];
    let mut command = lab.command(&flags, &["yes"]);
    let mut crons =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    assert_eq!(wait(&mut crons).code(), Some(124));
}

#[test]
fn an_output_that_nobody_reads_does_not_outlast_a_signal() {
    let lab = Lab::new();
    let mut command = lab.command(&["job", "--kill-after", "200ms"], &["sh", "-c", "echo > ready; exec yes"]);
    let mut crons =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    until_written(&lab.path("ready"), "\n");
    kill(crons.id(), signal_hook::consts::SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(143));
}

/// More than the pipe of the job and that of the test take, and less than both: the job ends, and its output cannot be copied to its end.
const TOO_MUCH: &str = "head -c 120000 /dev/zero";

#[test]
fn a_run_whose_output_nobody_reads_is_reported_at_the_end_of_its_job() {
    let lab = Lab::new();
    let server = lab.server();
    let flags = ["job", "--interval", "1 day"];
    let mut command = lab.reporting(server.dsn(), &flags, &["sh", "-c", TOO_MUCH]);
    let mut crons = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    until("the end of the run", || (statuses(&server, "job") == ["ok"]).then_some(()));
    assert_eq!(crons.try_wait().unwrap(), None, "the output is still offered");
    kill(crons.id(), signal_hook::consts::SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(0));
}

#[test]
fn an_output_that_nobody_reads_ends_with_the_timeout_of_a_job_that_kept_it() {
    let lab = Lab::new();
    let flags = ["job", "--timeout", "1s", "--kill-after", "200ms"];
    let mut command = lab.command(&flags, &["sh", "-c", TOO_MUCH]);
    let mut crons = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    assert_eq!(wait(&mut crons).code(), Some(0));
}

#[test]
fn a_signal_ends_the_printing_of_an_output_that_was_held_back() {
    let lab = Lab::new();
    let server = lab.server();
    let script = "head -c 1000000 /dev/zero; exit 3";
    let flags = ["job", "--interval", "1 day", "--quiet"];
    let mut command = lab.reporting(server.dsn(), &flags, &["sh", "-c", script]);
    let mut crons =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    until("the end of the run", || (statuses(&server, "job") == ["error"]).then_some(()));
    kill(crons.id(), signal_hook::consts::SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(3));
}

#[test]
fn a_job_that_ends_too_soon_has_failed() {
    let lab = Lab::new();
    let server = lab.server();
    let flags = ["job", "--interval", "1 day", "--min-runtime", "10s"];
    let (code, _, error) = texts(&lab.reporting(server.dsn(), &flags, &["true"]).output().unwrap());
    assert_eq!(code, Some(0));
    assert!(error.contains("sooner than 10s (--min-runtime)"), "{error}");
    assert_eq!(statuses(&server, "job"), ["error"]);
    let (_, _, error) = texts(&lab.run(&["job", "--min-runtime", "10ms"], &["sleep", "0.1"]));
    assert_eq!(error, "");
}

#[test]
fn all_attempts_are_one_run_with_the_last_outcome() {
    let lab = Lab::new();
    let server = lab.server();
    let script = "echo x >> tries; echo try; [ $(wc -l < tries) -gt $1 ]";
    for (slug, fails, code, status) in [("recovers", "2", 0, "ok"), ("gives-up", "9", 1, "error")] {
        let flags = [slug, "--interval", "1 day", "--retries", "2", "--backoff", "50ms"];
        let job = ["sh", "-c", script, "sh", fails];
        let (found, out, error) = texts(&lab.reporting(server.dsn(), &flags, &job).output().unwrap());
        assert_eq!((found, &*out), (Some(code), "try\ntry\ntry\n"), "{error}");
        assert_eq!(error.contains("exit code 1 (attempt 3)"), code == 1, "{error}");
        let rows = check_ins(&server, slug);
        assert_eq!((rows.len(), &rows[0]["status"]), (1, &status.into()));
        assert!(rows[0]["duration"].as_u64().unwrap() >= 100, "{rows:?}");
        std::fs::remove_file(lab.path("tries")).unwrap();
    }
}

#[test]
fn a_signal_ends_the_retries() {
    let lab = Lab::new();
    // The signal comes in the pause between two attempts.
    let flags = ["job", "--retries", "5", "--backoff", "1h"];
    let mut crons = lab.command(&flags, &["sh", "-c", "echo x >> tried; exit 3"]).spawn().unwrap();
    until_written(&lab.path("tried"), "x");
    kill(crons.id(), signal_hook::consts::SIGTERM);
    // The signal may come while the job still runs, whose code is 3.
    let code = wait(&mut crons).code();
    assert!(matches!(code, Some(143 | 3)), "{code:?}");
    assert_eq!(std::fs::read_to_string(lab.path("tried")).unwrap(), "x\n");
    // The signal comes while the job runs: a job that was told to end is not started again.
    let mut crons = lab
        .command(
            &["job", "--retries", "5", "--backoff", "0"],
            &["sh", "-c", "echo $$ >> pids; exec sleep 60"],
        )
        .spawn()
        .unwrap();
    pid_in(&lab.path("pids"));
    kill(crons.id(), signal_hook::consts::SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(143));
    assert_eq!(std::fs::read_to_string(lab.path("pids")).unwrap().lines().count(), 1);
}

#[test]
fn a_signal_while_the_output_is_blocked_ends_the_retries() {
    let lab = Lab::new();
    // The pipe from the job and the pipe to this test take 64 KiB each: the job can end, and its output cannot.
    let script = "echo $$ >> pids; head -c 120000 /dev/zero; exit 3";
    let mut command = lab.command(&["job", "--retries", "5", "--backoff", "0"], &["sh", "-c", script]);
    let mut crons =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let job = pid_in(&lab.path("pids"));
    // The process of the job is gone once crons has seen its end.
    until("the end of the job", || (!std::path::Path::new(&format!("/proc/{job}")).exists()).then_some(()));
    kill(crons.id(), signal_hook::consts::SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(3));
    assert_eq!(std::fs::read_to_string(lab.path("pids")).unwrap().lines().count(), 1);
}

#[test]
fn jitter_delays_the_job_by_a_part_of_its_time() {
    let lab = Lab::new();
    let waits = ["a", "b", "c", "d", "e", "f"].map(|slug| {
        let begin = Instant::now();
        assert!(lab.run(&[slug, "--jitter", "600ms"], &["true"]).status.success());
        begin.elapsed().as_millis()
    });
    assert!(*waits.iter().max().unwrap() > *waits.iter().min().unwrap() + 50, "{waits:?}");
}
