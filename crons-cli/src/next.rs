//! `crons next`

use std::error::Error;
use std::io::{BufRead, IsTerminal, Write};

use crons_types::{Schedule, Timezone, calendar};
use jiff::Timestamp;

use crate::json_line::JsonLine;
use crate::values;

/// The number of occurrences that are printed if `--count` or `count` is left out.
const DEFAULT_COUNT: u32 = 5;
/// The keys of a line of JSON.
const KEYS: [&str; 4] = ["expr", "tz", "from", "count"];

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A crontab such as "0 9 * * MON-FRI" or "@daily", in quotes; or `-` to read lines of JSON: {"expr": "..", "tz": "..",
    /// "from": "..", "count": ..}.
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    expression: String,
    /// Time zone of the crontab.
    #[arg(long, value_name = "TZ", default_value = "UTC")]
    timezone: Timezone,
    /// Print times after this one, such as 2024-06-03T10:00:05Z [default: now].
    #[arg(long, value_name = "TIME", value_parser = values::instant)]
    from: Option<Timestamp>,
    /// Print this many times.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_COUNT, value_parser = values::count)]
    count: u32,
}

/// Prints the occurrences, one a line. Returns whether each schedule was accepted.
///
/// # Errors
/// If the schedule is refused, or has no occurrence.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { expression, timezone, from, count } = arguments;
    if expression == "-" {
        return batch(arguments);
    }
    let schedule = Schedule::crontab(expression)?;
    let for_people = std::io::stdout().is_terminal();
    let mut output = std::io::stdout().lock();
    let from = from.unwrap_or_else(Timestamp::now);
    let mut is_empty = true;
    for instant in occurrences(&schedule, *timezone, from, *count) {
        is_empty = false;
        if for_people {
            let local = calendar::in_zone(instant, *timezone).strftime("%a %d %b %Y %H:%M %:z");
            writeln!(output, "{instant}  {local} {timezone}")?;
        } else {
            writeln!(output, "{instant}")?;
        }
    }
    if is_empty {
        return Err(format!("`{schedule}` has no time after {from}: times end with the year 9999").into());
    }
    Ok(true)
}

/// Answers each line of standard input by one line, an array of instants or `{"error": ".."}`. Returns whether all are arrays.
fn batch(defaults: &Arguments) -> Result<bool, Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    let mut all_answered = true;
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&line?, defaults).unwrap_or_else(|error| {
            all_answered = false;
            serde_json::json!({ "error": error.to_string() }).to_string()
        });
        writeln!(output, "{answer}")?;
    }
    Ok(all_answered)
}

/// The flags hold for what the line leaves out.
fn answer(line: &str, defaults: &Arguments) -> Result<String, Box<dyn Error>> {
    let JsonLine { expr, tz, from, count } = JsonLine::parse(line, &KEYS)?;
    let schedule = Schedule::crontab(&expr)?;
    let from = from.or(defaults.from).unwrap_or_else(Timestamp::now);
    let timezone = tz.unwrap_or(defaults.timezone);
    let instants = occurrences(&schedule, timezone, from, count.unwrap_or(defaults.count));
    Ok(serde_json::to_string(&instants.collect::<Vec<_>>())?)
}

fn occurrences(
    schedule: &Schedule,
    timezone: Timezone,
    from: Timestamp,
    count: u32,
) -> impl Iterator<Item = Timestamp> {
    let next = move |after: &Timestamp| calendar::next_after(schedule, &timezone, *after);
    std::iter::successors(next(&from), next).take(count as usize)
}
