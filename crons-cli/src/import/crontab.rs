//! Crontabs, of a user or of the system. Everything but the commands of jobs is kept as it is.

use crons_types::{Schedule, Timezone};
use jiff::SignedDuration;

use super::imported::{Imported, Left, NotWrapped};
use super::job;
use super::program::Program;
use super::words::shell_quoted;
use super::wrapped::{Slugs, Wrapped};

/// The settings by which a crontab is read and written.
pub(super) struct Settings<'a> {
    /// The zone of lines without `CRON_TZ` before them.
    pub(super) timezone: Timezone,
    /// Whether the lines have a column for the user.
    pub(super) is_system: bool,
    pub(super) program: &'a Program,
}

/// The variables of a crontab that bear on the lines after them.
struct Variables {
    /// `Err` holds a value of `CRON_TZ` that is no zone.
    timezone: Result<Timezone, String>,
    shell: String,
}

/// Wraps the jobs of a crontab.
pub(super) fn import(text: &str, settings: &Settings<'_>, slugs: &mut Slugs) -> Imported {
    let mut imported = Imported::default();
    let mut variables = Variables { timezone: Ok(settings.timezone), shell: "/bin/sh".to_owned() };
    for (number, line) in (1..).zip(text.lines()) {
        if let Some((name, value)) = variable(line) {
            variables.set(name, value);
        } else if let trimmed = line.trim()
            && !trimmed.is_empty()
            && !trimmed.starts_with('#')
        {
            let place = format!("line {number}");
            match wrap(trimmed, settings, &variables, slugs) {
                Ok(wrapped) => {
                    imported.text.push_str(&wrapped);
                    imported.text.push('\n');
                    continue;
                }
                Err(cause) => {
                    if let NotWrapped::Unable(reason) = &cause {
                        let comment = format!("# crons: the next line is not wrapped: {reason}\n");
                        // The line may have it from an earlier import.
                        let comment = if imported.text.ends_with(&comment) { "" } else { &comment };
                        imported.text.push_str(comment);
                    }
                    imported.left.push(Left { place, cause });
                }
            }
        }
        imported.text.push_str(line);
        imported.text.push('\n');
    }
    imported
}

/// A line `NAME = value` with its name and value, each without quotes; `None` for any other line.
fn variable(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = unquoted(name.trim());
    let is_name = !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    is_name.then(|| (name, unquoted(value.trim())))
}

fn unquoted(text: &str) -> &str {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

impl Variables {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "CRON_TZ" => self.timezone = Timezone::parse(value).map_err(|error| format!("CRON_TZ: {error}")),
            "SHELL" => value.clone_into(&mut self.shell),
            _ => {}
        }
    }
}

/// Returns the line with its command wrapped.
fn wrap(
    line: &str,
    settings: &Settings<'_>,
    variables: &Variables,
    slugs: &mut Slugs,
) -> Result<String, NotWrapped> {
    let fields = if line.starts_with('@') { 1 } else { 5 };
    let (schedule, rest) = split_fields(line, fields)
        .ok_or_else(|| format!("a job has {fields} schedule fields and a command; this line has fewer"))?;
    let (user, command) = if settings.is_system {
        split_fields(rest, 1)
            .ok_or_else(|| "a line of a system crontab names a user, then a command".to_owned())?
    } else {
        ("", rest)
    };
    if schedule == "@reboot" {
        return Err(NotWrapped::NotNeeded("@reboot is no schedule: no run of it can be missed".to_owned()));
    }
    // Cron ends the command at the first `%` without a backslash; the rest is its standard input.
    let end = command_end(command);
    let (command, input) = command.split_at(end);
    let run = command.replace("\\%", "%");
    if settings.program.run_in(&run).is_some() {
        return Err(NotWrapped::NotNeeded("the job runs under `crons run` already".to_owned()));
    }
    let wrapped = Wrapped {
        schedule: schedule_of(schedule)?,
        timezone: variables.timezone.clone()?,
        slug: slugs.unique(&job::slug(&run)),
        lateness: SignedDuration::ZERO,
        longest: None,
    };
    let prefix = wrapped.for_shell(settings.program.path()).replace('%', "\\%");
    let command = command.trim_end();
    let command = if !job::needs_shell(&run) {
        format!("-- {command}")
    } else if variables.shell == "/bin/sh" {
        format!("--shell -- {}", shell_quoted(command))
    } else {
        format!("-- {} -c {}", shell_quoted(&variables.shell), shell_quoted(command))
    };
    let before = line.len() - rest.len();
    let user = if user.is_empty() { String::new() } else { format!("{user} ") };
    Ok(format!("{}{user}{prefix} {command}{input}", &line[..before]))
}

/// Splits a line behind its first fields and the blanks after them; `None` if nothing follows.
fn split_fields(line: &str, count: usize) -> Option<(&str, &str)> {
    let mut rest = line;
    for _ in 0..count {
        rest = rest.trim_start();
        rest = &rest[rest.find(char::is_whitespace)?..];
    }
    let fields = &line[..line.len() - rest.len()];
    let rest = rest.trim_start();
    (!rest.is_empty()).then_some((fields, rest))
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

/// The schedule of a line, in the dialect of the server.
fn schedule_of(fields: &str) -> Result<Schedule, String> {
    // A minus sign before a line keeps it out of the log of some versions of cron.
    let fields = fields.trim_start_matches('-');
    let fields = if fields == "@midnight" { "@daily" } else { fields };
    if fields.contains('~') {
        return Err(format!(
            "the schedule {fields:?} has a random time (`~`), which nobody can expect; write a fixed one"
        ));
    }
    let fields = fields.split_whitespace().collect::<Vec<_>>().join(" ");
    Schedule::crontab(&fields).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
