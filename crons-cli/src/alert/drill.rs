//! `crons alert drill`

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_client::ApiClient;
use crate::api_error::ApiError;
use crate::output::printable;
use crate::server_arguments::ServerArguments;
use crate::span::positive_span;

/// The time between two questions for the results.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// The arguments of the command.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Wait this long for the targets.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = positive_span)]
    wait: Duration,
    #[command(flatten)]
    server: ServerArguments,
}

/// Starts a drill, waits for the targets, and prints a line for each. Returns whether all have accepted their message.
///
/// # Errors
/// If the server does not answer, refuses, or has no rule that names a target.
pub(super) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let Arguments { wait, server } = arguments;
    let client = server.open()?;
    let started = client.send(Method::POST, &["alerts", "drill"], &[], None)?.body;
    let (Some(id), Some(targets)) =
        (started["id"].as_str(), started["targets"].as_u64().filter(|number| *number > 0))
    else {
        return Err("the answer to the drill has no id or no number of targets; set CRONS_URL to the address that `crons serve` prints".into());
    };
    let alerts = results(&client, id, targets, *wait)?;
    let delivered = is_complete(&alerts, targets);
    let earlier = if alerts.iter().any(is_held_up) { client.list(&["alerts"], &[])? } else { Vec::new() };
    let mut lines: Vec<String> = alerts.iter().map(|alert| line(alert, &earlier, *wait)).collect();
    if let Some(missing) = targets.checked_sub(alerts.len() as u64).filter(|missing| *missing > 0) {
        lines.push(format!("{missing} of {targets} messages are not listed by the server, so nothing is known of them; look at its log"));
    }
    server.print(&json!({"id": id, "delivered": delivered, "alerts": alerts}), &lines.join("\n"))?;
    Ok(delivered)
}

/// Returns the messages of a drill to so many `targets`, as soon as all are delivered, at the latest after `wait`.
fn results(client: &ApiClient, id: &str, targets: u64, wait: Duration) -> Result<Vec<Value>, ApiError> {
    let begin = Instant::now();
    loop {
        let alerts = client.list(&["alerts"], &[("incident", id)])?;
        if is_complete(&alerts, targets) || begin.elapsed() >= wait {
            return Ok(alerts);
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Returns whether there is a message for each of so many `targets`, and all are delivered.
fn is_complete(alerts: &[Value], targets: u64) -> bool {
    alerts.len() as u64 >= targets && alerts.iter().all(is_delivered)
}

fn is_delivered(alert: &Value) -> bool {
    alert["status"] == "delivered"
}

/// Returns whether a message waits and was not sent once.
fn is_held_up(alert: &Value) -> bool {
    !is_delivered(alert) && alert["attempts"] == 0
}

/// Returns the line about a message: delivered in how many seconds, or the reason why not. `earlier` are the newest messages to all targets,
/// newest first: one that its target does not take holds up those behind it.
fn line(alert: &Value, earlier: &[Value], wait: Duration) -> String {
    let text = |key: &str| alert[key].as_str().unwrap_or_default();
    let target = printable(text("target"));
    let instant = |key: &str| text(key).parse::<jiff::Timestamp>().ok();
    if is_delivered(alert) {
        let took = instant("dateCreated").zip(instant("dateDelivered"));
        let took = took.map_or(0.0, |(began, at)| at.duration_since(began).as_secs_f64());
        return format!("{target}: delivered in {took:.1} s");
    }
    if is_held_up(alert) {
        let wait = wait.as_secs_f64();
        let waits = |other: &&Value| {
            other["target"] == alert["target"]
                && other["status"] == "waiting"
                && other["lastAnswer"].is_string()
        };
        return match earlier.iter().find(waits).and_then(|other| other["lastAnswer"].as_str()) {
            Some(answer) => format!(
                "{target}: not sent within {wait} s, as an earlier message to it waits: {}; the server goes on trying for a day",
                printable(answer)
            ),
            None => format!(
                "{target}: not sent within {wait} s; earlier messages to it may wait, which `crons_alert_target_failing` of /metrics shows"
            ),
        };
    }
    let answer = printable(text("lastAnswer"));
    format!("{target}: not delivered: {answer}; the server goes on trying for a day")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_time_or_the_reason() {
        let wait = Duration::from_secs(30);
        let earlier = [
            json!({"target": "ops", "status": "waiting", "attempts": 0}),
            json!({"target": "ops", "status": "delivered", "attempts": 1, "lastAnswer": "HTTP 200"}),
            json!({"target": "ops", "status": "waiting", "attempts": 4, "lastAnswer": "HTTP 503: down"}),
            json!({"target": "ops", "status": "waiting", "attempts": 9, "lastAnswer": "HTTP 500"}),
        ];
        for (alert, expected) in [
            (
                json!({"target": "ops", "status": "delivered", "attempts": 1,
                    "dateCreated": "2024-06-03T10:00:00Z", "dateDelivered": "2024-06-03T10:00:00.4Z"}),
                "ops: delivered in 0.4 s",
            ),
            (
                json!({"target": "ops", "status": "waiting", "attempts": 2, "lastAnswer": "HTTP 503: a\nb"}),
                "ops: not delivered: HTTP 503: a\u{fffd}b; the server goes on trying for a day",
            ),
            (
                json!({"target": "o\u{1b}s", "status": "waiting", "attempts": 0}),
                "o\u{fffd}s: not sent within 30 s; earlier messages to it may wait",
            ),
            (
                json!({"target": "ops", "status": "waiting", "attempts": 0}),
                "ops: not sent within 30 s, as an earlier message to it waits: HTTP 503: down; the server",
            ),
        ] {
            let line = line(&alert, &earlier, wait);
            assert!(line.starts_with(expected), "{line}");
        }
    }
}
