//! `crons next`

use std::error::Error;
use std::io::{BufRead, IsTerminal, Write};

use crons_types::{Schedule, Timezone, calendar};
use jiff::Timestamp;

/// Occurrences that are shown when nobody says how many.
const COUNT: u32 = 5;

/// The command's own arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A crontab such as "0 9 * * MON-FRI", or "@daily"; `-` reads JSON lines {"expr", "tz", "from", "count"} instead.
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    expression: String,
    /// The time zone in which the crontab is read.
    #[arg(long, value_name = "TZ", default_value = "UTC")]
    timezone: Timezone,
    /// The instant after which to begin, such as 2026-03-29T00:00:00Z; now if left out.
    #[arg(long, value_name = "RFC3339")]
    from: Option<Timestamp>,
    /// How many occurrences to show.
    #[arg(long, value_name = "N", default_value_t = COUNT)]
    count: u32,
}

#[derive(serde::Deserialize)]
struct Line {
    expr: String,
    tz: Option<String>,
    from: Option<Timestamp>,
    count: Option<u32>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { expression, timezone, from, count } = arguments;
    if expression == "-" {
        return batch();
    }
    let schedule = Schedule::crontab(expression)?;
    let beside = std::io::stdout().is_terminal();
    let mut output = std::io::stdout().lock();
    for instant in occurrences(&schedule, *timezone, *from, *count) {
        if beside {
            let local = calendar::in_zone(instant, *timezone).strftime("%a %d %b %Y %H:%M %:z");
            writeln!(output, "{instant}  {local} {timezone}")?;
        } else {
            writeln!(output, "{instant}")?;
        }
    }
    Ok(true)
}

/// One line for each line, so that both can be read side by side: a JSON array, or {"error": ..}. Whether all were arrays.
fn batch() -> Result<bool, Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    let mut fine = true;
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&line?).unwrap_or_else(|error| {
            fine = false;
            serde_json::json!({ "error": error.to_string() }).to_string()
        });
        writeln!(output, "{answer}")?;
    }
    Ok(fine)
}

fn answer(line: &str) -> Result<String, Box<dyn Error>> {
    let Line { expr, tz, from, count } = serde_json::from_str(line)?;
    let schedule = Schedule::crontab(&expr)?;
    let timezone = tz.as_deref().map(str::parse).transpose()?.unwrap_or_default();
    let instants: Vec<Timestamp> = occurrences(&schedule, timezone, from, count.unwrap_or(COUNT)).collect();
    Ok(serde_json::to_string(&instants)?)
}

fn occurrences(
    schedule: &Schedule,
    timezone: Timezone,
    from: Option<Timestamp>,
    count: u32,
) -> impl Iterator<Item = Timestamp> {
    let next = move |after: &Timestamp| calendar::next_after(schedule, &timezone, *after);
    std::iter::successors(next(&from.unwrap_or_else(Timestamp::now)), next).take(count as usize)
}
