//! `crons mute`, `unmute`, `disable`, `enable` and `delete`

use std::error::Error;
use std::io::Write;

use crons_types::Slug;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api_client::Connection;

/// The arguments of `crons mute` and `crons unmute`.
#[derive(clap::Args)]
pub(crate) struct MuteArguments {
    /// Slug of the monitor.
    slug: Slug,
    /// Only in this environment [default: all environments that the monitor has].
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The arguments of `crons disable` and `crons enable`.
#[derive(clap::Args)]
pub(crate) struct EnableArguments {
    /// Slug of the monitor.
    slug: Slug,
    #[command(flatten)]
    common: Common,
}

/// The arguments of `crons delete`.
#[derive(clap::Args)]
pub(crate) struct DeleteArguments {
    /// Slug of the monitor.
    slug: Slug,
    /// Delete only this environment of it; may be given more than once [default: the whole monitor].
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(clap::Args)]
struct Common {
    /// Print the answer of the server as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Mutes a monitor or one environment of it, or unmutes it.
pub(crate) fn mute(arguments: &MuteArguments, muted: bool) -> Result<(), Box<dyn Error>> {
    let MuteArguments { slug, environment, common } = arguments;
    let place = match environment {
        Some(name) => format!("{slug}, environment {name}"),
        None => slug.to_string(),
    };
    let text = if muted {
        format!("{place} is muted: failures still open incidents, and nobody is notified of them")
    } else {
        format!("{place} is not muted: people are notified of its next failure")
    };
    let mut path = vec!["monitors", slug.as_str()];
    path.extend(environment.iter().flat_map(|name| ["environments", name]));
    common.change(Method::PUT, &path, Some(&json!({"isMuted": muted})), &text)
}

/// Disables or enables a monitor.
pub(crate) fn enable(arguments: &EnableArguments, enabled: bool) -> Result<(), Box<dyn Error>> {
    let EnableArguments { slug, common } = arguments;
    let (status, text) = if enabled {
        ("active", format!("{slug} is enabled: its next run is expected from now on"))
    } else {
        ("disabled", format!("{slug} is disabled: its check-ins are refused, and no run is missed"))
    };
    common.change(Method::PUT, &["monitors", slug.as_str()], Some(&json!({"status": status})), &text)
}

/// Deletes a monitor, or environments of it.
pub(crate) fn delete(arguments: &DeleteArguments) -> Result<(), Box<dyn Error>> {
    let DeleteArguments { slug, environment, common } = arguments;
    let query: Vec<_> = environment.iter().map(|name| ("environment", name.as_str())).collect();
    let client = common.connection.open()?;
    client.send(Method::DELETE, &["monitors", slug.as_str()], &query, None)?;
    let text = match environment.as_slice() {
        [] => format!("{slug} is deleted, with its history; a check-in with a configuration makes it anew"),
        names => format!("{slug} has no environment {} any more, nor its history", names.join(", ")),
    };
    // The server answers without a body.
    common.print(&json!({"slug": slug.as_str(), "environments": environment, "deleted": true}), &text)
}

impl Common {
    fn change(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        text: &str,
    ) -> Result<(), Box<dyn Error>> {
        let answer = self.connection.open()?.send(method, path, &[], body)?;
        self.print(&answer.body, text)
    }

    fn print(&self, answer: &Value, text: &str) -> Result<(), Box<dyn Error>> {
        let mut output = std::io::stdout().lock();
        if self.json {
            writeln!(output, "{answer:#}")?;
        } else {
            writeln!(output, "{text}")?;
        }
        Ok(())
    }
}
