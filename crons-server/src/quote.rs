//! Values that a client has sent, as a message repeats them: in JSON, and not longer than a line.

use serde_json::Value;

/// Characters of a value that a message repeats.
const MAX_SHOWN: usize = 80;

/// The text as it stands in JSON; one that is cut ends in `…` before its quote.
pub(crate) fn quoted(text: &str) -> String {
    let mut begin = shortened(text);
    if begin.len() < text.len() {
        begin.push('\u{2026}');
    }
    Value::from(begin).to_string()
}

/// A value as it stands in JSON, the beginning of a long one.
pub(crate) fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => {
            let text = other.to_string();
            let mut begin = shortened(&text);
            if begin.len() < text.len() {
                begin.push('\u{2026}');
            }
            begin
        }
    }
}

/// The first characters of a text.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}
