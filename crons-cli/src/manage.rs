//! `crons mute`, `unmute`, `disable`, `enable` and `delete`

use std::error::Error;

use crons_types::{Environment, Slug};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server_arguments::ServerArguments;

/// The arguments of `crons mute` and `crons unmute`.
#[derive(clap::Args)]
pub(crate) struct MuteArguments {
    /// Slug of the monitor.
    slug: Slug,
    /// Change only this environment [default: all environments that the monitor has].
    #[arg(long, value_name = "NAME")]
    environment: Option<Environment>,
    #[command(flatten)]
    server: ServerArguments,
}

/// The arguments of `crons disable` and `crons enable`.
#[derive(clap::Args)]
pub(crate) struct EnableArguments {
    /// Slug of the monitor.
    slug: Slug,
    #[command(flatten)]
    server: ServerArguments,
}

/// The arguments of `crons delete`.
#[derive(clap::Args)]
pub(crate) struct DeleteArguments {
    /// Slug of the monitor.
    slug: Slug,
    /// Delete only this environment of it; may be given more than once [default: the whole monitor].
    #[arg(long, value_name = "NAME")]
    environment: Vec<Environment>,
    #[command(flatten)]
    server: ServerArguments,
}

/// Mutes a monitor or one environment of it, or unmutes it.
pub(crate) fn mute(arguments: &MuteArguments, muted: bool) -> Result<(), Box<dyn Error>> {
    let MuteArguments { slug, environment, server } = arguments;
    let place = match environment {
        Some(name) => format!("{slug}, environment {name}"),
        None => slug.to_string(),
    };
    let text = if muted {
        format!("{place} is muted: failures still open incidents, and nobody is notified of them")
    } else {
        format!("{place} is not muted: people are notified of its next failure")
    };
    change(server, slug, environment.as_ref(), &json!({"isMuted": muted}), &text)
}

/// Disables or enables a monitor.
pub(crate) fn enable(arguments: &EnableArguments, enabled: bool) -> Result<(), Box<dyn Error>> {
    let EnableArguments { slug, server } = arguments;
    let (status, text) = if enabled {
        ("active", format!("{slug} is enabled: its next run is expected from now on"))
    } else {
        ("disabled", format!("{slug} is disabled: its check-ins are refused, and no run is missed"))
    };
    change(server, slug, None, &json!({"status": status}), &text)
}

/// Deletes a monitor, or environments of it.
pub(crate) fn delete(arguments: &DeleteArguments) -> Result<(), Box<dyn Error>> {
    let DeleteArguments { slug, environment, server } = arguments;
    let names: Vec<&str> = environment.iter().map(Environment::as_str).collect();
    let query: Vec<_> = names.iter().map(|name| ("environment", *name)).collect();
    // A deletion may go on after the answer.
    server.open()?.send_expecting(
        Method::DELETE,
        &["monitors", slug.as_str()],
        &query,
        None,
        |status, _| status == 202,
    )?;
    let text = match names.as_slice() {
        [] => format!("{slug} is deleted, with its history; a check-in with a configuration makes it anew"),
        names => format!("{slug} has no environment {} any more, nor its history", names.join(", ")),
    };
    // The server answers without a body.
    Ok(server.print(&json!({"slug": slug.as_str(), "environments": names, "deleted": true}), &text)?)
}

/// Changes a monitor or an environment of it, and prints the answer, which is the whole monitor.
fn change(
    server: &ServerArguments,
    slug: &Slug,
    environment: Option<&Environment>,
    body: &Value,
    text: &str,
) -> Result<(), Box<dyn Error>> {
    let mut path = vec!["monitors", slug.as_str()];
    path.extend(environment.into_iter().flat_map(|name| ["environments", name.as_str()]));
    let is_monitor = |_: u16, answer: &Value| answer["slug"] == slug.as_str();
    let answer = server.open()?.send_expecting(Method::PUT, &path, &[], Some(body), is_monitor)?;
    Ok(server.print(&answer, text)?)
}
