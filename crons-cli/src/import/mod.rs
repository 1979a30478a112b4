//! `crons import`: jobs that exist, wrapped in `crons run`.

mod imported;
mod interval;
mod words;
mod program;
mod job;
mod wrapped;
mod crontab;
mod systemd;
mod kubernetes;

use std::error::Error;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crons_types::Timezone;
use jiff::Timestamp;

use self::imported::{Imported, Left, NotWrapped};
use self::program::Program;
use self::wrapped::Slugs;

/// The arguments of the command.
#[derive(clap::Args)]
#[command(
    after_help = "Nothing is changed: read the output, then install it. A job that cannot be wrapped is left as it is, and the \
    reason is printed. Exit code 1: there is such a job."
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
                Some(file) => read(file)?,
                None => own_crontab()?,
            };
            let settings = crontab::Settings { timezone: local()?, is_system, program: &program()? };
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
            let mut all = Imported::default();
            for file in files {
                let imported = kubernetes::import(
                    &read(&file)?,
                    timezone.unwrap_or(Timezone::UTC),
                    &program,
                    &mut slugs,
                )
                .map_err(|reason| format!("{}: {reason}", file.display()))?;
                all.text.push_str(&imported.text);
                all.left.extend(imported.left);
            }
            all
        }
    };
    std::io::stdout().lock().write_all(imported.text.as_bytes())?;
    let mut errors = std::io::stderr().lock();
    for Left { place, cause } in &imported.left {
        writeln!(errors, "crons: {place}: left as it is: {}", cause.reason())?;
    }
    Ok(imported.left.iter().all(|left| matches!(left.cause, NotWrapped::NotNeeded(_))))
}

fn read(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

/// The crontab of the user who runs the command; empty if there is none.
fn own_crontab() -> Result<String, String> {
    let help = "name a file: crons import crontab FILE";
    let output = Command::new("crontab")
        .arg("-l")
        .output()
        .map_err(|error| format!("`crontab -l` cannot be run: {error}; {help}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`crontab -l` failed: {}; {help}", said.trim()));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("your crontab is not UTF-8; {help}"))
}

/// Returns whether the lines of a file have a column for the user, by the path of the file.
fn is_system_crontab(file: &Path) -> bool {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    file.ends_with("etc/crontab") || file.parent().is_some_and(|folder| folder.ends_with("etc/cron.d"))
}

/// The zone of this machine by name.
fn local_zone() -> Result<Timezone, String> {
    const HELP: &str = "name the zone with --timezone, such as --timezone Europe/Vienna";
    let name = iana_time_zone::get_timezone()
        .map_err(|error| format!("the time zone of this machine cannot be found: {error}; {HELP}"))?;
    // Debian writes `Etc/UTC`, which the server accepts too; `UTC` is its plain name.
    if name == "Etc/UTC" {
        return Ok(Timezone::UTC);
    }
    Timezone::parse(&name).map_err(|error| format!("the time zone of this machine: {error}; {HELP}"))
}

fn own_path() -> Result<String, String> {
    const HELP: &str = "name it with --crons PATH";
    let path = std::env::current_exe()
        .map_err(|error| format!("the path of crons cannot be found: {error}; {HELP}"))?;
    path.into_os_string().into_string().map_err(|_| format!("the path of crons is not UTF-8; {HELP}"))
}
