//! `crons check`

use std::error::Error;
use std::io::{BufRead, Write};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
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
    // An option behind a crontab is a value of this argument, too, since a crontab may begin with `-`.
    #[arg(value_name = "EXPR", required = true, allow_hyphen_values = true)]
    expressions: Vec<String>,
    #[command(flatten)]
    options: Options,
}

/// The options of the command.
#[derive(clap::Args)]
struct Options {
    /// Time zone of the crontabs; warns of times that its clocks skip or repeat [default: UTC].
    #[arg(long, value_name = "TZ")]
    timezone: Option<Timezone>,
    /// Margin of the monitor, in minutes or as "1 hour"; warns if it hides missed runs.
    #[arg(long, value_name = "MARGIN", value_parser = |text: &str| Minutes::parse(text))]
    checkin_margin: Option<Minutes>,
}

/// The arguments from an option behind a crontab on.
#[derive(clap::Parser)]
#[command(name = "crons check")]
struct Rest {
    #[command(flatten)]
    options: Options,
    #[arg(value_name = "EXPR", allow_hyphen_values = true)]
    expressions: Vec<String>,
}

impl Arguments {
    /// Moves options from among the crontabs to their place.
    ///
    /// # Errors
    /// If one of them is not known, or its value is refused.
    fn sort(mut self) -> Result<Self, clap::Error> {
        while let Some(place) = self.expressions.iter().position(|word| word.starts_with("--")) {
            let rest = self.expressions.split_off(place);
            let Rest { options, expressions } =
                Rest::try_parse_from(std::iter::once("crons check".to_owned()).chain(rest))?;
            // clap takes an option that it does not know for a crontab.
            if let Some(unknown) = expressions.first().filter(|word| word.starts_with("--")) {
                let reason =
                    format!("unexpected argument '{unknown}' found; write --timezone or --checkin-margin");
                return Err(Rest::command().error(ErrorKind::UnknownArgument, reason));
            }
            self.expressions.extend(expressions);
            self.options.timezone = options.timezone.or(self.options.timezone);
            self.options.checkin_margin = options.checkin_margin.or(self.options.checkin_margin);
        }
        Ok(self)
    }
}

/// Prints a line for each crontab. Returns whether the server accepts all of them; for lines from standard input whether each could be
/// read, as the output says of each whether it is accepted.
pub(crate) fn run(arguments: Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { expressions, options } = arguments.sort().unwrap_or_else(|error| error.exit());
    let timezone = options.timezone.unwrap_or(Timezone::UTC);
    let verdict = |expr: &str, timezone| verdict(expr, timezone, options.checkin_margin, Timestamp::now());
    let mut output = std::io::stdout().lock();
    if let [dash] = &expressions[..]
        && dash == "-"
    {
        let mut all_read = true;
        for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
            let answer = match JsonLine::parse(&line?, &KEYS) {
                Ok(line) => {
                    verdict(&line.expr, line.tz.unwrap_or(timezone)).unwrap_or_else(|refused| refused)
                }
                Err(reason) => {
                    all_read = false;
                    format!("error: line {number} of the input: {reason}")
                }
            };
            writeln!(output, "{answer}")?;
        }
        return Ok(all_read);
    }
    let verdicts: Vec<_> = expressions.iter().map(|expr| verdict(expr, timezone)).collect();
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
