//! `crons tail`

mod seen;

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use crons_types::Slug;
use jiff::Timestamp;
use serde_json::Value;

use self::seen::{News, Seen};
use crate::output::{Painter, Tone, printable};
use crate::server_arguments::ServerArguments;
use crate::server_outage::ServerOutage;

/// The time between two looks at the server.
const INTERVAL: Duration = Duration::from_secs(1);

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Slug of a monitor [default: all monitors].
    slug: Option<Slug>,
    #[command(flatten)]
    server: ServerArguments,
}

/// Prints the runs of monitors when they begin and when their states change, until interrupted; with `--json` each in one line, as the
/// API has it. Runs that ended before the start are not printed, except the newest run of a monitor that was named.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { slug, server } = arguments;
    let client = server.open()?;
    let painter = Painter::stdout();
    let mut output = std::io::stdout().lock();
    let (mut news, mut outage) = (News::default(), ServerOutage::default());
    let mut seen = Seen::begin(&client, slug.as_ref(), &mut news)?;
    loop {
        for (slug, run) in news.runs.drain(..) {
            if server.json {
                writeln!(output, "{run}")?;
            } else {
                writeln!(output, "{}", line(&slug, &run, painter))?;
            }
        }
        output.flush()?;
        for (slug, environment) in news.incomplete.drain(..) {
            let [slug, environment] = [slug, environment].map(|name| printable(&name));
            writeln!(
                std::io::stderr(),
                "crons: {slug}, environment {environment}, had more than {} runs since the last look; the earlier ones are not shown",
                seen::MOST_RUNS
            )?;
        }
        std::thread::sleep(INTERVAL);
        let looked = seen.look(&client, slug.as_ref(), &mut news);
        outage.report(&client, looked.as_ref().err())?;
    }
}

/// Renders a run in one line: the time of its last report, its status, monitor, environment, duration and id.
fn line(slug: &str, run: &Value, painter: Painter) -> String {
    let text = |key: &str| run[key].as_str().unwrap_or_default();
    let status = text("status");
    let tone = match status {
        "ok" => Tone::Good,
        "error" | "timeout" => Tone::Bad,
        "missed" => Tone::Warning,
        _ => Tone::Plain,
    };
    let at = text("dateUpdated").parse::<Timestamp>();
    let at = at.map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string());
    let took = run["duration"].as_i64().map_or_else(String::new, |milliseconds| match milliseconds {
        0..1_000 => format!("  {milliseconds} ms"),
        _ => format!("  {}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
    });
    let status = painter.paint(tone, &format!("{status:<11}"));
    let [at, slug, environment, id] =
        [&at, slug, text("environment"), text("id")].map(|text| painter.paint(Tone::Plain, text));
    format!("{at}  {status}  {slug}  {environment}{took}  {}", painter.paint(Tone::Quiet, &id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_says_when_what_and_how_long() {
        let run = json!({"id": "0a", "status": "ok", "environment": "production", "duration": 1_250,
            "dateUpdated": "2024-06-03T10:00:05.5Z"});
        // The standard output of a test is no terminal.
        let line = line("job\u{1b}[2J", &run, Painter::stdout());
        assert_eq!(line, "2024-06-03 10:00:05  ok           job\u{fffd}[2J  production  1.2 s  0a");
    }
}
