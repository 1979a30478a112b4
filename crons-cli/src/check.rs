//! `crons check`

use std::error::Error;
use std::io::{BufRead, Write};

use crons_types::{Crontab, Minutes, MonitorConfig, Timezone};
use jiff::Timestamp;

use crate::clock_changes;
use crate::json_line::JsonLine;

/// The keys of a line of JSON.
const KEYS: [&str; 2] = ["expr", "tz"];

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Crontabs such as "0 9 * * MON-FRI" or "@daily", each in quotes; or `-` to read lines of JSON: {"expr": "..", "tz": ".."}.
    /// Write options before the first crontab.
    #[arg(value_name = "EXPR", required = true, allow_hyphen_values = true)]
    expressions: Vec<String>,
    /// Time zone of the crontabs; warns of times that its clocks skip or repeat.
    #[arg(long, value_name = "TZ", default_value = "UTC")]
    timezone: Timezone,
    /// Margin of the monitor, in minutes or as "1 hour"; warns if it hides missed runs.
    #[arg(long, value_name = "MARGIN", value_parser = |text: &str| Minutes::parse(text))]
    checkin_margin: Option<Minutes>,
}

/// Prints a line for each crontab. Returns whether the server accepts all of them; for lines from standard input always `true`, as
/// the output says it of each.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { expressions, timezone, checkin_margin } = arguments;
    let verdict = |expr: &str, timezone| verdict(expr, timezone, *checkin_margin, Timestamp::now());
    let mut output = std::io::stdout().lock();
    if let [dash] = &expressions[..]
        && dash == "-"
    {
        for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
            let line = JsonLine::parse(&line?, &KEYS)
                .map_err(|reason| format!("line {number} of the input: {reason}"))?;
            let verdict = verdict(&line.expr, line.tz.unwrap_or(*timezone));
            writeln!(output, "{}", verdict.unwrap_or_else(|refused| refused))?;
        }
        return Ok(true);
    }
    let verdicts: Vec<_> = expressions.iter().map(|expr| verdict(expr, *timezone)).collect();
    for verdict in &verdicts {
        writeln!(output, "{}", verdict.as_ref().unwrap_or_else(|refused| refused))?;
    }
    let all_accepted = verdicts.iter().all(Result::is_ok);
    // A shell splits a crontab without quotes into its fields.
    if !all_accepted && expressions.len() > 1 && Crontab::parse(&expressions.join(" ")).is_ok() {
        return Err(format!("quote the crontab: crons check \"{}\"", expressions.join(" ")).into());
    }
    Ok(all_accepted)
}

/// Describes a crontab in one line: `ok: ` with its meaning and warnings, or as `Err`, `error: ` with the reason.
fn verdict(
    expr: &str,
    timezone: Timezone,
    margin: Option<Minutes>,
    now: Timestamp,
) -> Result<String, String> {
    let crontab = Crontab::parse(expr).map_err(|refused| format!("error: {refused}"))?;
    let mut config = MonitorConfig::new(crontab);
    if let Some(margin) = margin {
        config = config.checkin_margin(margin.get()).map_err(|refused| format!("error: {refused}"))?;
    }
    let schedule = config.get_schedule();
    let mut line = format!("ok: {} ({schedule})", schedule.describe());
    for warning in config.warning().into_iter().chain(clock_changes::warning(schedule, timezone, now)) {
        line.push_str("; but ");
        line.push_str(&warning);
    }
    Ok(line)
}
