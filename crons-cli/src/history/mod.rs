//! `crons history import`: what the history of a job at another service would have been here.

// In layer order: a module uses only those above it.
mod row;
mod verdict;
mod unread;
mod imported;
mod service;
mod sentry;
mod healthchecks;
mod comparison;
mod text;

use std::error::Error;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crons_server::{ImportedRun, Rehearsed, Replay};
use crons_types::{Minutes, MonitorConfig, Schedule, Slug};
use jiff::Timestamp;
use serde_json::json;

use self::comparison::Comparison;
use self::imported::{History, Skipped};
use self::service::Service;
use crate::config_change::ChangeArguments;
use crate::output::{Painter, printable};

/// The most bytes of a file.
const MAX_FILE: u64 = 128 << 20;
/// The most runs that a schedule may expect within the history, and the most reports of it: more than a year of every minute.
const MAX_SLOTS: u64 = 600_000;
/// The most outages of the service: each deadline is compared with all of them.
const MAX_OUTAGES: usize = 1_000;
/// The most malformed rows that are named.
const MOST_NAMED: usize = 20;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Read the check-ins of a monitor, or the pings of a check, and replay them by the rules of the server.
    Import(ImportArguments),
}

#[derive(clap::Args)]
#[command(
    after_help = "FILE has the answers of the service as they are, one after the other:\n  sentry         GET \
    /api/0/organizations/ORGANIZATION/monitors/SLUG/checkins/\n  healthchecks   GET /api/v3/checks/UUID/pings/, with --schedule or \
    --interval, as pings have none\n\nNothing is sent or stored. Exit code 1: rows of the file cannot be read."
)]
struct ImportArguments {
    /// Service that has written the file.
    #[arg(long, value_enum)]
    from: Service,
    /// File, or `-` for standard input.
    file: PathBuf,
    /// Slug of the monitor, for the advice [default: the name of the file].
    #[arg(long, value_name = "SLUG")]
    monitor: Option<Slug>,
    /// Print the comparison as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    change: ChangeArguments,
}

/// Compares the history of a file with its replay. Returns whether all rows of the file could be read.
pub(crate) fn run(arguments: Arguments) -> Result<bool, Box<dyn Error>> {
    let Action::Import(ImportArguments { from, file, monitor, json, change }) = arguments.action;
    let shown = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let in_file = |reason: String| format!("{shown}: {reason}");
    let replay = Replay { monitor_slug: None, change: change.into_config() };
    let schedule = replay.change.schedule.as_ref();
    let rows = from.rows(&read(&file).map_err(in_file)?).map_err(in_file)?;
    let mut history = match (from, schedule) {
        (Service::Sentry, schedule) => sentry::read(&rows, schedule),
        (Service::Healthchecks, Some(schedule)) => healthchecks::read(&rows, schedule),
        (Service::Healthchecks, None) => {
            return Err("pings have no schedule; add --schedule or --interval, as the check has it".into());
        }
    };
    let total = rows.len();
    drop(rows);
    let mut errors = std::io::stderr().lock();
    history.add_unread(schedule.map(|schedule| MonitorConfig::new(schedule.clone())));
    for Skipped { reason, unread } in history.skipped.iter().take(MOST_NAMED) {
        // The reason repeats values of the file, which may have control characters.
        let reason = printable(reason);
        let rest = if unread.is_some() {
            "only the time and the status of the row are used"
        } else {
            "the row is left out"
        };
        writeln!(errors, "crons: {shown}: {reason}; {rest}")?;
    }
    if history.skipped.len() > MOST_NAMED {
        writeln!(errors, "crons: {shown}: {} more rows cannot be read", history.skipped.len() - MOST_NAMED)?;
    }
    history.prepare();
    let Some((since, until)) = history.span() else {
        return Err(in_file(format!("none of its {total} rows is a run")).into());
    };
    bound(&history, schedule, since, until).map_err(in_file)?;
    let slug = monitor.map_or_else(|| slug_of(&file), Ok).map_err(in_file)?;
    let Rehearsed { report, advice } = replay.rehearse(&slug, &history.runs, &history.outages, until)?;
    let comparison = Comparison::new(&history.verdicts, &report);
    let mut output = std::io::stdout().lock();
    if json {
        let mut answer = comparison.json();
        answer["monitor"] = json!(slug.as_str());
        answer["since"] = json!(since);
        answer["until"] = json!(until);
        answer["runs"] = json!(history.runs.len());
        let reasons: Vec<&str> = history.skipped.iter().map(|row| row.reason.as_str()).collect();
        answer["skippedRows"] = json!(reasons);
        answer["rowsWithoutTime"] = json!(history.without_time());
        answer["advice"] = json!(advice);
        writeln!(output, "{answer:#}")?;
    } else {
        let summary = text::Summary {
            slug: &slug,
            history: &history,
            since,
            until,
            comparison: &comparison,
            advice: &advice,
            knows_misses: from == Service::Sentry,
        };
        write!(output, "{}", summary.render(Painter::stdout()))?;
    }
    Ok(history.skipped.is_empty())
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(file).map_err(|error| format!("it cannot be read: {error}"))?)
    };
    let read = source.take(MAX_FILE + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("it has more than {} MiB; export a shorter stretch of time", MAX_FILE >> 20));
    }
    Ok(bytes)
}

/// Refuses a history whose replay would not end soon: each expected run without a report is a miss, and a run that took longer than its
/// `max_runtime` has a report for each time that this has passed.
fn bound(
    history: &History,
    schedule: Option<&Schedule>,
    since: Timestamp,
    until: Timestamp,
) -> Result<(), String> {
    let own = history.runs.iter().map(|run| run.config.get_schedule());
    let gap = schedule.map_or_else(|| own.map(Schedule::min_gap).min(), |schedule| Some(schedule.min_gap()));
    let gap = gap.map_or(u64::MAX, |gap| gap.as_secs().max(1));
    let begins = history.begins();
    let slots: u64 =
        begins.values().map(|begin| until.duration_since(*begin).as_secs().unsigned_abs() / gap).sum();
    if slots > MAX_SLOTS {
        return Err(format!(
            "its rows are of {since} to {until} in {} environments, in which the schedule expects up to {slots} runs, and at most \
             {MAX_SLOTS} are replayed; {SHORTER}",
            begins.len()
        ));
    }
    if history.outages.len() > MAX_OUTAGES {
        let outages = history.outages.len();
        return Err(format!(
            "its unknown runs are of {outages} outages, and at most {MAX_OUTAGES} are replayed; {SHORTER}"
        ));
    }
    let reports: u64 = history.runs.iter().map(reports).sum();
    if reports > MAX_SLOTS {
        return Err(format!(
            "its runs took so long that they would be reported {reports} times, and at most {MAX_SLOTS} reports are replayed; {SHORTER}"
        ));
    }
    Ok(())
}

const SHORTER: &str = "export a shorter stretch of time, or correct the dates";

/// The reports of a run: its start, its end, and those that have kept it alive.
fn reports(run: &ImportedRun) -> u64 {
    let minutes =
        run.started.zip(run.ended).map_or(0, |(start, (end, _))| end.duration_since(start).as_mins());
    let runtime = run.config.get_max_runtime().map_or(MonitorConfig::DEFAULT_MAX_RUNTIME, Minutes::get);
    2 + minutes.unsigned_abs() / u64::from(runtime)
}

/// The slug that the name of a file makes.
///
/// # Errors
/// If nothing of the name can stand in a slug.
fn slug_of(file: &Path) -> Result<Slug, String> {
    let name = if file == Path::new("-") {
        "imported".into()
    } else {
        file.file_stem().unwrap_or_default().to_string_lossy()
    };
    Slug::normalize(&name).ok_or_else(|| "its name makes no slug; add --monitor".to_owned())
}
