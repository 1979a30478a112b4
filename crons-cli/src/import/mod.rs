//! `crons import`: jobs that exist, wrapped in `crons run`.

mod imported;
mod input;
mod machine;
mod interval;
mod dialect;
mod words;
mod program;
mod shell;
mod job;
mod wrapped;
mod crontab;
mod systemd;
mod kubernetes;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use crons_types::Timezone;
use jiff::Timestamp;

use self::imported::{Imported, Left, NotWrapped};
use self::input::{own_crontab, read, shown};
use self::machine::{local_zone, own_path, users};
use self::program::Program;
use self::wrapped::Slugs;

/// The arguments of the command.
#[derive(clap::Args)]
#[command(
    after_help = "Nothing is changed: read the output, then install it. A job that cannot be wrapped is left as it is, and the \
    reason is printed. Exit code 1: there is such a job.\n\nThe jobs need the DSN: a line SENTRY_DSN=.. in the crontab, Environment=SENTRY_DSN=.. \
    in the service, an entry of `env` in the container."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    source: Option<Source>,
    /// Time zone of schedules that do not name one [default: the zone of this machine; for Kubernetes UTC].
    #[arg(long, value_name = "TZ", global = true)]
    timezone: Option<Timezone>,
    /// Path of `crons` in the wrapped commands [default: the path of this program; for Kubernetes `crons`].
    #[arg(long, value_name = "PATH", global = true)]
    crons: Option<String>,
}

#[derive(clap::Subcommand)]
enum Source {
    /// Print a crontab with each job wrapped; without FILE your own, as `crontab -l` prints it.
    Crontab {
        /// A file, or `-` for standard input. /etc/crontab and files in /etc/cron.d have a column for the user.
        file: Option<PathBuf>,
        /// The lines have a column for the user, as in /etc/crontab.
        #[arg(long)]
        system: bool,
    },
    /// Print a drop-in file for the service of each timer.
    Systemd {
        /// Names of timers, such as `backup.timer` or `backup`, or paths of their files.
        #[arg(required = true)]
        units: Vec<String>,
    },
    /// Print the wrapped `command` of the containers of each CronJob.
    Kubernetes {
        /// YAML files, or `-` for standard input.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Prints the wrapped jobs. Returns whether every job that has a schedule was wrapped.
pub(crate) fn run(arguments: Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { source, timezone, crons } = arguments;
    let source = source.unwrap_or(Source::Crontab { file: None, system: false });
    let local = || match timezone {
        Some(zone) => Ok(zone),
        None => local_zone(),
    };
    let program = || crons.clone().map_or_else(own_path, Ok).map(Program::new);
    let mut slugs = Slugs::default();
    let imported = match source {
        Source::Crontab { file, system } => {
            let is_system = system || file.as_deref().is_some_and(is_system_crontab);
            let text = match &file {
                Some(file) => read(file).map_err(|reason| format!("{}: {reason}", shown(file)))?,
                None => own_crontab()?,
            };
            let settings =
                crontab::Settings { timezone: local()?, is_system, program: &program()?, users: &users() };
            crontab::import(&text, &settings, &mut slugs)
        }
        Source::Systemd { units } => {
            let settings = systemd::Settings {
                folders: systemd::FOLDERS,
                timezone: local()?,
                program: &program()?,
                now: Timestamp::now(),
            };
            systemd::import(&units, &settings, &mut slugs)
        }
        Source::Kubernetes { files } => {
            let program = Program::new(crons.unwrap_or_else(|| "crons".to_owned()));
            let timezone = timezone.unwrap_or(Timezone::UTC);
            let settings = kubernetes::Settings { timezone, program: &program, now: Timestamp::now() };
            import_files(&files, |text| kubernetes::import(text, &settings, &mut slugs))?
        }
    };
    std::io::stdout().lock().write_all(imported.text.as_bytes())?;
    let mut errors = std::io::stderr().lock();
    for Left { place, cause } in &imported.left {
        writeln!(errors, "crons: {place}: left as it is: {}", cause.reason())?;
    }
    Ok(imported.left.iter().all(|left| matches!(left.cause, NotWrapped::NotNeeded(_))))
}

/// Imports files one by one. A file that cannot be imported is left, with the reason.
///
/// # Errors
/// If no file can be imported.
fn import_files(
    files: &[PathBuf],
    mut import: impl FnMut(&str) -> Result<Imported, NotWrapped>,
) -> Result<Imported, String> {
    let mut all = Imported::default();
    let mut refused = Vec::new();
    for file in files {
        let place = shown(file);
        let imported = read(file).map_err(NotWrapped::Unable).and_then(|text| import(&text));
        match imported {
            Ok(Imported { text, left }) => {
                all.text.push_str(&text);
                let in_file = |place_in: String| {
                    if files.len() > 1 { format!("{place}, {place_in}") } else { place_in }
                };
                all.left.extend(left.into_iter().map(|left| Left { place: in_file(left.place), ..left }));
            }
            Err(cause) => refused.push(Left { place, cause }),
        }
    }
    if refused.len() == files.len() {
        let reasons = refused.iter().map(|Left { place, cause }| format!("{place}: {}", cause.reason()));
        return Err(reasons.collect::<Vec<_>>().join("\ncrons: "));
    }
    all.left.extend(refused);
    Ok(all)
}

/// Returns whether the lines of a file have a column for the user, by the path of the file.
fn is_system_crontab(file: &Path) -> bool {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    file.ends_with("etc/crontab") || file.parent().is_some_and(|folder| folder.ends_with("etc/cron.d"))
}
