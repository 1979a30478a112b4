//! Lines of a crontab: variables, and jobs in their parts.

use crate::import::job::runs_another;
use crate::import::shell::is_shell_word;

/// The blanks of cron and of shells.
pub(super) const BLANKS: [char; 2] = [' ', '\t'];

/// A line of a job in its parts, which together are the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The text before the command: the schedule, the user of a system crontab, and options for cron, with the blanks behind them.
    pub(super) before: &'a str,
    pub(super) schedule: &'a str,
    /// The user; empty in a crontab of a user.
    pub(super) user: &'a str,
    /// The text up to the first `%` without a backslash, as the crontab has it.
    pub(super) command: &'a str,
    /// The text from there, which is the standard input of the command.
    pub(super) input: &'a str,
}

impl<'a> Line<'a> {
    /// Reads the line of a job, without blanks before it.
    ///
    /// # Errors
    /// If a part is missing: which one.
    pub(super) fn parse(line: &'a str, is_system: bool) -> Result<Self, String> {
        let is_nickname = line.trim_start_matches('-').starts_with('@');
        // The nickname of an interval has a value.
        let fields = match line.strip_prefix("@every") {
            Some(rest) if rest.starts_with(BLANKS) => 2,
            _ if is_nickname => 1,
            _ => 5,
        };
        let (schedule, mut rest) = split_words(line, fields).ok_or_else(|| {
            let grammar =
                if is_nickname { "a nickname such as @weekly and" } else { "five schedule fields and" };
            format!("a job has {grammar} a command; this line has fewer words")
        })?;
        let mut user = "";
        if is_system {
            (user, rest) = split_words(rest, 1)
                .ok_or_else(|| "a line of a system crontab names a user, then a command".to_owned())?;
        }
        while let Some((_, after)) = split_words(rest, 1).filter(|(word, _)| is_option_of_cron(word)) {
            rest = after;
        }
        let before = &line[..line.len() - rest.len()];
        let (command, input) = rest.split_at(command_end(rest));
        Ok(Self { before, schedule, user, command: trim_end(command), input })
    }

    /// The command as cron gives it to the shell.
    pub(super) fn script(&self) -> String {
        self.command.replace("\\%", "%")
    }

    /// A word at the place of the user or of the command that looks like a sixth field of a schedule.
    pub(super) fn sixth_field(&self) -> Option<&'a str> {
        let word = if self.user.is_empty() { self.command } else { self.user };
        let word = word.split(BLANKS).next().unwrap_or_default();
        let is_field = word.starts_with(|first: char| first.is_ascii_digit() || "*?".contains(first))
            && word.chars().all(|character| character.is_ascii_digit() || "*/,?-".contains(character));
        is_field.then_some(word)
    }

    /// The user of a system crontab in a line that was read as one of a user. `users` are names that are no programs.
    pub(super) fn user_before_command(&self, users: &[String]) -> Option<&'a str> {
        let (word, rest) = split_words(self.command, 1)?;
        let second = rest.split(BLANKS).next().unwrap_or_default();
        let is_command = second.starts_with(['/', '(', '.']) || is_shell_word(second) || runs_another(second);
        let is_user = word == "root" || is_command && users.iter().any(|user| user == word);
        (is_user && self.user.is_empty()).then_some(word)
    }
}

/// Returns whether a word is an option of cronie or of a BSD before the command, such as `-n` for no mail.
fn is_option_of_cron(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| !letters.is_empty() && letters.chars().all(|letter| "nqs".contains(letter)))
}

/// A line `NAME = value` with its name and value, each without quotes; `None` for any other line. As for cron, a name is a word of any
/// characters, or any text in quotes.
pub(super) fn variable(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_matches(BLANKS);
    let (name, rest) = match line.chars().next()? {
        quote @ ('"' | '\'') => line[1..].split_once(quote)?,
        _ => line.split_at(line.find(|end| end == '=' || BLANKS.contains(&end))?),
    };
    let value = rest.trim_start_matches(BLANKS).strip_prefix('=')?;
    (!name.is_empty()).then(|| (name, unquoted(value.trim_start_matches(BLANKS))))
}

fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Splits a line behind its first words and the blanks after them; `None` if nothing follows.
fn split_words(line: &str, count: usize) -> Option<(&str, &str)> {
    let mut rest = line;
    for _ in 0..count {
        rest = rest.trim_start_matches(BLANKS);
        rest = &rest[rest.find(BLANKS)?..];
    }
    let words = &line[..line.len() - rest.len()];
    let rest = rest.trim_start_matches(BLANKS);
    (!rest.is_empty()).then_some((words, rest))
}

/// The place of the first `%` without a backslash before it.
fn command_end(command: &str) -> usize {
    let mut is_escaped = false;
    for (place, character) in command.char_indices() {
        if character == '%' && !is_escaped {
            return place;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    command.len()
}

/// Removes the blanks at the end of a command, unless a backslash makes the first of them a part of a word.
fn trim_end(command: &str) -> &str {
    let trimmed = command.trim_end_matches(BLANKS);
    let backslashes = trimmed.len() - trimmed.trim_end_matches('\\').len();
    if backslashes.is_multiple_of(2) { trimmed } else { command }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_read_in_its_parts() {
        for (line, is_system, expected) in [
            ("0 3 * * *  job a  ", false, ("0 3 * * *  ", "", "job a", "")),
            ("@daily job%in \\% % ", false, ("@daily ", "", "job", "%in \\% % ")),
            ("@daily touch foo\\ %in", false, ("@daily ", "", "touch foo\\ ", "%in")),
            ("@daily echo $2 \\ ", false, ("@daily ", "", "echo $2 \\ ", "")),
            ("@daily echo \\\\  ", false, ("@daily ", "", "echo \\\\", "")),
            ("@daily\troot\tjob", true, ("@daily\troot\t", "root", "job", "")),
            ("@daily -n -qs job -n", false, ("@daily -n -qs ", "", "job -n", "")),
            ("@daily root -q job", true, ("@daily root -q ", "root", "job", "")),
            ("-@daily job", false, ("-@daily ", "", "job", "")),
            ("@every 5m job", false, ("@every 5m ", "", "job", "")),
            ("@daily a\u{a0}b", false, ("@daily ", "", "a\u{a0}b", "")),
        ] {
            let Line { before, user, command, input, .. } = Line::parse(line, is_system).unwrap();
            assert_eq!((before, user, command, input), expected, "{line}");
        }
        for (line, is_system, reason) in [
            ("0 3 * *", false, "a job has five schedule fields and a command"),
            ("@weekly", false, "a job has a nickname such as @weekly and a command"),
            ("@weekly root", true, "names a user"),
        ] {
            assert!(Line::parse(line, is_system).unwrap_err().contains(reason), "{line}");
        }
    }

    #[test]
    fn a_variable_has_any_name_that_cron_takes() {
        for (line, expected) in [
            ("A=b", Some(("A", "b"))),
            (" CRON_TZ = \"Asia/Tokyo\" ", Some(("CRON_TZ", "Asia/Tokyo"))),
            ("MY-VAR=1", Some(("MY-VAR", "1"))),
            ("my.var = 'a b'", Some(("my.var", "a b"))),
            ("\"MY VAR\" = 1", Some(("MY VAR", "1"))),
            ("A=", Some(("A", ""))),
            ("0 3 * * * A=1 job", None),
            ("@daily A=1 job", None),
            ("=1", None),
            ("", None),
        ] {
            assert_eq!(variable(line), expected, "{line}");
        }
    }

    #[test]
    fn a_sixth_field_and_a_user_are_told_from_commands() {
        let users = ["www-data".to_owned()];
        for (line, field, user) in [
            ("*/5 * * * * * /usr/bin/job", Some("*"), None),
            ("0 0 3 * * 1-5 /usr/bin/job", Some("1-5"), None),
            ("0 3 * * * */2 job", Some("*/2"), None),
            ("0 3 * * * 7z a x", None, None),
            ("0 3 * * * /usr/bin/job", None, None),
            ("0 3 * * * root job", None, Some("root")),
            ("0 3 * * * www-data /usr/bin/job", None, Some("www-data")),
            ("0 3 * * * www-data cd /srv && ./x", None, Some("www-data")),
            ("0 3 * * * www-data php x.php", None, Some("www-data")),
            ("0 3 * * * www-data --all", None, None),
        ] {
            let parsed = Line::parse(line, false).unwrap();
            assert_eq!((parsed.sixth_field(), parsed.user_before_command(&users)), (field, user), "{line}");
        }
    }
}
