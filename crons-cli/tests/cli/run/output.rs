//! Tests of `--quiet`, `--log`, `--no-tail`, and of secrets in the tail.

use super::lab::{Lab, texts};

#[test]
fn a_failure_is_logged_after_the_output_with_its_end() {
    let (_, out, error) = texts(&Lab::new().sh(&["job"], "echo one; echo two >&2; exit 3"));
    assert_eq!(out, "one\n");
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines[0], "two");
    assert!(lines[1].starts_with("crons: job failed: exit code 3; it took "), "{error}");
    let mut tail = lines[2..].to_vec();
    tail.sort_unstable();
    assert_eq!(tail, ["    | one", "    | two"]);
}

#[test]
fn the_tail_is_the_last_of_the_output() {
    let (_, out, error) = texts(&Lab::new().sh(&["job"], "seq 1 100000; exit 1"));
    assert!(out.ends_with("99999\n100000\n"));
    let tail: Vec<&str> = error.lines().skip(1).map(|line| line.trim_start_matches("    | ")).collect();
    assert_eq!(*tail.last().unwrap(), "100000");
    let size: usize = tail.iter().map(|line| line.len() + 1).sum();
    assert!((9_990..=10_000).contains(&size), "{size}");
    assert!(error.lines().next().unwrap().ends_with("; the end of its output:"), "{error}");
}

#[test]
fn secrets_are_hidden_in_the_log_and_not_in_the_output() {
    let lab = Lab::new();
    let script = "echo \"$API_KEY $db_password $SENTRY_DSN $VAULT_TOKEN $MY_SECRET\"; echo postgres://u:pw4711@db/x; exit 1";
    let mut command = lab.command(&["job", "--dsn", "https://flagkey@host/1"], &["sh", "-c", script]);
    let secrets = [
        ("API_KEY", "k-4711"),
        ("db_password", "hunter2"),
        ("SENTRY_DSN", "https://dsnkey@host/1"),
        ("VAULT_TOKEN", "hvs.4711"),
        ("MY_SECRET", "s3cret"),
    ];
    let (_, out, error) = texts(&command.envs(secrets).output().unwrap());
    assert_eq!(out, "k-4711 hunter2 https://dsnkey@host/1 hvs.4711 s3cret\npostgres://u:pw4711@db/x\n");
    assert!(
        error.contains("| *** *** *** *** ***\n") && error.contains("| postgres://u:***@db/x"),
        "{error}"
    );
}

#[test]
fn a_secret_at_the_cut_of_the_tail_is_hidden() {
    let lab = Lab::new();
    let secret = "0123456789abcdefghijklmnopqrstuvwxyz";
    for offset in [1, 10, 35] {
        // The tail begins within the secret.
        let script =
            format!("printf %s \"$A_KEY\"; head -c {} /dev/zero | tr '\\0' x; exit 1", 10_000 - offset);
        let mut command = lab.command(&["job"], &["sh", "-c", &script]);
        let (_, _, error) = texts(&command.env("A_KEY", secret).output().unwrap());
        let tail = error.lines().nth(1).unwrap();
        assert!(tail.starts_with("    | ***xxx"), "{offset}: {}", &tail[..40]);
    }
}

#[test]
fn quiet_prints_only_what_a_failed_job_has_printed() {
    let lab = Lab::new();
    let script = "echo one; echo two >&2; printf three; exit ";
    let fine = texts(&lab.sh(&["job", "--quiet"], &format!("{script} 0")));
    assert_eq!(fine, (Some(0), String::new(), String::new()));
    let (code, out, error) = texts(&lab.sh(&["job", "--quiet"], &format!("{script} 5")));
    assert_eq!((code, &*out), (Some(5), "one\nthree"));
    assert!(error.starts_with("two\ncrons: job failed: exit code 5"), "{error}");
    assert_eq!(error.lines().count(), 2, "{error}");
}

#[test]
fn with_log_the_streams_have_the_output_only() {
    let lab = Lab::new();
    let log = lab.path("log");
    let flags = ["job", "--log", log.to_str().unwrap()];
    for code in [3, 4] {
        let (_, out, error) = texts(&lab.sh(&flags, &format!("echo one; echo two >&2; exit {code}")));
        assert_eq!((&*out, &*error), ("one\n", "two\n"));
    }
    let log = std::fs::read_to_string(log).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 6, "{log}");
    assert!(
        lines[0].contains("Z crons: job failed: exit code 3; ") && lines[3].contains("exit code 4; "),
        "{log}"
    );
}

#[test]
fn with_log_the_reason_of_an_unmonitored_run_is_in_the_file() {
    let lab = Lab::new();
    let log = lab.path("log");
    let flags = ["job", "--log", log.to_str().unwrap()];
    let (code, out, error) = texts(&lab.reporting("", &flags, &["echo", "hi"]).output().unwrap());
    assert_eq!((code, &*out, &*error), (Some(0), "hi\n", ""));
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("Z crons: there is no DSN") && log.lines().count() == 1, "{log}");
}

#[test]
fn characters_that_control_a_terminal_are_not_logged() {
    let (_, out, error) = texts(&Lab::new().sh(&["job"], "printf '\\033[2Jx\\n'; exit 1"));
    assert!(out.contains('\u{1b}'));
    assert!(!error.contains('\u{1b}') && error.contains("\u{FFFD}[2Jx"), "{error:?}");
}

#[test]
fn a_log_that_cannot_be_written_goes_to_stderr_and_stops_no_job() {
    let lab = Lab::new();
    let fifo = lab.path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let missing = lab.path("no/folder");
    for log in [&*fifo, std::path::Path::new("/dev/full"), &*missing] {
        let log = log.to_str().unwrap();
        let (code, out, error) = texts(&lab.sh(&["job", "--log", log], "echo hi; exit 3"));
        assert_eq!((code, &*out), (Some(3), "hi\n"), "{error}");
        assert!(error.starts_with(&format!("crons: --log: {log} cannot be written: ")), "{error}");
        assert!(error.contains("\ncrons: job failed: exit code 3; "), "{error}");
    }
}

#[test]
fn the_end_of_an_output_that_could_not_be_held_back_is_printed() {
    let lab = Lab::new();
    // The file that holds back the output may have 10 kB.
    let script = format!(
        "ulimit -f 20; exec {} run job --quiet -- sh -c 'seq 1 100000; exit 3'",
        env!("CARGO_BIN_EXE_crons")
    );
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).env("SENTRY_CRONS", "off").env("CRONS_SPOOL", lab.spool());
    let (code, _, error) = texts(&command.output().unwrap());
    assert_eq!(code, Some(3), "{error}");
    assert!(error.contains("--quiet held back cannot be printed: File too large"), "{error}");
    assert!(error.ends_with("    | 99999\n    | 100000\n"), "{error}");
}
