//! Tests that arrows point down: no crate depends on one above it, and no module uses one that is declared after it, nor one that
//! contains it. So there is no circle, between folders or inside one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

#[path = "layers/modules.rs"]
mod modules;
#[path = "layers/names.rs"]
mod names;

use modules::Modules;

/// The crates of the project, each with those that it may depend on.
const CRATES: [(&str, &[&str]); 6] = [
    ("crons-types", &[]),
    ("crons-macros", &["crons-types"]),
    ("crons-runtime", &["crons-types"]),
    ("crons-server", &["crons-types"]),
    (".", &["crons-macros", "crons-runtime"]),
    ("crons-cli", &["crons-types", "crons-runtime", "crons-server"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn no_crate_depends_on_one_above_it() {
    for (name, allowed) in CRATES {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        let used = dependencies(&manifest);
        let forbidden: Vec<&String> = used.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(forbidden.is_empty(), "{name} depends on {forbidden:?}");
    }
}

#[test]
fn neither_the_client_nor_its_facade_knows_the_server() {
    let lock = |name: &str| fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
    for name in [".", "crons-runtime", "crons-macros", "crons-types"] {
        assert!(!dependencies(&lock(name)).contains("crons-server"), "{name} depends on the server");
    }
}

/// Checks the features, as Cargo turns a feature on for the whole program: a provider of rustls makes `ClientConfig::builder()` panic
/// in programs that have the other one, and a TLS feature of reqwest makes clients panic that were built without TLS.
#[test]
fn the_client_turns_on_no_feature_that_breaks_a_host_program() {
    let tree =
        ["tree", "--offline", "--locked", "--package=crons", "--edges=normal,features", "--prefix=none"];
    let tree = Command::new(env!("CARGO")).args(tree).current_dir(root()).output().unwrap();
    let text = String::from_utf8(tree.stdout).unwrap();
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    assert!(has("rustls feature \"std\"") && has("hyper v1"), "{}", String::from_utf8_lossy(&tree.stderr));
    for feature in ["ring", "aws_lc_rs", "aws-lc-rs", "custom-provider", "fips", "default"] {
        assert!(!has(&format!("rustls feature \"{feature}\"")), "{feature}");
    }
    assert!(!has("reqwest ") && !has("native-tls "));
}

/// Returns the crates of the project in `[dependencies]`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split([' ', '=', '.']).next())
        .filter(|name| name.starts_with("crons"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_module_uses_one_above_it() {
    let mut faults = Vec::new();
    for (name, _) in CRATES {
        let source = root().join(name).join("src");
        let file = ["lib.rs", "main.rs"].map(|file| source.join(file)).into_iter().find(|file| file.exists());
        let modules = Modules::read(&file.unwrap(), &source);
        faults.extend(modules.upward_uses());
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_check_sees_upward_uses_and_circles() {
    let files = [
        ("lib.rs", "mod low;\nmod high;\npub use high::Thing;\n"),
        ("low.rs", "mod child;\nuse self::child::C;\npub struct Low;\n// use crate::high::Thing;\n"),
        ("low/child.rs", "use super::Low;\nfn f() -> crate::Thing { \"crate::high::Thing\" }\n"),
        ("high/mod.rs", "mod first;\nmod second;\npub use second::Thing;\n#[cfg(test)]\nmod tests;\n"),
        ("high/first.rs", "use super::{Thing, first::X};\nmod inner { use super::X; }\n"),
        ("high/second.rs", "use crate::{low::{Low as L}, high::first};\nlog!(super::first::X);\n"),
        ("high/tests.rs", "use super::*;\n"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let modules = Modules::read(&folder.path().join("lib.rs"), folder.path());
    let faults = [
        "low::child uses low, which contains it",
        "low::child uses high::second, which is above it",
        "high::first uses high::second, which is above it",
    ];
    assert_eq!(modules.upward_uses(), faults);
}

#[test]
fn the_name_of_a_test_is_a_sentence_that_fits_a_line() {
    for folder in ["tests", "crons-types", "crons-macros", "crons-runtime"] {
        let names = names::in_folder(&root().join(folder));
        assert!(names.len() > 5, "{folder}: only {names:?}");
        let faults: Vec<&String> = names.iter().filter(|name| !names::is_sentence(name)).collect();
        assert!(faults.is_empty(), "{folder}: longer than {}, or with a number: {faults:#?}", names::MAX_LEN);
    }
}

#[test]
fn the_check_of_names_sees_numbers_and_long_names() {
    let names = names::in_text(
        "#[test]\nfn b3_ends() {}\n#[tokio::test(start_paused = true)]\n#[cfg(unix)]\nasync fn test_ends() {}\nfn helper() {}\n\
         Trial::test(\"a_run_ends\", ends),\n",
    );
    assert_eq!(names, ["b3_ends", "test_ends", "a_run_ends"]);
    assert_eq!(names.iter().map(|name| names::is_sentence(name)).collect::<Vec<_>>(), [false, false, true]);
    assert!(!names::is_sentence(&"a".repeat(names::MAX_LEN + 1)));
}
