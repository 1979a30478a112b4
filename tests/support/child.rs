//! Support for tests of what belongs to a process, such as its environment, its client and its log: child processes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

use super::network_variables::NETWORK_VARIABLES;

/// The variables that the client reads, beside those of its transport.
const VARIABLES: [&str; 3] = ["SENTRY_DSN", "SENTRY_ENVIRONMENT", "SENTRY_RELEASE"];

/// The variable that marks a child process.
const CHILD: &str = "CRONS_TEST_CHILD";

/// Returns whether this process was started by [`run`]. The test runner calls what is meant for a child in the parent, too,
/// where there is nothing for it to do.
pub fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// Runs the calling test again in a process of its own, and returns whether this is that process. For tests that change what is
/// global: the client, the log, the environment.
#[must_use]
pub fn is_alone() -> bool {
    if !is_child() {
        run_test(std::thread::current().name().unwrap(), &[]);
    }
    is_child()
}

/// Runs the test `name` of the caller's module in a child, with just these variables. Returns its output.
pub fn run(name: &str, variables: &[(&str, &str)]) -> String {
    let thread = std::thread::current();
    let caller = thread.name().unwrap();
    let module = caller.rsplit_once("::").map(|(module, _)| format!("{module}::")).unwrap_or_default();
    run_test(&format!("{module}{name}"), variables)
}

/// Runs a test in a child. A test runs on a thread of its name.
fn run_test(name: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--nocapture", name]);
    for variable in VARIABLES.into_iter().chain(NETWORK_VARIABLES) {
        child.env_remove(variable);
    }
    let output = child.env(CHILD, "1").envs(variables.iter().copied()).output().unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    text
}
