//! `#[crons::main]`: a program that is one run. Each case runs this program again as a child, with one of these entries.

use std::process::{ExitCode, Termination};

use libtest_mimic::{Failed, Trial};

use crate::program::{command, wait};
use crate::support::{self, Behaviour, Sink};

/// The outcome that a case is to have.
fn outcome() -> Option<String> {
    std::env::var("CRONS_TEST_OUTCOME").ok()
}

mod plain {
    use std::process::ExitCode;

    #[crons::main(slug = "plain", schedule = "0 3 * * *", timezone = "Europe/Vienna")]
    pub fn main() -> ExitCode {
        #![expect(clippy::panic, reason = "that is the case")]
        match super::outcome().as_deref() {
            Some("failure") => ExitCode::from(7),
            Some("panic") => panic!("in main"),
            Some("exit") => std::process::exit(9),
            _ => ExitCode::SUCCESS,
        }
    }
}

mod result {
    #[crons::main(slug = "result", interval = "1 hour", options = crons::ClientOptions::new().environment("by-options"))]
    pub fn main() -> Result<(), String> {
        let text = super::outcome().ok_or("no outcome")?;
        if text == "failure" { Err(text) } else { Ok(()) }
    }
}

mod above {
    #[crons::main(slug = "above", interval = "1 hour")]
    #[tokio::main]
    pub async fn main() -> Result<(), std::num::ParseIntError> {
        tokio::task::yield_now().await;
        super::outcome().unwrap_or_default().parse::<u8>()?;
        Ok(())
    }
}

mod below {
    #[tokio::main(flavor = "current_thread")]
    #[crons::main(slug = "below", interval = "1 hour")]
    pub async fn main() {
        tokio::task::yield_now().await;
        assert_eq!(super::outcome().as_deref(), Some("1"), "in main");
    }
}

/// The entries, each with the outcome it is to have, the exit code, and the last status that the server receives.
const CASES: [(&str, &str, i32, &str); 9] = [
    ("plain", "success", 0, "ok"),
    ("plain", "failure", 7, "error"),
    ("plain", "panic", 101, "error"),
    ("plain", "exit", 9, "error"),
    ("result", "success", 0, "ok"),
    ("result", "failure", 1, "error"),
    ("above", "1", 0, "ok"),
    ("above", "x", 1, "error"),
    ("below", "0", 101, "error"),
];

pub fn trials() -> Vec<Trial> {
    let trial = |case: (&'static str, &'static str, i32, &'static str)| {
        Trial::test(format!("a_main_of_kind_{}_with_{}", case.0, case.1), move || runs(case))
    };
    CASES.map(trial).into()
}

pub fn child(case: &str) -> ExitCode {
    match case {
        "plain" => plain::main(),
        "result" => result::main().report(),
        "above" => above::main().report(),
        _ => {
            below::main();
            ExitCode::SUCCESS
        }
    }
}

fn runs((case, outcome, code, last): (&str, &str, i32, &str)) -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let mut child = command(&format!("entry: {case}"), &sink.dsn());
    child
        .env("SENTRY_DSN", sink.dsn())
        .env("CRONS_TEST_OUTCOME", outcome)
        .stderr(std::process::Stdio::null());
    assert_eq!(wait(&mut child.spawn()?)?.code(), Some(code));
    let check_ins = sink.check_ins();
    assert_eq!(support::statuses(&check_ins, case).last(), Some(&last), "{check_ins:?}");
    if case == "result" {
        assert_eq!(check_ins[0]["environment"], "by-options");
    }
    assert!(check_ins[0]["monitor_config"]["schedule"].is_object(), "{check_ins:?}");
    Ok(())
}
