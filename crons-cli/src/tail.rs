//! `crons tail`

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io::Write;
use std::time::Duration;

use crons_types::Slug;
use jiff::Timestamp;
use serde_json::Value;

use crate::api_client::{ApiClient, ApiError, Connection};
use crate::output::{Painter, Tone};

/// The time between two looks at the server.
const INTERVAL: Duration = Duration::from_secs(1);
/// Runs of a monitor that are looked at each time.
const RUNS: &str = "50";

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only this monitor [default: all].
    slug: Option<Slug>,
    /// Print each run as the API has it, one line of JSON each.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Prints the runs of monitors when they begin and when their states change, until interrupted.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let client = arguments.connection.open()?;
    let painter = Painter::stdout();
    let mut output = std::io::stdout().lock();
    let mut seen = Seen::default();
    // What is there already is not news, except the newest run of a monitor that was named.
    let mut runs = seen.news(&client, arguments.slug.as_ref())?;
    let newest = runs.len().saturating_sub(1);
    runs.drain(..newest);
    if arguments.slug.is_none() {
        runs.clear();
    }
    loop {
        for (slug, run) in &runs {
            if arguments.json {
                writeln!(output, "{run}")?;
            } else {
                writeln!(output, "{}", line(slug, run, painter))?;
            }
        }
        output.flush()?;
        std::thread::sleep(INTERVAL);
        runs = seen
            .news(&client, arguments.slug.as_ref())
            .or_else(|error| writeln!(std::io::stderr(), "crons: {error}").map(|()| Vec::new()))?;
    }
}

/// The runs that were printed.
#[derive(Default)]
struct Seen {
    /// The state of each monitor by its slug, so that only those that have changed are asked for their runs.
    monitors: HashMap<String, Value>,
    /// The state and the time of the last report of each run by its id.
    runs: HashMap<String, (Value, Value)>,
    /// Monitors that had a run in progress.
    open: HashSet<String>,
}

impl Seen {
    /// The runs that have begun or changed since the last call, oldest first, each with its slug.
    fn news(&mut self, client: &ApiClient, only: Option<&Slug>) -> Result<Vec<(String, Value)>, ApiError> {
        let slugs = match only {
            Some(slug) => vec![slug.to_string()],
            None => self.changed_monitors(client)?,
        };
        let mut news = Vec::new();
        for slug in slugs {
            let found = client.get(&["monitors", &slug, "checkins"], &[("per_page", RUNS)])?.body;
            let found = found.as_array().map_or(&[][..], Vec::as_slice);
            if found.iter().any(|run| run["status"] == "in_progress") {
                self.open.insert(slug.clone());
            } else {
                self.open.remove(&slug);
            }
            for run in found {
                let state = (run["status"].clone(), run["dateUpdated"].clone());
                let id = run["id"].as_str().unwrap_or_default();
                if self.runs.get(id) != Some(&state) {
                    self.runs.insert(id.to_owned(), state);
                    news.push((slug.clone(), run.clone()));
                }
            }
        }
        news.sort_by_key(|(_, run)| run["dateUpdated"].as_str().and_then(|at| at.parse::<Timestamp>().ok()));
        Ok(news)
    }

    /// The monitors whose environments have changed since the last call.
    fn changed_monitors(&mut self, client: &ApiClient) -> Result<Vec<String>, ApiError> {
        let (mut changed, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let query: Vec<_> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
            let answer = client.get(&["monitors"], &query)?;
            for monitor in answer.body.as_array().into_iter().flatten() {
                let slug = monitor["slug"].as_str().unwrap_or_default().to_owned();
                let state = &monitor["environments"];
                // An end that changes no state changes no environment, so monitors with open runs are asked again.
                if self.monitors.get(&slug) != Some(state) || self.open.contains(&slug) {
                    self.monitors.insert(slug.clone(), state.clone());
                    changed.push(slug);
                }
            }
            cursor = answer.next;
            if cursor.is_none() {
                return Ok(changed);
            }
        }
    }
}

/// A run in one line: when it was last heard of, its state, its monitor and environment, how long it took.
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
        // Standard output of a test is no terminal.
        let line = line("job\u{1b}[2J", &run, Painter::stdout());
        assert_eq!(line, "2024-06-03 10:00:05  ok           job\u{fffd}[2J  production  1.2 s  0a");
    }
}
