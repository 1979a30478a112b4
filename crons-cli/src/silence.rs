//! `crons silence`

mod selection;

use std::error::Error;
use std::io::Write;

use crons_server::Filter;
use crons_types::Minutes;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use self::selection::Selection;
use crate::api_client::is_id;
use crate::output::{self, Painter, Span, Table, Tone, printable};
use crate::server_arguments::ServerArguments;
use crate::values::instant;

/// The arguments of the command.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    new: New,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the silences that have not ended.
    List {
        /// List those that have ended, too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        server: ServerArguments,
    },
    /// End a silence now: people are told of incidents of its time that are still open.
    End {
        /// Id of the silence, as `crons silence list` prints it.
        id: String,
        #[command(flatten)]
        server: ServerArguments,
    },
}

/// A silence to make.
#[derive(clap::Args)]
struct New {
    /// Slugs of the monitors, in which each `*` stands for any characters, such as `nightly-*`; `*` for all monitors.
    #[arg(required = true)]
    pattern: Option<String>,
    /// Length of the silence, such as 90m, 2h or 3d.
    #[arg(long = "for", value_name = "LENGTH", value_parser = Minutes::parse, required_unless_present = "until")]
    length: Option<Minutes>,
    /// End of the silence, such as 2026-12-24T20:00:00+01:00.
    #[arg(long, value_name = "INSTANT", value_parser = instant, conflicts_with = "length")]
    until: Option<Timestamp>,
    /// Start of the silence [default: now].
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    from: Option<Timestamp>,
    /// Reason, which pages and explanations show.
    #[arg(long, required = true)]
    why: Option<String>,
    /// Name of the person who makes it [default: the user of this terminal].
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true)]
    by: Option<String>,
    /// Only this environment; `*` stands for any characters.
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only monitors of this owner, such as team:ops; `*` stands for any characters.
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    #[command(flatten)]
    server: ServerArguments,
}

/// Makes, lists or ends silences.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    match &arguments.command {
        None => make(&arguments.new),
        Some(Command::List { all, server }) => {
            let mut silences = server.open()?.list(&["silences"], &[])?;
            // The status is by the server's clock, which decides; `since` would be by the one of this machine.
            silences.retain(|silence| *all || silence["status"] != "ended");
            let text = table(&silences);
            Ok(server.print(&Value::Array(silences), &text)?)
        }
        Some(Command::End { id, server }) => {
            if !is_id(id) {
                return Err("there is no silence of this id; `crons silence list` prints the ids".into());
            }
            server
                .open()?
                .send_expecting(Method::DELETE, &["silences", id], &[], None, |status, _| status == 204)?;
            let text = format!(
                "{id} has ended: within a minute, people are told of incidents of its time that are still open"
            );
            Ok(server.print(&json!({"id": id, "ended": true}), &text)?)
        }
    }
}

fn make(new: &New) -> Result<(), Box<dyn Error>> {
    let New { pattern, length, until, from, why, by, environment, owner, server } = new;
    let by = by.as_deref().filter(|by| !by.trim().is_empty()).unwrap_or("crons silence");
    let mut matchers = Vec::new();
    for (key, value) in [("monitor.slug", pattern), ("environment", environment), ("owner", owner)] {
        if let Some(value) = value {
            matchers.push(Filter::pattern(key, value)?);
        }
    }
    let mut body = json!({"matchers": matchers, "by": by, "why": why.as_deref().unwrap_or_default()});
    if let Some(length) = length {
        body["for"] = json!(length.to_string());
    }
    for (key, at) in [("ends_at", until), ("starts_at", from)] {
        if let Some(at) = at {
            body[key] = json!(at);
        }
    }
    let client = server.open()?;
    let is_silence = |_: u16, made: &Value| made["id"].is_string() && made["matchers"].is_array();
    let made = client.send_expecting(Method::POST, &["silences"], &[], Some(&body), is_silence)?;
    let text = |key: &str| made[key].as_str().unwrap_or_default();
    let start = if text("status") == "pending" {
        format!("from {} ", minute(text("starts_at")))
    } else {
        String::new()
    };
    let line = format!(
        "silenced {start}until {}: {}; failures still open incidents. End it with `crons silence end {}`",
        minute(text("ends_at")),
        matches(&made["matchers"]),
        text("id")
    );
    server.print(&made, &printable(&line))?;
    let selection =
        Selection { slug: pattern.as_deref(), environment: environment.as_deref(), owner: owner.as_deref() };
    // The silence is made, so an error here is none of the command.
    if client.monitors().is_ok_and(|monitors| !monitors.iter().any(|monitor| selection.matches(monitor))) {
        writeln!(
            std::io::stderr(),
            "crons: no monitor matches this silence now; `crons list` shows the monitors, with slugs and environments"
        )?;
    }
    Ok(())
}

fn table(silences: &[Value]) -> String {
    if silences.is_empty() {
        return "There is no silence; `crons silence PATTERN --for 2h --why \"..\"` makes one.\n".to_owned();
    }
    let mut table = Table::new(&["STATE", "ENDS", "MATCHES", "BY", "WHY", "ID"]);
    for silence in silences {
        let text = |key: &str| silence[key].as_str().unwrap_or_default().to_owned();
        let state = text("status");
        let tone = if state == "active" { Tone::Warning } else { Tone::Quiet };
        let plain = |text: String| (Tone::Plain, text);
        table.row(vec![
            (tone, state.clone()),
            plain(end(&text("ends_at"), silence["ended_at"].as_str())),
            plain(matches(&silence["matchers"])),
            plain(text("by")),
            plain(text("why")),
            plain(text("id")),
        ]);
    }
    table.render(Painter::stdout())
}

/// The end of a silence and the time until then, or since.
fn end(planned: &str, early: Option<&str>) -> String {
    let written = early.unwrap_or(planned);
    let (now, shown) = (Timestamp::now(), minute(written));
    match written.parse::<Timestamp>() {
        Ok(at) if at > now => format!("{shown}, in {}", Span::between(at, now)),
        _ => shown,
    }
}

/// An instant of the API to the minute; any other text as it is.
fn minute(written: &str) -> String {
    written.parse().map_or_else(|_| written.to_owned(), output::minute)
}

/// The filters of a silence in words.
fn matches(matchers: &Value) -> String {
    let words = matchers.as_array().into_iter().flatten().map(|filter| {
        let text = |key: &str| filter[key].as_str().unwrap_or_default();
        match (text("key"), text("match"), text("value")) {
            (key, "equals" | "matches pattern", value) => format!("{key} {value}"),
            (key, comparison, value) => format!("{key} {comparison} {value}").trim_end().to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(", ")
}
