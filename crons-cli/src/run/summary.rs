//! The words about a run that has ended: the line of the log, and the note for the server.

use std::fmt::Write;
use std::time::Duration;

use super::redact::Redactor;
use super::tail::TAIL;
use crate::run_file::Notes;

/// The most characters of a reason of `crons fail` that are shown.
const MAX_SHOWN: usize = 1_000;

/// The facts of a run that has ended.
pub(super) struct Summary<'a> {
    pub(super) name: &'a str,
    pub(super) id: String,
    pub(super) failure: Option<&'a str>,
    pub(super) took: Duration,
    /// The number of attempts.
    pub(super) attempts: u32,
    pub(super) notes: &'a Notes,
    /// The end of the output without secrets, and whether there was more before it.
    pub(super) tail: Option<(String, bool)>,
}

impl Summary<'_> {
    /// The end of the output, as [`Tail::text`](super::tail::Tail::text) returns it, without secrets.
    pub(super) fn redacted(
        (text, start, cut): (String, usize, bool),
        redactor: &Redactor,
    ) -> Option<(String, bool)> {
        Some((redactor.redact(&text, start), cut)).filter(|(text, _)| !text.trim().is_empty())
    }

    /// The text for the log of a failed run: a line, and the end of the output below it.
    pub(super) fn line(&self, redactor: &Redactor, with_tail: bool) -> String {
        let Self { name, id, took, .. } = self;
        let reasons = self.reasons(redactor);
        let failure = reasons.lines().map(printable).collect::<Vec<_>>().join("\n    ");
        let mut text = format!("{name} failed: {failure}; it took {took:.1?}, run {id}");
        for (metric, value) in &self.notes.metrics {
            // Writing to a string does not fail.
            let _ = write!(text, ", {metric} {value}");
        }
        if let Some((tail, cut)) = self.tail.as_ref().filter(|_| with_tail) {
            text.push_str(if *cut { "; the end of its output:" } else { "; its output:" });
            for line in tail.lines() {
                let _ = write!(text, "\n    | {}", printable(line));
            }
        }
        text
    }

    /// The note for the server; `None` if there is nothing to say. At most [`TAIL`] bytes: the output is cut at its front.
    pub(super) fn note(&self, redactor: &Redactor) -> Option<String> {
        let mut text = if self.failure.is_some() { self.reasons(redactor) } else { String::new() };
        for (metric, value) in &self.notes.metrics {
            let _ = write!(text, "{}{metric}: {value}", if text.is_empty() { "" } else { "\n" });
        }
        // The server keeps the end of a note, so a longer one would lose its reason.
        let mut end = text.len().min(TAIL);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        let room = TAIL.saturating_sub(text.len() + 2);
        if let Some((tail, _)) = self.tail.as_ref().filter(|_| self.failure.is_some() && room > 0) {
            text.push_str("\n\n");
            let mut start = tail.len().saturating_sub(room);
            while !tail.is_char_boundary(start) {
                start += 1;
            }
            text.push_str(&tail[start..]);
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// The reasons of the failure, without secrets: those of `crons fail`, each cut, then the exit.
    fn reasons(&self, redactor: &Redactor) -> String {
        let told = self.notes.failures.iter().filter(|reason| !reason.is_empty());
        let shown = told.map(|reason| redactor.redact(reason, 0).chars().take(MAX_SHOWN).collect());
        let mut reasons: Vec<String> = shown.collect();
        let failure = self.failure.filter(|failure| *failure != TOLD || reasons.is_empty());
        reasons.extend(failure.map(|failure| redactor.redact(failure, 0)));
        let mut text = reasons.join("; ");
        if self.attempts > 1 {
            let _ = write!(text, " (attempt {})", self.attempts);
        }
        text
    }
}

/// The failure of a job that `crons fail` was called in, and that was successful otherwise.
pub(super) const TOLD: &str = "crons fail";

/// A line of output without the characters that control a terminal.
fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary<'a>(failure: Option<&'a str>, notes: &'a Notes, tail: Option<(String, bool)>) -> Summary<'a> {
        let took = Duration::from_millis(1_240);
        Summary { name: "job", id: "1f".to_owned(), failure, took, attempts: 1, notes, tail }
    }

    fn redactor() -> Redactor {
        Redactor::new([("A_KEY".to_owned(), "hunter2".to_owned())], [])
    }

    #[test]
    fn a_failed_run_is_a_line_with_its_reasons_and_its_output() {
        let metrics = vec![("rows".to_owned(), 1200.0), ("share".to_owned(), 0.5)];
        let notes = Notes { failures: vec!["no hunter2".to_owned()], metrics, ignored: 0 };
        let failed = summary(Some("exit code 3"), &notes, Some(("a\n\u{1b}[31mb\n".to_owned(), true)));
        assert_eq!(
            failed.line(&redactor(), true),
            "job failed: no ***; exit code 3; it took 1.2s, run 1f, rows 1200, share 0.5; the end of its output:\n    | a\n    | \
             \u{FFFD}[31mb"
        );
        let expected = "no ***; exit code 3\nrows: 1200\nshare: 0.5\n\na\n\u{1b}[31mb\n";
        assert_eq!(failed.note(&redactor()).as_deref(), Some(expected));
    }

    #[test]
    fn a_reason_adds_no_line_that_looks_like_one_of_the_log() {
        let notes = Notes { failures: vec!["a\ncrons: b\u{1b}[2J".to_owned()], ..Notes::default() };
        let line = summary(Some(TOLD), &notes, None).line(&redactor(), true);
        assert_eq!(line, "job failed: a\n    crons: b\u{FFFD}[2J; it took 1.2s, run 1f");
        let silent = Notes { failures: vec![String::new()], ..Notes::default() };
        let line = summary(Some(TOLD), &silent, None).line(&redactor(), true);
        assert!(line.starts_with("job failed: crons fail; "), "{line}");
    }

    #[test]
    fn a_reason_is_cut_after_its_secrets_are_hidden() {
        let told = format!("{}hunter2", "x".repeat(MAX_SHOWN - 3));
        let notes = Notes { failures: vec![told], ..Notes::default() };
        let note = summary(Some(TOLD), &notes, None).note(&redactor()).unwrap();
        assert_eq!(note, format!("{}***", "x".repeat(MAX_SHOWN - 3)));
    }

    #[test]
    fn the_note_of_a_successful_run_has_its_metrics_only() {
        let notes = Notes { metrics: vec![("rows".to_owned(), 2.0)], ..Notes::default() };
        let fine = summary(None, &notes, Some(("output".to_owned(), false)));
        assert_eq!(fine.note(&redactor()).as_deref(), Some("rows: 2"));
        assert_eq!(summary(None, &Notes::default(), None).note(&redactor()), None);
    }

    #[test]
    fn a_note_has_room_for_its_reason() {
        let long = Notes { failures: vec!["ü".repeat(MAX_SHOWN); 6], ..Notes::default() };
        let cut = summary(Some("exit code 1"), &long, Some(("output".to_owned(), false))).note(&redactor());
        let cut = cut.unwrap();
        assert!(cut.len() > TAIL - 2 && cut.len() <= TAIL && cut.ends_with('ü'), "{}", cut.len());
        let notes = Notes::default();
        let failed = summary(Some("exit code 1"), &notes, Some(("ä".repeat(TAIL), true)));
        let note = failed.note(&redactor()).unwrap();
        assert!(
            note.starts_with("exit code 1\n\nä") && note.len() <= TAIL && note.len() > TAIL - 2,
            "{}",
            note.len()
        );
    }
}
