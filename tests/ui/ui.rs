//! What the attribute makes of functions, as the compiler sees it: `pass` compiles without a warning and runs, `fail` says
//! what its `.stderr` says. `TRYBUILD=overwrite cargo test -p crons-ui-tests` writes those files anew.

use std::io::Write;
use std::process::Command;

/// The compiler whose words the `.stderr` files hold.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn functions_that_compile() {
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn faults_are_named_and_underlined() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    if version.starts_with(COMPILER) {
        trybuild::TestCases::new().compile_fail("fail/*.rs");
    } else {
        // Past the test runner, which would keep it to itself.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED tests/ui/fail: they hold for {COMPILER}x, and this is {version}"
        );
    }
}
