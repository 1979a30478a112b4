//! Errors of serde in words of TOML, with the key at fault.

use std::fmt;

/// Describes why a text is not TOML. `part` is the part of the text at fault; only a key is repeated, since a value may be a secret.
pub(super) fn describe_syntax(error: &toml::de::Error, part: &str) -> String {
    match error.message() {
        "duplicate key" => format!("{part}: this key is written twice; write it once"),
        message => format!("this is not TOML: {}", message.replace('\n', ", ")),
    }
}

/// An error in words of TOML.
pub(super) struct Description {
    /// The path of the key at fault from the table that was read; empty if the error is of the table itself.
    pub(super) path: String,
    pub(super) problem: String,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, problem } = self;
        if path.is_empty() { f.write_str(problem) } else { write!(f, "{path}: {problem}") }
    }
}

/// Describes why a table is not what its reader expects: the path of the key, the kind of its value, and what is allowed.
///
/// A text in place of another value is not repeated: it may be an address that holds a secret. serde has four kinds of such errors
/// (`serde::de::Error`); any other error is a message of ours already.
pub(super) fn describe(error: &toml::de::Error) -> Description {
    let text = error.to_string();
    let (message, path) = match text.trim().rsplit_once("\nin `") {
        Some((message, path)) => (message, path.trim_end_matches('`')),
        None => (text.trim(), ""),
    };
    Description { path: path.to_owned(), problem: problem(message) }
}

/// The key that an error of a table names because it is unknown or missing; `None` for other errors.
pub(super) fn named_key(error: &toml::de::Error) -> Option<String> {
    let named =
        ["unknown field `", "missing field `"].iter().find_map(|begin| error.message().strip_prefix(begin));
    named.and_then(|rest| rest.split('`').next()).map(str::to_owned)
}

fn problem(message: &str) -> String {
    let message = message.replace('\n', " ");
    let wrong_value =
        message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, expected)) = wrong_value.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("this is {}, and must be {}", kind(found), expected_kind(expected));
    }
    if let Some((key, allowed)) = names(&message, "unknown field `") {
        return format!("there is no key `{key}`; allowed are {allowed}");
    }
    if let Some((value, allowed)) = names(&message, "unknown variant `") {
        return format!("`{value}` is not allowed; write one of {allowed}");
    }
    match message.strip_prefix("missing field ") {
        Some(key) => format!("the key {key} is missing"),
        None => message,
    }
}

/// The value that was found; of a text only that it is one.
fn kind(found: &str) -> &str {
    match found {
        "map" => "a table",
        "sequence" => "a list",
        text if text.starts_with("string ") => "a text",
        // A number as serde names it: integer `5`.
        other => other.split('`').nth(1).unwrap_or(other),
    }
}

fn expected_kind(expected: &str) -> &str {
    match expected {
        "a map" => "a table",
        "a sequence" => "a list such as [\"..\"]",
        "a string" => "a text in quotes",
        other => other,
    }
}

/// Splits "unknown field `a`, expected one of `b`, `c`" into the unknown name and those that are known.
fn names<'a>(message: &'a str, begin: &str) -> Option<(&'a str, &'a str)> {
    let (name, rest) = message.strip_prefix(begin)?.split_once("`, expected ")?;
    Some((name, rest.strip_prefix("one of ").unwrap_or(rest)))
}
