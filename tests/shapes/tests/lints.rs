//! Tests that the attribute changes no lint: all lints of clippy report the same on functions, bare and monitored.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler whose lints the lists below hold for.
const COMPILER: &str = "rustc 1.95.";
/// The variable that is set where nothing may be skipped, as by `.ci/run`.
const REQUIRED: &str = "CRONS_UI_REQUIRED";

const SHAPES: &str = include_str!("../lints/shapes.rs.txt");
const MARK: &str = "#[MONITORED]";

/// Lints that look at a body as a whole and see the expansion instead; the documentation of the attribute names them.
const SILENT: [&str; 13] = [
    "boxed_local",
    "implicit_return",
    "manual_async_fn",
    "missing_const_for_fn",
    "needless_lifetimes",
    "needless_pass_by_ref_mut",
    "needless_pass_by_value",
    "needless_return",
    "redundant_clone",
    "redundant_locals",
    "unconditional_recursion",
    "unnecessary_wraps",
    "unused_async",
];
/// A lint that looks at the body as a whole, too, and fires once more.
const TWICE: [&str; 1] = ["result_large_err"];
/// A lint that points at the attribute instead of the function.
const MOVED: [&str; 1] = ["large_stack_frames"];

/// The number of times that each lint fires on each line.
type Told = BTreeMap<(u64, String), usize>;

#[test]
fn a_monitored_function_is_told_what_the_bare_one_is_told() {
    let version = Command::new("rustc").arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(COMPILER) {
        let why = format!("the lints hold for {COMPILER}x, and this is {}", version.trim());
        assert!(std::env::var_os(REQUIRED).is_none(), "{why}: install that compiler, or unset {REQUIRED}");
        return drop(writeln!(std::io::stderr(), "SKIPPED: {why}"));
    }
    let folder = package();
    let (bare, monitored) = (told(&folder, "bare"), told(&folder, "monitored"));
    assert!(bare.len() > 500, "clippy said little: {}", bare.len());
    let more = |some: &Told, others: &Told, known: &[&str]| -> Vec<String> {
        let more = some.iter().filter(|(place, count)| others.get(place).unwrap_or(&0) < count);
        let more = more.filter(|((_, lint), _)| !known.contains(&lint.trim_start_matches("clippy::")));
        more.map(|((line, lint), _)| format!("{lint} at: {}", line_of(*line))).collect()
    };
    let new = more(&monitored, &bare, &[TWICE, MOVED].concat());
    assert!(new.is_empty(), "fires only on what is monitored:\n{}", new.join("\n"));
    let lost = more(&bare, &monitored, &[&SILENT[..], &MOVED].concat());
    assert!(lost.is_empty(), "fires only on what is bare:\n{}", lost.join("\n"));
}

#[test]
fn the_documentation_names_each_lint_that_differs() {
    let documented = include_str!("../../../crons-macros/src/lib.rs");
    for lint in SILENT.iter().chain(&TWICE) {
        assert!(documented.contains(&format!("`{lint}`")), "{lint}");
    }
}

/// The code of a line, below the mark if it is one.
fn line_of(number: u64) -> &'static str {
    let lines = SHAPES.lines().skip(usize::try_from(number).unwrap() - 1);
    lines.map(str::trim).find(|line| *line != MARK).unwrap_or_default()
}

/// A package of its own with both variants, so that clippy is run with lints that no other code here is under.
fn package() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lints");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    fs::create_dir_all(folder.join("examples")).unwrap();
    let manifest = format!(
        "[package]\nname = \"lints\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\ncrons = {{ path = {root:?}, default-features = false }}\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The versions that are there.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    for (name, monitored) in [("bare", false), ("monitored", true)] {
        let mut number = 0;
        let lines = SHAPES.lines().map(|line| {
            if line.trim() != MARK {
                return line.to_owned();
            }
            number += 1;
            if monitored { format!("#[crons::monitor(slug = \"job-{number}\")]") } else { String::new() }
        });
        let code: Vec<String> = lines.chain(["fn main() {}".to_owned()]).collect();
        fs::write(folder.join(format!("examples/{name}.rs")), code.join("\n")).unwrap();
    }
    folder
}

fn told(folder: &Path, example: &str) -> Told {
    let mut clippy = Command::new(env!("CARGO"));
    clippy.args(["clippy", "--quiet", "--offline", "--message-format=json", "--example", example]);
    clippy.arg("--target-dir").arg(folder.join("target")).arg("--");
    for group in ["all", "pedantic", "nursery", "restriction"] {
        clippy.arg(format!("-Wclippy::{group}"));
    }
    for group in [
        "unused",
        "let-underscore",
        "single-use-lifetimes",
        "unused-lifetimes",
        "unit-bindings",
        "unused-results",
    ] {
        clippy.arg(format!("-W{group}"));
    }
    clippy.args(["-Aclippy::blanket_clippy_restriction_lints", "--cap-lints=warn"]);
    let output = clippy.current_dir(folder).env_remove("RUSTFLAGS").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut told = Told::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(lint) = message["message"]["code"]["code"].as_str() else { continue };
        for span in message["message"]["spans"].as_array().into_iter().flatten() {
            if span["is_primary"] == true {
                *told.entry((span["line_start"].as_u64().unwrap(), lint.to_owned())).or_default() += 1;
            }
        }
    }
    told
}
