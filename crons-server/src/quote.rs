//! Quotes values of clients and operators in messages: as JSON, on one line, at most 80 characters of each.

use std::fmt::Write;

use serde_json::Value;

/// The number of characters of a value that a message repeats.
const MAX_SHOWN: usize = 80;

/// Quotes a text as JSON does. A text that was cut ends in `…` before its closing quote.
///
/// Control characters and others that a reader cannot see, such as those that change the direction of a line, are escaped by their UTF-16 code units, as `\u202e` is.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Returns the message about a text that must stand on one line and has a control character; `None` if it has none.
pub(crate) fn not_one_line(key: &str, text: &str) -> Option<String> {
    text.contains(char::is_control).then(|| {
        let text = quoted(text);
        format!("{key}: {text} has a control character, such as a line break; write it on one line")
    })
}

/// Escapes and cuts a text as [`quoted`] does, without the quotes: for keys, and for texts between backticks.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars().take(MAX_SHOWN) {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            // Rust writes what cannot be seen as `\u{..}` or `\0`; JSON has neither, and two escapes beyond 16 bits.
            _ if matches!(character.escape_debug().nth(1), Some('u' | '0')) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    _ = write!(escaped, "\\u{unit:04x}");
                }
            }
            _ => escaped.push(character),
        }
    }
    if text.chars().nth(MAX_SHOWN).is_some() {
        escaped.push('\u{2026}');
    }
    escaped
}

/// Writes a value as JSON, a text as [`quoted`]. A value of more than 80 characters is cut and ends in `…`.
pub(crate) fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => {
            let text = other.to_string();
            let mut shown = shortened(&text);
            if shown.len() < text.len() {
                shown.push('\u{2026}');
            }
            shown
        }
    }
}

/// The first 80 characters of a text.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(MAX_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_as_json_without_invisible_characters() {
        for (text, expected) in [
            ("job", r#""job""#),
            ("café, 日本", r#""café, 日本""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("it's", r#""it's""#),
            ("a\n\r\tb\0\u{7f}", r#""a\n\r\tb\u0000\u007f""#),
            ("a\u{202e}b\u{200b}c\u{2028}d", r#""a\u202eb\u200bc\u2028d""#),
            ("\u{e0001}", r#""\udb40\udc01""#),
        ] {
            assert_eq!(quoted(text), expected);
            assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
        }
        assert_eq!(quoted(&"é".repeat(81)), format!("\"{}…\"", "é".repeat(80)));
        assert_eq!(quoted(&"é".repeat(80)), format!("\"{}\"", "é".repeat(80)));
    }
}
