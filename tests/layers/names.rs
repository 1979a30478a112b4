//! Finds the names of tests in source text.

use std::fs;
use std::path::Path;

/// The longest name that a list of tests shows in one line.
pub(crate) const MAX_LEN: usize = 60;

/// The names of the tests in all Rust files of a folder and the folders below.
pub(crate) fn in_folder(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(in_folder(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(in_text(&fs::read_to_string(&path).unwrap()));
        }
    }
    names
}

/// The names of functions below `#[test]` or `#[tokio::test]`, and those that `Trial::test` is given.
pub(crate) fn in_text(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if let Some((_, rest)) = line.split_once("Trial::test(\"") {
            names.extend(rest.split('"').next().map(str::to_owned));
        }
        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
            names.extend(rest.split('(').next().map(str::to_owned));
            is_test = false;
        }
    }
    names
}

/// Returns whether the name is a sentence: not too long, of several words, and without the number of a case.
pub(crate) fn is_sentence(name: &str) -> bool {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default();
    let is_number = first.starts_with(|c: char| c.is_ascii_alphabetic())
        && first.len() > 1
        && first[1..].chars().all(|c| c.is_ascii_digit());
    name.len() <= MAX_LEN && !is_number && first != "test" && first != "case"
}
