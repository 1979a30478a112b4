//! `crons tail`

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io::Write;
use std::time::Duration;

use crons_types::Slug;
use jiff::Timestamp;
use serde_json::Value;

use crate::api_client::{ApiClient, ApiError};
use crate::output::{Painter, Tone};
use crate::server_arguments::ServerArguments;

/// The time between two looks at the server.
const INTERVAL: Duration = Duration::from_secs(1);
/// Runs of a monitor that are looked at each time.
const RUNS: &str = "50";

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Slug of a monitor [default: all monitors].
    slug: Option<Slug>,
    #[command(flatten)]
    server: ServerArguments,
}

/// Prints the runs of monitors when they begin and when their states change, until interrupted; with `--json` each in one line, as the
/// API has it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { slug, server } = arguments;
    let client = server.open()?;
    let painter = Painter::stdout();
    let mut output = std::io::stdout().lock();
    let (mut seen, mut news) = (Seen::default(), Vec::new());
    // Earlier runs are not printed, except the newest run of a monitor that was named.
    seen.look(&client, slug.as_ref(), &mut news)?;
    let kept = usize::from(slug.is_some()).min(news.len());
    news.drain(..news.len() - kept);
    loop {
        for (slug, run) in news.drain(..) {
            if server.json {
                writeln!(output, "{run}")?;
            } else {
                writeln!(output, "{}", line(&slug, &run, painter))?;
            }
        }
        output.flush()?;
        std::thread::sleep(INTERVAL);
        if let Err(error) = seen.look(&client, slug.as_ref(), &mut news) {
            writeln!(std::io::stderr(), "crons: {error}")?;
        }
    }
}

/// The monitors at the last look, by slug.
#[derive(Default)]
struct Seen(HashMap<String, SeenMonitor>);

/// A monitor at the last look.
#[derive(Default)]
struct SeenMonitor {
    /// The state of its environments.
    environments: Value,
    /// The status and the time of the last report of each of its newest runs, by id.
    runs: HashMap<String, (Value, Value)>,
}

impl Seen {
    /// Appends the runs that have begun or changed since the last look to `news`, oldest first, each with its slug.
    ///
    /// # Errors
    /// If a request fails. `news` has the runs that were read before; the others are news at the next look.
    fn look(
        &mut self,
        client: &ApiClient,
        only: Option<&Slug>,
        news: &mut Vec<(String, Value)>,
    ) -> Result<(), ApiError> {
        let monitors = match only {
            Some(slug) => vec![(slug.to_string(), Value::Null)],
            None => self.changed_monitors(&client.monitors()?),
        };
        let mut failed = None;
        for (slug, environments) in monitors {
            let runs = match client.page(&["monitors", &slug, "checkins"], &[("per_page", RUNS)]) {
                Ok((runs, _)) => runs,
                // A monitor may have been deleted meanwhile; two failures are those of the server.
                Err(error) => match failed.replace(error) {
                    None => continue,
                    Some(_) => break,
                },
            };
            let monitor = self.0.entry(slug.clone()).or_default();
            monitor.environments = environments;
            news.extend(monitor.update(&runs).into_iter().map(|run| (slug.clone(), run)));
        }
        news.sort_by_key(|(_, run)| run["dateUpdated"].as_str().and_then(|at| at.parse::<Timestamp>().ok()));
        failed.map_or(Ok(()), Err)
    }

    /// Chooses the monitors to look at, each with the state of its environments, and forgets those that are not listed any more.
    fn changed_monitors(&mut self, listed: &[Value]) -> Vec<(String, Value)> {
        let slug = |monitor: &Value| monitor["slug"].as_str().unwrap_or_default().to_owned();
        let slugs: HashSet<String> = listed.iter().map(slug).collect();
        self.0.retain(|slug, _| slugs.contains(slug));
        let states = listed.iter().map(|monitor| (slug(monitor), monitor["environments"].clone()));
        states.filter(|(slug, state)| self.0.get(slug).is_none_or(|seen| seen.may_differ(state))).collect()
    }
}

impl SeenMonitor {
    /// Returns whether runs may have changed since the last look. An end that changes no state of an environment is found by the open run.
    fn may_differ(&self, environments: &Value) -> bool {
        self.environments != *environments || self.runs.values().any(|(status, _)| status == "in_progress")
    }

    /// Replaces the runs by those of this look. Returns the ones that are new or have changed.
    fn update(&mut self, runs: &[Value]) -> Vec<Value> {
        let state = |run: &Value| (run["status"].clone(), run["dateUpdated"].clone());
        let id = |run: &Value| run["id"].as_str().unwrap_or_default().to_owned();
        let found = runs.iter().map(|run| (id(run), state(run))).collect();
        let before = std::mem::replace(&mut self.runs, found);
        runs.iter().filter(|run| before.get(&id(run)) != Some(&state(run))).cloned().collect()
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

    #[test]
    fn a_run_is_news_once_and_when_it_changes() {
        let run = |id: &str, status: &str| json!({"id": id, "status": status, "dateUpdated": "10:00"});
        let mut monitor = SeenMonitor::default();
        let (open, done) = (run("1", "in_progress"), run("1", "ok"));
        let page = [open];
        assert_eq!(monitor.update(&page), page);
        assert_eq!(monitor.update(&page), Vec::<Value>::new());
        assert!(monitor.may_differ(&Value::Null), "the open run may end");
        let other = run("2", "ok");
        assert_eq!(monitor.update(&[other.clone(), done.clone()]), [other.clone(), done]);
        assert!(!monitor.may_differ(&Value::Null) && monitor.may_differ(&json!([])));
        monitor.update(&[other]);
        assert_eq!(monitor.runs.len(), 1, "a run that is no longer listed is forgotten");
    }

    #[test]
    fn a_monitor_that_was_not_read_is_looked_at_again() {
        let listed = [json!({"slug": "a", "environments": []}), json!({"slug": "b", "environments": []})];
        let slugs = |seen: &mut Seen, listed: &[Value]| -> Vec<String> {
            seen.changed_monitors(listed).into_iter().map(|(slug, _)| slug).collect()
        };
        let mut seen = Seen::default();
        assert_eq!(slugs(&mut seen, &listed), ["a", "b"]);
        // The runs of `a` were read, those of `b` were not.
        seen.0.insert("a".to_owned(), SeenMonitor { environments: json!([]), ..SeenMonitor::default() });
        assert_eq!(slugs(&mut seen, &listed), ["b"]);
        assert_eq!(slugs(&mut seen, &listed[1..]), ["b"]);
        assert!(seen.0.is_empty(), "a deleted monitor is forgotten");
    }
}
