//! Arrows point down: no crate depends on one above it, and no module uses one that is declared after it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What each crate may depend on, of ours.
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

/// Our crates in `[dependencies]`.
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
fn no_module_uses_one_that_is_declared_after_it() {
    let mut faults = Vec::new();
    for (name, _) in CRATES {
        let source = root().join(name).join("src");
        let file = ["lib.rs", "main.rs"].map(|file| source.join(file)).into_iter().find(|file| file.exists());
        faults.extend(upward_uses(&file.unwrap(), &source));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Where a module that `file` declares, or a file below it, names one that is declared later.
fn upward_uses(file: &Path, folder: &Path) -> Vec<String> {
    let order = declared(file);
    let mut faults = Vec::new();
    for (place, module) in order.iter().enumerate() {
        for user in files_of(folder, module) {
            let text = fs::read_to_string(&user).unwrap();
            // Words about a module above are welcome.
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let code = code.join("\n");
            let above = order[place + 1..].iter().filter(|name| mentions(&code, name));
            faults.extend(above.map(|name| format!("{} uses `{name}`, which is above it", user.display())));
        }
    }
    faults
}

/// Whether the code names the module, alone or in a group: `crate::name`, `crate::{.., name::..}`.
fn mentions(code: &str, name: &str) -> bool {
    code.split("crate::").skip(1).any(|rest| {
        let group = rest.strip_prefix('{').and_then(|rest| rest.split(';').next());
        let one = rest.split([';', ',', ')', '<', ' ', '\n', '"']).next().unwrap_or_default();
        let mut paths = group.unwrap_or(one).split([',', ' ', '\n', '}']);
        paths.any(|path| path.split("::").next() == Some(name))
    })
}

/// The modules a file declares, in its order.
fn declared(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap();
    let mut names = Vec::new();
    for line in text.lines() {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The file of a module and all below its folder.
fn files_of(folder: &Path, module: &str) -> Vec<PathBuf> {
    let mut files = vec![folder.join(format!("{module}.rs"))];
    files.retain(|file| file.exists());
    let mut folders = vec![folder.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn the_check_itself_sees_a_module_that_looks_down() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("lib.rs", "mod low;\nmod high;\n");
    write("low.rs", "use crate::{error::E, high::Thing};\n");
    write("high.rs", "use crate::low::Other;\n");
    let faults = upward_uses(&folder.path().join("lib.rs"), folder.path());
    assert_eq!(faults.len(), 1, "{faults:?}");
}
