//! `crons explain`

use std::error::Error;

use crons_types::Slug;
use serde_json::Value;

use crate::api_client::is_id;
use crate::output::printable;
use crate::server_arguments::ServerArguments;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Id of a check-in or of an incident, as alerts, pages and the API have it; or the slug of a monitor, for advice on its configuration.
    #[arg(value_name = "ID or SLUG")]
    subject: String,
    #[command(flatten)]
    server: ServerArguments,
}

/// Prints why a run or an incident came to its status, or the advice for a monitor.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { subject, server } = arguments;
    let client = server.open()?;
    let (body, text) = if is_id(subject) {
        let body = client.get(&["explanations", subject], &[])?.body;
        let text = body["text"].as_str().ok_or("the answer of the server has no explanation; set CRONS_URL to the address that `crons serve` prints")?;
        let text = text.to_owned();
        (body, text)
    } else {
        let slug: Slug = subject
            .parse()
            .map_err(|error| format!("{error}; or write the id of a check-in or an incident"))?;
        let environments = client.list(&["monitors", slug.as_str(), "advice"], &[])?;
        let text = advice(subject, &environments);
        (Value::Array(environments), text)
    };
    // The names in it come from clients.
    let text = text.split('\n').map(printable).collect::<Vec<_>>().join("\n");
    Ok(server.print(&body, &text)?)
}

/// Renders the advice for the environments of a monitor.
fn advice(slug: &str, environments: &[Value]) -> String {
    if environments.is_empty() {
        return format!("{slug} has no environment yet, so there is nothing to explain\n");
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for of in environments {
        let found = of["advice"].as_array().map_or(&[][..], Vec::as_slice);
        let heading = format!("{slug}, environment {}: ", text(&of["environment"]));
        if found.is_empty() {
            const NONE: &str = "no advice; its runs are on time, or no change is proved to help by ten expected runs or more";
            lines.push(format!("{heading}{NONE}"));
        }
        for (number, advice) in found.iter().enumerate() {
            let lead = if number == 0 { &heading } else { "\n" };
            lines.push(format!("{lead}{}", text(&advice["text"])));
            let readings = advice["readings"].as_array().into_iter().flatten();
            lines.extend(readings.map(|reading| format!("  - {}", text(reading))));
            lines.extend(advice["attribute"].as_str().map(|attribute| format!("\n{attribute}")));
        }
    }
    lines.join("\n") + "\n"
}
