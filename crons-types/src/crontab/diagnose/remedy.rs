//! Remedies: the words about a fault, and the text to write instead.

use std::fmt::Write as _;

/// A diagnosis: the message about a fault, and the text to write instead.
pub(crate) struct Diagnosis {
    pub(crate) what: String,
    pub(crate) fix: Option<Replacement>,
    /// The crontabs that are accepted and may be meant, in place of a fix: more than one if the text can be read in more than one way.
    pub(crate) readings: Vec<Reading>,
}

/// `with` takes the place of the bytes from `start` to `end`.
pub(crate) struct Replacement {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) with: String,
}

/// A crontab that means what was written, if it was written for the scheduler that `when` names; an empty `when` is any.
pub(crate) struct Reading {
    pub(crate) crontab: String,
    pub(crate) when: &'static str,
}

impl Diagnosis {
    /// Creates a diagnosis without a replacement: nothing can be written instead.
    pub(crate) fn said(what: String) -> Self {
        Self { what, fix: None, readings: Vec::new() }
    }

    /// Appends "write .." to `message`. Parts that are long, or that a terminal would not show as they are, are left out.
    pub(super) fn write_advice(&self, message: &mut String) {
        let is_plain = |text: &str| {
            (1..=60).contains(&text.len())
                && text.chars().all(|c| c == ' ' || c.is_alphanumeric() || c.is_ascii_punctuation())
        };
        if let Some(Replacement { with, .. }) = self.fix.as_ref().filter(|fix| is_plain(&fix.with)) {
            _ = write!(message, "; write `{with}`");
        }
        if self.readings.iter().all(|reading| is_plain(&reading.crontab)) {
            for (place, Reading { crontab, when }) in self.readings.iter().enumerate() {
                let before = if place == 0 { "; write" } else { ", or" };
                let blank = if when.is_empty() { "" } else { " " };
                _ = write!(message, "{before} `{crontab}`{blank}{when}");
            }
        }
    }
}

/// Returns at most `most` characters of `text` between quotes, on one line.
pub(crate) fn quote(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).flat_map(char::escape_debug).collect();
    if text.chars().nth(most).is_some() || shown.chars().count() > most {
        shown = shown.chars().take(most - 1).collect::<String>() + "…";
    }
    format!("\"{shown}\"")
}
