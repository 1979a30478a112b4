//! `crons explain`

use std::error::Error;
use std::io::Write;

use crate::api_client::Connection;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Id of a check-in or of an incident, as alerts, pages and the API have it.
    id: String,
    /// Print the derivation as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Prints why a run or an incident came to its status.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let body = arguments.connection.open()?.get(&["explanations", &arguments.id], &[])?.body;
    let mut output = std::io::stdout().lock();
    match body["text"].as_str() {
        Some(text) if !arguments.json => {
            // Names in it come from clients.
            let text = text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
            write!(output, "{text}")?;
        }
        _ => writeln!(output, "{body:#}")?,
    }
    Ok(())
}
