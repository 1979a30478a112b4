//! `crons simulate`

use std::error::Error;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::ArgGroup;
use crons_server::{Database, RateLimit, Replay, Simulation, Ticks, parse_timeline, quoted};

use crate::config_change::ChangeArguments;
use crate::values::utf8;

/// The arguments of the command.
#[derive(clap::Args)]
// `requires` stands here and not at each argument: clap ignores a requirement that an argument's own conflicts exclude.
#[command(group = ArgGroup::new("replay").arg("monitor").args(ChangeArguments::NAMES).multiple(true).requires("from_database").conflicts_with("file"))]
pub(crate) struct Arguments {
    /// Timeline to simulate, `-` for standard input: lines of JSON in order of time, such as
    /// `{"at": "2024-06-03T10:00:05Z", "check_in": {..}}`, `{"at": "..", "tick": true}`,
    /// `{"at": "..", "mute": {"monitor": "..", "environment": "..", "muted": true}}`,
    /// `{"at": "..", "silence": {"monitor": "nightly-*", "for": "2h"}}`,
    /// `{"at": "..", "disable": {"monitor": "..", "disabled": true}}`.
    #[arg(value_name = "FILE", required_unless_present = "from_database")]
    file: Option<PathBuf>,
    /// Evaluate deadlines in every minute from the first event to the last, or only at the listed `tick` events.
    #[arg(long, value_enum, default_value = "every-minute")]
    ticks: TicksArgument,
    /// Accept this many check-ins per minute from one environment of a monitor; `off` accepts any number.
    #[arg(long, value_name = "N|off", default_value_t = RateLimit::SENTRY, conflicts_with = "from_database")]
    rate_limit: RateLimit,
    /// Replay the check-ins of this database instead of a file; its server may be running.
    #[arg(long, value_name = "URL", conflicts_with_all = ["file", "ticks"])]
    from_database: Option<Database>,
    /// Replay only this monitor.
    #[arg(long, value_name = "SLUG")]
    monitor: Option<String>,
    #[command(flatten)]
    change: ChangeArguments,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum TicksArgument {
    EveryMinute,
    Listed,
}

/// Simulates, and prints the report as JSON.
pub(crate) fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(tracing::Level::WARN)
        .init();
    let Arguments { file, ticks, rate_limit, from_database, monitor, change } = arguments;
    let report = match (from_database, file) {
        (Some(database), _) => {
            if let Some(path) = database.file().filter(|path| !path.exists()) {
                return Err(format!("the file {} does not exist", path.display()).into());
            }
            let replay = Replay { monitor_slug: monitor, change: change.into_config() };
            let Some((stored, report)) =
                replay.run(&database).map_err(|error| format!("{database}: {error}"))?
            else {
                let slug = replay.monitor_slug.unwrap_or_default();
                return Err(format!(
                    "--monitor: {database} has no monitor {}; write the slug of one of its monitors, or leave the flag out",
                    quoted(&slug)
                )
                .into());
            };
            writeln!(std::io::stderr(), "crons: {}", comparison(stored, report.incidents.len()))?;
            report
        }
        (None, Some(path)) => {
            let named = if path.as_os_str() == "-" {
                "standard input".to_owned()
            } else {
                path.display().to_string()
            };
            let text = read(&path).map_err(|error| format!("cannot read {named}: {error}"))?;
            let text = utf8(text).map_err(|reason| format!("{named}, {reason}"))?;
            let timeline = parse_timeline(&text).map_err(|reason| format!("{named}, {reason}"))?;
            let mut simulation = Simulation::new(ticks.into(), rate_limit)?;
            for event in timeline {
                simulation.apply(event)?;
            }
            simulation.finish()?
        }
        (None, None) => return Err("name a file, or a database with --from-database".into()),
    };
    let mut output = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut output, &report)?;
    writeln!(output)?;
    Ok(())
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The numbers of incidents in a sentence. It is printed to standard error, as standard output holds the report.
fn comparison(stored: usize, simulated: usize) -> String {
    let incidents = if stored == 1 { "incident" } else { "incidents" };
    format!(
        "the server has opened {stored} {incidents}; with this configuration it would have opened {simulated}"
    )
}

impl From<TicksArgument> for Ticks {
    fn from(argument: TicksArgument) -> Self {
        match argument {
            TicksArgument::EveryMinute => Self::EveryMinute,
            TicksArgument::Listed => Self::Listed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_incident_is_not_written_as_several() {
        assert!(comparison(1, 0).starts_with("the server has opened 1 incident; "));
        assert!(comparison(2, 1).starts_with("the server has opened 2 incidents; "));
    }
}
