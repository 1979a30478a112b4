//! Tests that wrong arguments are refused before the job starts, unless `--lenient`.

use super::lab::{Lab, texts};

#[test]
fn a_wrong_value_is_refused_before_the_job_starts() {
    let lab = Lab::new();
    for (flags, expected) in [
        (&["job", "--timeout", "soon"][..], "--timeout: \"soon\" is no length of time"),
        (&["job", "--timeout", "0"], "--timeout: \"0\" leaves no time"),
        (
            &["job", "--retries", "many"],
            "--retries: \"many\" is not valid; write a whole number from 0 to 1000",
        ),
        (&["job", "--ok-codes", "0,300"], "--ok-codes: \"300\" is no exit code"),
        (
            &["job", "--overlap", "maybe"],
            "--overlap: \"maybe\" is no policy; write allow, skip, error or wait",
        ),
        (&["job", "--jitter", "-"], "--jitter: "),
        (&["job", "--flush", "x"], "--flush: "),
        (&["job", "--environment", "a/b"], "--environment: \"a/b\" is refused"),
        (&["job", "--schedule", "61 * * * *"], "--schedule: minute: 61"),
        (&["job", "--schedule", "@daily", "--timezone", "Mars/X"], "--timezone: \"Mars/X\" is not in"),
        (&["job", "--interval", "1 fortnight"], "--interval: "),
        (&["job", "--schedule", "@daily", "--max-runtime", "0"], "--max-runtime: "),
        (&["job", "--interval", "1h", "--checkin-margin", "x"], "--checkin-margin: "),
        (
            &["job", "--interval", "1h", "--failure-issue-threshold", "0"],
            "--failure-issue-threshold: \"0\" is not valid",
        ),
        (
            &["job", "--interval", "1h", "--recovery-threshold", "721"],
            "--recovery-threshold: \"721\" is not valid",
        ),
        (&["job", "--interval", "1h", "--owner", "me"], "--owner: "),
        (&["job", "--max-runtime", "2h"], "--max-runtime: it configures a monitor, which needs a schedule"),
        (
            &["job", "--interval", "1h", "--max-runtime", "1", "--keep-alive"],
            "--keep-alive: a run of at most 1 minute",
        ),
        (&["Night Job"], "SLUG: \"Night Job\" would be stored as `night-job`"),
    ] {
        let (code, out, error) = texts(&lab.sh(flags, "echo started"));
        assert_eq!((code, &*out), (Some(2), ""), "{flags:?}: {error}");
        assert!(error.contains(expected), "{flags:?}: {error}");
    }
}

#[test]
fn all_wrong_values_are_reported_at_once() {
    let flags = ["job", "--timeout", "x", "--schedule", "x", "--timezone", "y", "--retries", "z"];
    let (_, _, error) = texts(&Lab::new().sh(&flags, "echo started"));
    assert_eq!(error.lines().count(), 4, "{error}");
}

#[test]
fn a_wrong_use_of_flags_is_refused_even_if_lenient() {
    let lab = Lab::new();
    for flags in [
        &["job", "--lenient", "--tiemout", "1s"][..],
        &["job", "--lenient", "--strict"],
        &["--lenient"],
        &["job", "--schedule", "@daily", "--interval", "1h"],
    ] {
        let (code, out, error) = texts(&lab.sh(flags, "echo started"));
        assert_eq!((code, &*out), (Some(2), ""), "{flags:?}: {error}");
    }
    let (code, ..) = texts(&lab.run(&["job"], &[]));
    assert_eq!(code, Some(2));
}

#[test]
fn lenient_runs_the_job_unmonitored_and_says_so() {
    let lab = Lab::new();
    let server = lab.server();
    let flags = ["job", "--lenient", "--timeout", "soon", "--timezone", "Mars/X"];
    let output = lab.reporting(server.dsn(), &flags, &["sh", "-c", "echo started; exit 3"]).output().unwrap();
    let (code, out, error) = texts(&output);
    assert_eq!((code, &*out), (Some(3), "started\n"));
    let line = error.lines().next().unwrap();
    assert!(line.contains("\"soon\"") && line.ends_with("job runs unmonitored (--lenient)"), "{error}");
    assert!(super::lab::check_ins(&server, "job").is_empty());
}

#[test]
fn without_a_usable_dsn_the_job_runs_and_a_line_says_so() {
    let lab = Lab::new();
    for (dsn, reason) in [("", "there is no DSN"), ("https://host/1", "SENTRY_DSN: dsn: the public key")] {
        let (code, out, error) = texts(&lab.reporting(dsn, &["job"], &["echo", "hi"]).output().unwrap());
        assert_eq!((code, &*out), (Some(0), "hi\n"));
        assert!(error.contains(reason) && error.contains("job runs unmonitored"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let strict = lab.reporting(dsn, &["job", "--strict"], &["echo", "hi"]).output().unwrap();
        let (code, out, error) = texts(&strict);
        assert_eq!((code, &*out), (Some(2), ""));
        assert!(error.contains(reason) && error.contains("--strict"), "{error}");
    }
}

#[test]
fn a_switch_that_is_neither_on_nor_off_is_reported() {
    let lab = Lab::new();
    let mut command = lab.reporting("https://key@localhost:1/1", &["job"], &["echo", "hi"]);
    let (code, out, error) = texts(&command.env("SENTRY_CRONS", "maybe").output().unwrap());
    assert_eq!((code, &*out), (Some(0), "hi\n"));
    assert!(
        error.contains("SENTRY_CRONS: \"maybe\" is neither") && error.contains("job runs unmonitored"),
        "{error}"
    );
}

#[test]
fn strict_refuses_whatever_the_client_cannot_start_with() {
    let lab = Lab::new();
    let mut command = lab.reporting("https://key@localhost:1/1", &["job", "--strict"], &["echo", "hi"]);
    let (code, out, error) = texts(&command.env("SSL_CERT_FILE", "/nowhere").output().unwrap());
    assert_eq!((code, &*out), (Some(2), ""), "{error}");
    assert!(error.contains("SSL_CERT_FILE"), "{error}");
}
