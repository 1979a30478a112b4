//! Crontabs, of a user or of the system. Everything but the commands of jobs is kept as it is.

mod schedule;
mod line;

use crons_types::Timezone;
use jiff::SignedDuration;

use self::line::{BLANKS, Line, variable};
use self::schedule::schedule;
use super::imported::{Imported, Left, NotWrapped};
use super::job;
use super::program::Program;
use super::shell::needs_shell;
use super::words::shell_quoted;
use super::wrapped::{Slugs, Wrapped};

/// The most bytes of a command: `MAX_COMMAND` of Debian's cron is 1,000, and a crontab with a longer one is refused as a whole.
const MAX_COMMAND: usize = 998;

/// The most minutes of `RANDOM_DELAY` of cronie.
const MAX_RANDOM_DELAY: u32 = 1_440;

/// The settings by which a crontab is read and written.
pub(super) struct Settings<'a> {
    /// The zone of lines without `CRON_TZ` before them.
    pub(super) timezone: Timezone,
    /// Whether the lines have a column for the user.
    pub(super) is_system: bool,
    pub(super) program: &'a Program,
    /// Users of this machine, to tell a crontab of the system.
    pub(super) users: &'a [String],
}

/// The variables of a crontab that bear on the lines after them.
struct Variables {
    /// `Err` holds a value of `CRON_TZ` that is no zone.
    timezone: Result<Timezone, String>,
    /// Whether the zone is that of `CRON_TZ`, and no note has told of it yet.
    has_new_zone: bool,
    shell: String,
    random_delay: SignedDuration,
    has_dsn: bool,
}

/// Wraps the jobs of a crontab.
pub(super) fn import(text: &str, settings: &Settings<'_>, slugs: &mut Slugs) -> Imported {
    let mut imported = Imported::default();
    let (text, has_mark) = text.strip_prefix('\u{feff}').map_or((text, false), |text| (text, true));
    if has_mark {
        imported.comment(
            "the byte order mark before this line is left out: cron takes it for a part of the line",
        );
    }
    for run in jobs(text).filter_map(|line| settings.program.run_in(line)) {
        run.slug.iter().for_each(|slug| slugs.reserve(slug));
    }
    let mut variables = Variables {
        timezone: Ok(settings.timezone),
        has_new_zone: false,
        shell: "/bin/sh".to_owned(),
        random_delay: SignedDuration::ZERO,
        has_dsn: false,
    };
    for (number, line) in (1..).zip(text.split_terminator('\n')) {
        if let Some((name, value)) = variable(line) {
            variables.set(name, value);
        } else if let Some(job) = jobs(line).next() {
            match wrap(job, settings, &variables, slugs) {
                Ok(Job { line, notes }) => {
                    for note in &notes {
                        imported.comment(note);
                    }
                    variables.has_new_zone = false;
                    variables.has_dsn = true;
                    imported.line(&line);
                    continue;
                }
                Err(cause) => {
                    if let NotWrapped::Unable(reason) = &cause {
                        imported.comment(&format!("the next line is not wrapped: {reason}"));
                    }
                    imported.left.push(Left { place: format!("line {number}"), cause });
                }
            }
        }
        imported.line(line);
    }
    imported
}

/// The lines of a text that are jobs, without the blanks before them.
fn jobs(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split('\n').filter(|line| variable(line).is_none());
    lines
        .map(|line| line.trim_start_matches(BLANKS))
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

impl Imported {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a comment, unless the crontab has it from an earlier import.
    fn comment(&mut self, text: &str) {
        let comment = format!("# crons: {text}\n");
        if !self.text.ends_with(&comment) {
            self.text.push_str(&comment);
        }
    }
}

impl Variables {
    fn set(&mut self, name: &str, value: &str) {
        match name {
            "CRON_TZ" => {
                self.timezone = Timezone::parse(value).map_err(|error| format!("CRON_TZ: {error}"));
                self.has_new_zone = true;
            }
            "SHELL" => value.clone_into(&mut self.shell),
            // cronie takes another value for 0.
            "RANDOM_DELAY" => {
                let minutes = value.parse().ok().filter(|minutes| *minutes <= MAX_RANDOM_DELAY);
                self.random_delay = SignedDuration::from_mins(minutes.unwrap_or(0).into());
            }
            "SENTRY_DSN" => self.has_dsn = true,
            _ => {}
        }
    }
}

/// A job that was wrapped.
struct Job {
    line: String,
    /// Facts that the reader of the crontab must know.
    notes: Vec<String>,
}

/// Wraps the command of a line.
fn wrap(
    text: &str,
    settings: &Settings<'_>,
    variables: &Variables,
    slugs: &mut Slugs,
) -> Result<Job, NotWrapped> {
    let line = Line::parse(text, settings.is_system)?;
    if line.schedule == "@reboot" {
        return Err(NotWrapped::NotNeeded("@reboot is no schedule: no run of it can be missed".to_owned()));
    }
    let script = line.script();
    if settings.program.run_in(&script).is_some() {
        return Err(NotWrapped::NotNeeded("the job runs under `crons run` already".to_owned()));
    }
    if let Some(reason) = refusal(text, &line, settings) {
        return Err(NotWrapped::Unable(reason));
    }
    let wrapped = Wrapped {
        schedule: schedule(line.schedule)?,
        timezone: variables.timezone.clone()?,
        slug: slugs.unique(&job::slug(&script)),
        lateness: variables.random_delay,
        longest: None,
    };
    let prefix = wrapped.for_shell(settings.program.path()).replace('%', "\\%");
    let command = if !needs_shell(&script) {
        format!("-- {}", line.command)
    } else if variables.shell == "/bin/sh" {
        format!("--shell -- {}", shell_quoted(line.command))
    } else {
        format!("-- {} -c {}", shell_quoted(&variables.shell), shell_quoted(line.command))
    };
    let command = format!("{prefix} {command}{}", line.input);
    if command.len() > MAX_COMMAND {
        return Err(NotWrapped::Unable(format!(
            "its command would have {} bytes, and Debian's cron refuses a crontab with more than {MAX_COMMAND} in one: move the command \
             into a script",
            command.len()
        )));
    }
    let zone_note = variables.has_new_zone.then(|| {
        "CRON_TZ is obeyed by cronie and ignored by Debian's cron; there, write the zone of the machine behind --timezone".to_owned()
    });
    let dsn_note = (!variables.has_dsn).then(|| {
        "nothing is reported without the DSN: add a line SENTRY_DSN=https://key@host/1 above the jobs"
            .to_owned()
    });
    let notes = dsn_note.into_iter().chain(zone_note).chain(wrapped.margin_warning()).collect();
    Ok(Job { line: format!("{}{command}", line.before), notes })
}

/// The reason not to wrap a line whose command is not what it seems; `None` if it is.
fn refusal(text: &str, line: &Line<'_>, settings: &Settings<'_>) -> Option<String> {
    if text.ends_with('\r') {
        return Some(
            "it ends with a carriage return, which cron passes to the command: save the file with line ends of Unix".to_owned(),
        );
    }
    if let Some(field) = line.sixth_field() {
        return Some(format!(
            "`{field}` behind the five schedule fields is no command; cron has no seconds and no years: write five fields"
        ));
    }
    let user = line.user_before_command(settings.users)?;
    Some(format!(
        "`{user}` is a user of this machine, as in a crontab of the system: add --system, or write the path of the command"
    ))
}

#[cfg(test)]
mod tests;
