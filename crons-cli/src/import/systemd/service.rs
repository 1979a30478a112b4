//! Services: the command of the job, and the time that it may take.

use jiff::SignedDuration;

use super::time_span::time_span;
use super::unit_file::UnitFile;

/// The job of a service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Service<'a> {
    /// Signs before the command that change how systemd starts it, such as `-`.
    pub(super) prefix: &'a str,
    pub(super) command: &'a str,
    /// The time after which systemd ends the job; `None` for never.
    pub(super) longest: Option<SignedDuration>,
    /// Whether the unit itself sets the DSN.
    pub(super) has_dsn: bool,
}

impl<'a> Service<'a> {
    /// Reads the settings of a service.
    ///
    /// # Errors
    /// If its command cannot be wrapped: the reason.
    pub(super) fn read(unit: &'a UnitFile) -> Result<Self, String> {
        let kind = unit.value("Service", "Type").unwrap_or("simple");
        if !matches!(kind, "simple" | "exec" | "oneshot" | "idle") {
            return Err(format!(
                "its service has Type={kind}, which expects the job itself as its main process"
            ));
        }
        let commands = unit.values("Service", "ExecStart");
        let [command] = commands[..] else {
            return Err(format!(
                "its service has {} lines ExecStart=; one is needed: wrap each by hand",
                commands.len()
            ));
        };
        let (prefix, command) = command.split_at(command.find(|sign| !"-:+!@|".contains(sign)).unwrap_or(0));
        if let Some(sign) = prefix.chars().find(|sign| "@|".contains(*sign)) {
            return Err(format!(
                "ExecStart= has the prefix `{sign}`, which names the process (`@`) or asks for a shell (`|`); `crons run` cannot pass \
                 that on"
            ));
        }
        if has_separator(command) {
            return Err(
                "ExecStart= has several commands, separated by `;`; one is needed: wrap each by hand"
                    .to_owned(),
            );
        }
        let limits: &[&str] =
            if kind == "oneshot" { &["TimeoutStartSec", "TimeoutSec"] } else { &["RuntimeMaxSec"] };
        let longest = match unit.assignments("Service", limits).pop() {
            // systemd takes 0 for no limit.
            Some((key, text)) => time_span(key, text)?.filter(|length| *length > SignedDuration::ZERO),
            None => None,
        };
        let environment = unit.values("Service", "Environment");
        let has_dsn = environment.iter().any(|value| value.contains("SENTRY_DSN="));
        Ok(Self { prefix, command, longest, has_dsn })
    }
}

/// Returns whether a word of the command is `;` outside of quotes, which begins another command.
fn has_separator(command: &str) -> bool {
    let mut quote = None;
    let mut word = String::new();
    for character in command.chars().chain([' ']) {
        match quote {
            Some(open) if character == open => quote = None,
            None if character.is_ascii_whitespace() => {
                if std::mem::take(&mut word) == ";" {
                    return true;
                }
                continue;
            }
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(_) | None => {}
        }
        word.push(character);
    }
    false
}

/// Quotes a word for `ExecStart=`, where `%` and `$` are special.
pub(super) fn unit_quoted(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=@,+%".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_of_its_own_separates_commands() {
        for (command, expected) in [
            ("/bin/a ; /bin/b x", true),
            ("/bin/a ;", true),
            ("/bin/a; /bin/b", false),
            (r"/bin/find . -exec rm {} \;", false),
            ("/bin/sh -c 'a ; b'", false),
            ("/bin/echo \"it's ; x\"", false),
        ] {
            assert_eq!(has_separator(command), expected, "{command}");
        }
    }
}
