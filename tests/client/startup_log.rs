//! Tests that `init` logs doubtful settings of a program: to its log, or to stderr if there is none. Each case is a process of its own.

use crons::{ClientOptions, InitError, monitor};

use crate::support::{Behaviour, DEADLINE, Sink, child};

#[crons::monitor(slug = "known-b")]
fn known_b() {}

#[crons::monitor(slug = "known-a")]
fn known_a() {}

#[crons::monitor(slug = "nightly", schedule = "0 3 * * *")]
fn nightly() {}

#[crons::monitor(slug = "by-the-minute", schedule = "*/5 * * * *")]
fn by_the_minute() {}

#[crons::monitor(slug = "in-utc", schedule = "0 3 * * *", timezone = "UTC")]
fn in_utc() {}

#[crons::monitor(slug = "often", interval = "10 minutes")]
fn often() {}

#[crons::monitor(slug = "by-parameter", interval = "1 hour")]
fn by_parameter<T>(value: T) -> T {
    value
}

fn log_to_stderr() {
    tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr).init();
}

/// A child: initialises the client, and runs each job.
#[test]
fn runs_each_job() {
    if child::is_child() {
        log_to_stderr();
        let _crons = crons::init(ClientOptions::new().shutdown_timeout(DEADLINE));
        known_a();
        known_b();
        nightly();
        by_the_minute();
        in_utc();
        often();
    }
}

fn said(variables: &[(&str, &str)]) -> String {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let dsn = sink.dsn();
    child::run("runs_each_job", &[&[("SENTRY_DSN", dsn.as_str())], variables].concat())
}

#[test]
fn monitors_without_a_schedule_are_named_once() {
    let said = said(&[]);
    assert_eq!(said.matches("which the server must know already: known-a, known-b").count(), 1, "{said}");
}

#[test]
fn crontabs_without_a_zone_are_named_unless_in_utc() {
    let named = "and this machine is in Europe/Vienna";
    let text = said(&[("TZ", "Europe/Vienna")]);
    let line = text.lines().find(|line| line.contains(named)).unwrap_or_else(|| panic!("{text}"));
    assert!(line.ends_with(": nightly"), "{line}");
    for zone in ["UTC", "", "Etc/UTC"] {
        let text = said(&[("TZ", zone)]);
        assert!(!text.contains("this machine is in"), "{zone}: {text}");
    }
}

/// A child whose environment is not listed.
#[test]
fn is_not_listed() {
    if child::is_child() {
        log_to_stderr();
        let options = ClientOptions::new().enabled_environments(["production", "staging"]);
        assert!(crons::try_init(options).is_ok_and(|guard| !guard.is_enabled()));
    }
}

#[test]
fn an_environment_that_is_not_listed_is_named_with_the_list() {
    let variables = [("SENTRY_DSN", "http://key@127.0.0.1:9/1"), ("SENTRY_ENVIRONMENT", "laptop")];
    let text = child::run("is_not_listed", &variables);
    let said = "crons is disabled: the environment `laptop` is not one of ClientOptions::enabled_environments: production, staging";
    assert!(text.contains(said), "{text}");
}

/// A child.
#[test]
fn has_no_dsn() {
    if child::is_child() {
        let error = crons::try_init(ClientOptions::new()).unwrap_err();
        assert!(matches!(error, InitError::NoDsn) && error.to_string().contains("SENTRY_DSN"), "{error}");
        let guard = crons::init(ClientOptions::new());
        assert!(!guard.is_enabled() && guard.error().is_none(), "that is how a program is run on a laptop");
        monitor("job").run(|| ());
    }
}

#[test]
fn without_a_dsn_try_init_is_an_error_and_init_is_quiet() {
    for variables in [&[][..], &[("SENTRY_DSN", " ")]] {
        let text = child::run("has_no_dsn", variables);
        assert!(!text.contains("crons:"), "{text}");
    }
}

/// A child without a log, whose check-ins are all refused.
#[test]
fn is_refused_without_a_log() {
    if child::is_child() {
        let crons = crons::init(ClientOptions::new());
        for slug in ["first", "second"] {
            monitor(slug).run(|| ());
            crons.flush(DEADLINE);
        }
    }
}

#[test]
fn without_a_log_the_first_loss_is_one_line_on_stderr() {
    let sink = Sink::start(|_| Behaviour::Answer(403));
    for (dsn, expected) in [
        (sink.dsn().as_str(), "crons: monitor `first`: check-in refused by the server: check the DSN"),
        ("nonsense", "crons: crons is disabled, jobs run unwatched: dsn: it does not begin with"),
    ] {
        let text = child::run("is_refused_without_a_log", &[("SENTRY_DSN", dsn)]);
        let lines: Vec<_> = text.lines().filter(|line| line.contains("crons: ")).collect();
        assert!(matches!(lines[..], [line] if line.contains(expected)), "{expected}: {text}");
    }
}

/// A child.
#[test]
fn uses_a_monitor_before_init() {
    if child::is_child() {
        monitor("early").run(|| ());
        monitor("early").run(|| ());
    }
}

#[test]
fn without_a_log_a_monitor_before_init_is_a_line_on_stderr() {
    let text = child::run("uses_a_monitor_before_init", &[]);
    assert_eq!(text.matches("crons: a monitor was used before crons::init").count(), 1, "{text}");
}

/// A child.
#[test]
fn has_results_in_results() {
    if child::is_child() {
        log_to_stderr();
        let crons = crons::init(ClientOptions::new());
        for _ in 0..3 {
            let _ = monitor("nested").run(|| Ok::<_, ()>(Err::<u8, _>("full")));
            let _ = monitor("other").run(|| Ok::<_, ()>(Some(Err::<u8, _>("full"))));
            let _ = by_parameter(Err::<(), ()>(()));
            let _ = monitor("flat").run(|| Ok::<_, ()>(7));
        }
        assert!(crons.flush(DEADLINE));
    }
}

#[test]
fn a_hidden_result_is_pointed_out_once_for_each_monitor() {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let text = child::run("has_results_in_results", &[("SENTRY_DSN", &sink.dsn())]);
    let lines: Vec<_> = text.lines().filter(|line| line.contains("`.and_then(|inner| inner)`")).collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (slug, returned) in [
        ("nested", "core::result::Result<core::result::Result<u8, &str>, ()>"),
        ("other", "core::result::Result<core::option::Option<core::result::Result<u8, &str>>, ()>"),
        ("by-parameter", "core::result::Result<(), ()>"),
    ] {
        let named = |line: &&&str| line.contains(&format!("slug={slug}")) && line.contains(returned);
        assert!(lines.iter().find(named).is_some(), "{slug}: {lines:?}");
    }
}
