//! Text on a terminal: colours, names of others, instants, and the time between two of them.

use std::fmt;
use std::io::IsTerminal;

use jiff::Timestamp;

/// Paints words, if standard output is a terminal and `NO_COLOR` (<https://no-color.org>) is not set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Painter {
    is_on: bool,
}

/// The meaning of a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warning,
    /// Text in the background: muted, disabled, explanations.
    Quiet,
    Plain,
}

impl Painter {
    /// The painter for standard output.
    pub(crate) fn stdout() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { is_on: std::io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb }
    }

    /// A text in the colour of its meaning, [`printable`], as names come from clients.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let text = printable(text);
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Warning => "33",
            Tone::Quiet => "2",
            Tone::Plain => return text,
        };
        if self.is_on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text }
    }
}

/// Replaces the characters of a text that could move the cursor, end a line or turn its direction: names and answers come from clients and
/// servers.
pub(crate) fn printable(text: &str) -> String {
    text.replace(|character: char| character.is_control() || is_format(character), "\u{fffd}")
}

/// Returns whether a character separates lines or sets the direction of text (the class `Bidi_Control` of Unicode).
fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// An instant to the minute, in UTC.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A table whose columns are as wide as their widest cell.
pub(crate) struct Table {
    rows: Vec<Vec<(Tone, String)>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|name| (Tone::Quiet, (*name).to_owned())).collect()] }
    }

    pub(crate) fn row(&mut self, cells: Vec<(Tone, String)>) {
        self.rows.push(cells);
    }

    /// The lines of the table, each with its line break.
    pub(crate) fn render(&self, painter: Painter) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |text: &str| text.chars().count();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows.iter().filter_map(|row| row.get(column)).map(|(_, text)| width(text)).max()
            })
            .map(Option::unwrap_or_default)
            .collect();
        let mut lines = String::new();
        for row in &self.rows {
            // Spaces are written before the next text, so that no line ends in some.
            let mut spaces = 0;
            for ((tone, text), column) in row.iter().zip(&widths) {
                if !text.is_empty() {
                    lines.push_str(&" ".repeat(spaces));
                    lines.push_str(&painter.paint(*tone, text));
                    spaces = 0;
                }
                spaces += column - width(text) + 2;
            }
            lines.push('\n');
        }
        lines
    }
}

/// The time between two instants, as people say it: `12 s`, `5 min`, `3 h 20 min`, `2 d 4 h`.
pub(crate) struct Span(u64);

impl Span {
    /// The whole seconds of a length of time, at least one.
    pub(crate) fn of(length: std::time::Duration) -> Self {
        Self(length.as_secs().max(1))
    }

    pub(crate) fn between(one: Timestamp, other: Timestamp) -> Self {
        Self(one.duration_since(other).unsigned_abs().as_secs())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, hours, minutes) = (self.0 / 86_400, self.0 / 3_600 % 24, self.0 / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{} s", self.0),
            (0, 0, _) => write!(f, "{minutes} min"),
            (0, _, 0) => write!(f, "{hours} h"),
            (0, ..) => write!(f, "{hours} h {minutes} min"),
            (_, 0, _) => write!(f, "{days} d"),
            (_, _, _) => write!(f, "{days} d {hours} h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_its_two_largest_units() {
        let now = Timestamp::UNIX_EPOCH;
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (-60, "1 min"),
            (3_600, "1 h"),
            (12_000, "3 h 20 min"),
            (86_400, "1 d"),
            (187_200, "2 d 4 h"),
        ] {
            assert_eq!(Span::between(Timestamp::from_second(seconds).unwrap(), now).to_string(), expected);
        }
    }

    #[test]
    fn no_character_of_a_name_moves_the_cursor_or_turns_the_direction_of_its_line() {
        for character in
            "\u{0}\n\u{1b}\u{7f}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}"
                .chars()
        {
            assert_eq!(printable(&format!("a{character}b")), "a\u{fffd}b", "{character:?}");
        }
        for name in ["caf\u{e9}", "\u{5d0}\u{5d1}", "\u{1f469}\u{200d}\u{1f680}", "a\u{a0}b"] {
            assert_eq!(printable(name), name);
        }
    }

    #[test]
    fn columns_line_up_and_names_cannot_move_the_cursor() {
        let mut table = Table::new(&["A", "B", "C"]);
        let plain = |text: &str| (Tone::Bad, text.to_owned());
        table.row(vec![plain("long\u{1b}[2J"), plain(""), plain("x")]);
        table.row(vec![plain("\u{e9}"), plain("beta"), plain("y")]);
        let off = Painter { is_on: false };
        assert_eq!(
            table.render(off),
            "A         B     C\nlong\u{fffd}[2J        x\n\u{e9}         beta  y\n"
        );
        assert_eq!(Painter { is_on: true }.paint(Tone::Bad, "no"), "\u{1b}[1;31mno\u{1b}[0m");
    }
}
