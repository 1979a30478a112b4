//! Cases that end a process: each runs the test program again as a child, with a `main` of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

use crate::support::DEADLINE;

/// The variables with the case of a child and the DSN that it reports to.
const CASE: &str = "CRONS_TEST_CASE";
const DSN: &str = "CRONS_TEST_DSN";

/// The case and the DSN, if this process is a child.
pub fn case() -> Option<(String, String)> {
    Some((std::env::var(CASE).ok()?, std::env::var(DSN).ok()?))
}

/// Returns a command that runs a case of this program.
pub fn command(case: &str, dsn: &str) -> Command {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.env(CASE, case).env(DSN, dsn);
    program
}

/// Starts a case whose log is not read.
pub fn start(case: &str, dsn: &str) -> Child {
    command(case, dsn).stderr(Stdio::null()).spawn().unwrap()
}

/// The status with which a child ends; one that does not end is a failure.
pub fn wait(child: &mut Child) -> Result<ExitStatus, Failed> {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() > until {
            child.kill()?;
            return Err("the program does not end".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
