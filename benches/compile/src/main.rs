//! `cargo run --release --bin compile`: writes a crate with 200 functions in each of four ways, compiles it clean and again after a
//! change in one body, and prints CPU milliseconds for each function over the bare crate. The median of several rounds.
//! With a word behind it, only that way and the bare one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const FUNCTIONS: usize = 200;
const ROUNDS: usize = 5;

/// A way to write the functions.
struct Way {
    name: &'static str,
    dependency: &'static str,
    attribute: fn(usize) -> String,
    /// The text around each body, with `BODY` in its place.
    body: [&'static str; 2],
}

const BARE: [&str; 2] = ["BODY", "BODY"];

/// A run begun and ended by hand, with the public API.
const BY_HAND: [&str; 2] = [
    "let guard = crons::monitor(\"SLUG\").start(); let output = (move || -> Result<u64, String> { BODY })(); \
     if output.is_err() { guard.error() } else { guard.ok() } output",
    "let guard = crons::monitor(\"SLUG\").start(); let output = async move { let output: Result<u64, String> = { BODY }; output }.await; \
     if output.is_err() { guard.error() } else { guard.ok() } output",
];

fn ways(root: &Path) -> [Way; 4] {
    let ours: &'static str =
        format!("crons = {{ path = {:?}, default-features = false }}", root.display().to_string()).leak();
    [
        Way { name: "bare", dependency: ours, attribute: |_| String::new(), body: BARE },
        Way { name: "by hand", dependency: ours, attribute: |_| String::new(), body: BY_HAND },
        Way {
            name: "#[tracing::instrument]",
            dependency: "tracing = { version = \"0.1.44\", default-features = false, features = [\"std\", \"attributes\"] }",
            attribute: |_| "#[tracing::instrument(err)]".to_owned(),
            body: BARE,
        },
        Way {
            name: "#[crons::monitor]",
            dependency: ours,
            attribute: |n| {
                format!(
                    "#[crons::monitor(slug = \"job-{n}\", schedule = \"0 3 * * *\", max_runtime = \"2h\")]"
                )
            },
            body: BARE,
        },
    ]
}

/// Returns the source of the functions, half of which are async; `salt` makes one body differ.
fn source(way: &Way, salt: usize) -> String {
    let mut text = String::new();
    for n in 0..FUNCTIONS {
        let salt = if n == 7 { salt } else { 0 };
        let (asyncness, step) =
            if n % 2 == 0 { ("", "") } else { ("async ", "std::future::ready(()).await; ") };
        let body = format!(
            "let mut sum = {salt}_u64; for item in items {{ sum = sum.wrapping_mul(31).wrapping_add(*item); }} {step}\
             if sum == {n} {{ return Err(format!(\"{{sum}} of {{}}\", items.len())); }} Ok(sum)"
        );
        let body = way.body[n % 2].replace("BODY", &body).replace("SLUG", &format!("job-{n}"));
        let attribute = (way.attribute)(n);
        // A write to a `String` does not fail.
        let _ = writeln!(
            text,
            "{attribute}\npub {asyncness}fn job_{n}(items: &[u64]) -> Result<u64, String> {{ {body} }}"
        );
    }
    text
}

/// Returns the CPU milliseconds of one `cargo build` and all that it starts.
fn build(folder: &Path, target: &Path) -> f64 {
    let before = children();
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--offline", "--lib"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "1")
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the crate in {} does not compile",
        folder.display()
    );
    children() - before
}

/// Returns the CPU milliseconds of the children of this process so far, as Linux counts them.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // `cutime` and `cstime`, in hundredths of a second.
    fields.iter().skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 10.0
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = here.join("../..").canonicalize().unwrap_or_else(|_| here.clone());
    let mut bare = (0.0, 0.0);
    println!("CPU ms for each of {FUNCTIONS} functions, over bare ones; median of {ROUNDS}\n");
    println!("{:<24} {:>8} {:>12}", "", "clean", "incremental");
    let only = env::args().nth(1).unwrap_or_default();
    for way in ways(&root).into_iter().filter(|way| way.name == "bare" || way.name.contains(&only)) {
        let folder = here.join("work").join(way.name.replace(|c: char| !c.is_alphanumeric(), "_"));
        let target = folder.join("target");
        fs::create_dir_all(folder.join("src")).expect("a folder to work in");
        let manifest = format!(
            "[package]\nname = \"measured\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{}\n\n[workspace]\n",
            way.dependency
        );
        fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
        // The lock file fixes the versions, so that no network is needed.
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
        let file = folder.join("src/lib.rs");
        let (mut clean, mut incremental) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let _ = fs::remove_dir_all(target.join("debug/incremental"));
            fs::write(&file, source(&way, round * 2)).expect("the source");
            let whole = build(&folder, &target);
            fs::write(&file, source(&way, round * 2 + 1)).expect("the source");
            let part = build(&folder, &target);
            // The first one compiles the dependencies, too.
            if round > 0 {
                clean.push(whole);
                incremental.push(part);
            }
        }
        let (clean, incremental) = (median(clean), median(incremental));
        if way.name == "bare" {
            bare = (clean, incremental);
            println!("{:<24} {:>8.2} {:>12.2}  (in all)", way.name, clean / 200.0, incremental / 200.0);
        } else {
            let each = |all: f64, bare: f64| (all - bare) / FUNCTIONS as f64;
            println!("{:<24} {:>8.2} {:>12.2}", way.name, each(clean, bare.0), each(incremental, bare.1));
        }
    }
}
