//! `crons check`

use std::error::Error;
use std::io::{BufRead, Write};

use crons_types::{Crontab, Minutes, MonitorConfig};

/// The command's own arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A crontab such as "0 9 * * MON-FRI", or "@daily"; `-` reads JSON lines {"expr": ..} instead. What
    /// follows is a schedule, too: options stand before.
    #[arg(value_name = "EXPR", required = true, allow_hyphen_values = true)]
    expressions: Vec<String>,
    /// Also judge this margin, in minutes or in words, against the schedule.
    #[arg(long, value_name = "MARGIN", value_parser = |text: &str| Minutes::parse(text))]
    checkin_margin: Option<Minutes>,
}

#[derive(serde::Deserialize)]
struct Line {
    expr: String,
}

/// Whether the server would take everything that was given. Lines that were read are judged in the output alone.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { expressions, checkin_margin } = arguments;
    let mut output = std::io::stdout().lock();
    if let [dash] = &expressions[..]
        && dash == "-"
    {
        for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
            let Line { expr } = serde_json::from_str(&line?)
                .map_err(|error| format!("line {number} of the input is no {{\"expr\": ..}}: {error}"))?;
            writeln!(output, "{}", judge(&expr, *checkin_margin).unwrap_or_else(|refused| refused))?;
        }
        return Ok(true);
    }
    let verdicts: Vec<_> = expressions.iter().map(|expr| judge(expr, *checkin_margin)).collect();
    for verdict in &verdicts {
        writeln!(output, "{}", verdict.as_ref().unwrap_or_else(|refused| refused))?;
    }
    let fine = verdicts.iter().all(Result::is_ok);
    // A shell takes an unquoted crontab apart.
    if !fine && expressions.len() > 1 && Crontab::parse(&expressions.join(" ")).is_ok() {
        return Err(format!("quote the crontab: crons check \"{}\"", expressions.join(" ")).into());
    }
    Ok(fine)
}

/// One line, beginning with `ok` or `error`.
fn judge(expr: &str, margin: Option<Minutes>) -> Result<String, String> {
    let crontab = Crontab::parse(expr).map_err(|refused| format!("error: {refused}"))?;
    let mut config = MonitorConfig::new(crontab);
    if let Some(margin) = margin {
        config = config.checkin_margin(margin.get()).map_err(|refused| format!("error: {refused}"))?;
    }
    let schedule = config.get_schedule();
    let doubt = config.warning().map(|doubt| format!("; but {doubt}")).unwrap_or_default();
    Ok(format!("ok: {} ({schedule}){doubt}", schedule.describe()))
}
