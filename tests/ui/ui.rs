//! Tests of the expansion as the compiler sees it: each file of `fail` is told what its `.stderr` says.
//! `TRYBUILD=overwrite cargo test -p crons-ui-tests` writes those files anew. The programs of `pass` are tests in `Cargo.toml`.

use std::io::Write;
use std::path::Path;
use std::process::Command;

/// The compiler version whose messages the `.stderr` files hold.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn each_program_that_compiles_is_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for file in std::fs::read_dir(folder.join("pass")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            manifest.contains(&format!("path = \"pass/{name}\"")),
            "{name} is no [[test]] in tests/ui/Cargo.toml"
        );
    }
}

/// The variable that is set where nothing may be skipped, as by `.ci/run`.
const REQUIRED: &str = "CRONS_UI_REQUIRED";

#[test]
fn faults_are_named_and_underlined() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    if version.starts_with(COMPILER) {
        return trybuild::TestCases::new().compile_fail("fail/*.rs");
    }
    let why = format!("the cases of tests/ui/fail hold for {COMPILER}x, and this is {}", version.trim());
    assert!(
        std::env::var_os(REQUIRED).is_none(),
        "{why}: install that compiler (`rustup toolchain install 1.95`, `rustup default 1.95`), or unset {REQUIRED} to skip them"
    );
    // The line goes past the test runner, which would keep it to itself.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

#[test]
fn ci_skips_none_of_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    assert!(text(".ci/run").contains(&format!("export {REQUIRED}=1")), ".ci/run may skip tests/ui/fail");
    let version = COMPILER.trim_start_matches("rustc ").trim_end_matches('.');
    let workflow = text(".github/workflows/ci.yml");
    assert!(
        workflow.contains(&format!("rustup default {version}")),
        "CI runs another compiler than {version}"
    );
    let cases = std::fs::read_dir(root.join("tests/ui/fail")).unwrap();
    assert!(cases.count() > 100, "tests/ui/fail is not where it was");
}
