//! `crons list`

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::output::{Painter, Span, Table, Tone};
use crate::server_arguments::ServerArguments;
use crate::server_outage::ServerOutage;

/// The time between two looks at the server.
const INTERVAL: Duration = Duration::from_secs(2);

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print the list again whenever it has changed, until interrupted.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// Lists the environments of all monitors, failing ones first; with `--json` the monitors as the API has them, in one line.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { watch, server } = arguments;
    let client = server.open()?;
    let painter = Painter::stdout();
    let render = |monitors: &[Value]| {
        if server.json {
            format!("{}\n", Value::from(monitors))
        } else {
            table(monitors, Timestamp::now(), painter)
        }
    };
    let mut output = std::io::stdout().lock();
    let mut printed = client.monitors()?;
    write!(output, "{}", render(&printed))?;
    // The list is drawn over the previous one on a terminal, also when only the times have changed.
    let redraws = output.is_terminal() && !server.json;
    if !watch {
        return Ok(());
    }
    let mut outage = ServerOutage::default();
    loop {
        output.flush()?;
        std::thread::sleep(INTERVAL);
        let listed = client.monitors();
        outage.report(&client, listed.as_ref().err())?;
        let text = match listed {
            Ok(found) if found != printed || redraws => {
                printed = found;
                render(&printed)
            }
            _ => continue,
        };
        let before = if redraws {
            "\u{1b}[H\u{1b}[2J"
        } else if server.json {
            ""
        } else {
            "\n"
        };
        write!(output, "{before}{text}")?;
    }
}

fn table(monitors: &[Value], now: Timestamp, painter: Painter) -> String {
    if monitors.is_empty() {
        return "There is no monitor yet; the first check-in with a configuration makes one.\n".to_owned();
    }
    let mut rows = Vec::new();
    for monitor in monitors {
        let slug = word(&monitor["slug"]);
        let is_enabled = monitor["status"] != "disabled";
        let environments = monitor["environments"].as_array().map_or(&[][..], Vec::as_slice);
        if environments.is_empty() {
            rows.push(row(slug, &Value::Null, is_enabled, now));
        }
        rows.extend(environments.iter().map(|environment| row(slug, environment, is_enabled, now)));
    }
    // A stable sort: within a state the order of the server stays.
    rows.sort_by_key(|(rank, _)| *rank);
    let mut table = Table::new(&["STATE", "MONITOR", "ENVIRONMENT", "LAST RUN", "NEXT RUN"]);
    for (_, cells) in rows {
        table.row(cells);
    }
    table.render(painter)
}

/// The cells of an environment and its rank in the list: the lower, the earlier.
fn row(slug: &str, environment: &Value, is_enabled: bool, now: Timestamp) -> (u8, Vec<(Tone, String)>) {
    let instant = |key: &str| environment[key].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let is_muted = environment["isMuted"] == true;
    let (rank, tone, state) = match (is_enabled, is_muted, environment["status"].as_str()) {
        (false, ..) => (4, Tone::Quiet, "disabled"),
        (_, true, Some("error")) => (3, Tone::Quiet, "failing, muted"),
        (_, true, _) => (3, Tone::Quiet, "muted"),
        (_, _, Some("error")) => (0, Tone::Bad, "failing"),
        (_, _, Some("ok")) => (1, Tone::Good, "ok"),
        // The environment has no run that has ended yet.
        _ => (2, Tone::Plain, "waiting"),
    };
    let last =
        instant("lastCheckIn").map_or("none yet".to_owned(), |at| format!("{} ago", Span::between(now, at)));
    let next = match (is_enabled, instant("nextCheckIn"), instant("nextCheckInLatest")) {
        (true, Some(next), _) if next > now => format!("in {}", Span::between(next, now)),
        (true, Some(next), Some(latest)) if latest > now => {
            format!("due since {}, missed in {}", Span::between(now, next), Span::between(latest, now))
        }
        (true, Some(next), _) => format!("due since {}", Span::between(now, next)),
        _ => String::new(),
    };
    let is_late = is_enabled && instant("nextCheckIn").is_some_and(|next| next <= now);
    let next = (if is_late { Tone::Warning } else { Tone::Plain }, next);
    let plain = |text: &str| (Tone::Plain, text.to_owned());
    let name = environment["name"].as_str().unwrap_or_default();
    (rank, vec![(tone, state.to_owned()), plain(slug), plain(name), plain(&last), next])
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn failing_monitors_come_first_and_disabled_ones_last() {
        let environment = |name: &str, status: &str, muted: bool| {
            json!({"name": name, "status": status, "isMuted": muted, "lastCheckIn": "2024-06-03T10:00:05Z",
                "nextCheckIn": "2024-06-03T11:00:00Z", "nextCheckInLatest": "2024-06-03T11:10:00Z"})
        };
        let monitors = [
            json!({"slug": "off", "status": "disabled", "environments": [environment("production", "ok", false)]}),
            json!({"slug": "new", "status": "active", "environments": []}),
            json!({"slug": "two", "status": "active",
                "environments": [environment("dev", "error", true), environment("production", "ok", false)]}),
            json!({"slug": "bad", "status": "active", "environments": [environment("production", "error", false)]}),
        ];
        let now = "2024-06-03T11:02:00Z".parse().unwrap();
        let lines = table(&monitors, now, Painter::stdout());
        let expected = [
            "STATE           MONITOR  ENVIRONMENT  LAST RUN      NEXT RUN",
            "failing         bad      production   1 h 1 min ago  due since 2 min, missed in 8 min",
            "ok              two      production   1 h 1 min ago  due since 2 min, missed in 8 min",
            "waiting         new                   none yet",
            "failing, muted  two      dev          1 h 1 min ago  due since 2 min, missed in 8 min",
            "disabled        off      production   1 h 1 min ago",
        ];
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(lines.lines().map(squeezed).collect::<Vec<_>>(), expected.map(squeezed));
        assert!(table(&[], now, Painter::stdout()).contains("no monitor yet"));
    }
}
