//! `crons simulate`

use std::error::Error;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use crons_server::{ConfigChange, Database, RateLimit, Replay, Simulation, Ticks, parse_timeline};
use crons_types::{Interval, Minutes, Schedule, Timezone};

/// The command's own arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Lines of JSON: `{"at": .., "check_in": {..}}`, `{"at": .., "tick": true}`, `{"at": .., "mute": {"monitor",
    /// "environment", "muted"}}`, `{"at": .., "disable": {"monitor", "disabled"}}`; `-` reads them from the input.
    #[arg(value_name = "FILE", required_unless_present = "from_database")]
    file: Option<PathBuf>,
    /// Judge every minute from the first event to the last, or only those that are listed.
    #[arg(long, value_enum, default_value = "every-minute")]
    ticks: TicksArgument,
    /// Check-ins of one monitor environment that are taken in a minute, or `off`.
    #[arg(long, value_name = "N|off", default_value_t = RateLimit::SENTRY, conflicts_with = "from_database")]
    rate_limit: RateLimit,
    /// Replay what a server has stored instead of a file; the server may run meanwhile.
    #[arg(long, value_name = "URL", conflicts_with_all = ["file", "ticks"])]
    from_database: Option<Database>,
    #[command(flatten)]
    change: Change,
}

/// What to change of the stored configurations.
#[derive(clap::Args)]
// What `from_database` rules out would rule out that it is required.
#[group(requires = "from_database", conflicts_with = "file")]
struct Change {
    /// Only this monitor.
    #[arg(long, value_name = "SLUG")]
    monitor: Option<String>,
    /// With this crontab.
    #[arg(long, value_name = "CRONTAB", conflicts_with = "interval", value_parser = |text: &str| Schedule::crontab(text))]
    schedule: Option<Schedule>,
    /// With this interval, such as "10 minutes".
    #[arg(long, value_name = "SPAN", value_parser = |text: &str| text.parse::<Interval>())]
    interval: Option<Interval>,
    /// With the schedule in this time zone.
    #[arg(long, value_name = "TZ")]
    timezone: Option<Timezone>,
    /// With this margin, in minutes or in words.
    #[arg(long, value_name = "MARGIN", value_parser = |text: &str| Minutes::parse(text))]
    checkin_margin: Option<Minutes>,
    /// With this longest run time, in minutes or in words.
    #[arg(long, value_name = "TIME", value_parser = |text: &str| Minutes::parse(text))]
    max_runtime: Option<Minutes>,
    /// With an incident after this many failures.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=720))]
    failure_issue_threshold: Option<u32>,
    /// With the incident over after this many successes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=720))]
    recovery_threshold: Option<u32>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum TicksArgument {
    EveryMinute,
    Listed,
}

pub(crate) fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(tracing::Level::WARN)
        .init();
    let Arguments { file, ticks, rate_limit, from_database, change } = arguments;
    let report = match (from_database, file) {
        (Some(database), _) => {
            if let Some(path) = database.file().filter(|path| !path.exists()) {
                return Err(format!("there is no file {}", path.display()).into());
            }
            let replay = Replay { monitor_slug: change.monitor.clone(), change: change.into_config() };
            let Some((stored, report)) =
                replay.run(&database).map_err(|error| format!("{database}: {error}"))?
            else {
                let slug = replay.monitor_slug.unwrap_or_default();
                return Err(format!(
                    "--monitor: {database} has no monitor {slug:?}; write its slug, or leave it out"
                )
                .into());
            };
            compare(stored, report.incidents.len())?;
            report
        }
        (None, Some(path)) => {
            let named =
                if path.as_os_str() == "-" { "the input".to_owned() } else { path.display().to_string() };
            let text = read(&path).map_err(|error| format!("cannot read {named}: {error}"))?;
            let text = utf8(text).map_err(|reason| format!("{named}, {reason}"))?;
            let timeline = parse_timeline(&text).map_err(|reason| format!("{named}, {reason}"))?;
            let mut simulation = Simulation::new(ticks.into(), rate_limit)?;
            for event in timeline {
                simulation.happen(event)?;
            }
            simulation.finish()?
        }
        (None, None) => return Err("name a file, or a database by --from-database".into()),
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

/// The text, or the line that is none.
fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let (good, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let line = good.split(|byte| *byte == b'\n').count();
        let byte = rest.first().copied().unwrap_or_default();
        format!("line {line}: byte 0x{byte:02x} is no UTF-8; write the file as UTF-8")
    })
}

/// The answer in one line, beside the output that a program reads.
fn compare(stored: usize, simulated: usize) -> std::io::Result<()> {
    writeln!(
        std::io::stderr().lock(),
        "crons: the server opened {stored} incidents; like this, {simulated} would have been opened"
    )
}

impl Change {
    fn into_config(self) -> ConfigChange {
        ConfigChange {
            schedule: self.schedule.or(self.interval.map(Schedule::Interval)),
            timezone: self.timezone,
            checkin_margin: self.checkin_margin.map(Minutes::get),
            max_runtime: self.max_runtime.map(Minutes::get),
            failure_issue_threshold: self.failure_issue_threshold,
            recovery_threshold: self.recovery_threshold,
        }
    }
}

impl From<TicksArgument> for Ticks {
    fn from(argument: TicksArgument) -> Self {
        match argument {
            TicksArgument::EveryMinute => Self::EveryMinute,
            TicksArgument::Listed => Self::Listed,
        }
    }
}
