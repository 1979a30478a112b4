//! `crons token`

use std::error::Error;
use std::io::Write;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api_client::Connection;
use crate::output::{Painter, Table, Tone};

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make a token for a program that uses the API, and print it. It is shown this once, and never again.
    Create {
        /// What the token is for.
        name: String,
        /// What the token allows: `read` for requests that change nothing, `write` for all except those about tokens.
        #[arg(long, value_parser = ["read", "write"], default_value = "read")]
        scope: String,
        #[command(flatten)]
        common: Common,
    },
    /// List the tokens, without the tokens themselves.
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Revoke a token: requests that present it are refused at once.
    Revoke {
        /// Id of the token, or its name.
        revoked: String,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(clap::Args)]
struct Common {
    /// Print the answer of the server as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Makes, lists or revokes tokens. The server asks for its admin token.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    match &arguments.command {
        Command::Create { name, scope, common } => {
            let body = json!({"name": name, "scope": scope});
            let made = common.connection.open()?.send(Method::POST, &["tokens"], &[], Some(&body))?.body;
            match made["token"].as_str() {
                // The token alone, so that a script can take it.
                Some(token) if !common.json => writeln!(output, "{token}")?,
                _ => writeln!(output, "{made:#}")?,
            }
        }
        Command::List { common } => {
            let tokens = common.connection.open()?.get(&["tokens"], &[])?.body;
            if common.json {
                writeln!(output, "{tokens:#}")?;
            } else {
                write!(output, "{}", table(tokens.as_array().map_or(&[], Vec::as_slice)))?;
            }
        }
        Command::Revoke { revoked, common } => {
            let client = common.connection.open()?;
            let tokens = client.get(&["tokens"], &[])?.body;
            let named = tokens.as_array().into_iter().flatten().find(|row| row["name"] == revoked.as_str());
            let id = named.and_then(|row| row["id"].as_str()).unwrap_or(revoked);
            client.send(Method::DELETE, &["tokens", id], &[], None)?;
            if common.json {
                writeln!(output, "{:#}", json!({"id": id, "revoked": true}))?;
            } else {
                writeln!(output, "{revoked} is revoked: requests that present it are refused")?;
            }
        }
    }
    Ok(())
}

fn table(tokens: &[Value]) -> String {
    if tokens.is_empty() {
        return "There is no token; `crons token create NAME` makes one.\n".to_owned();
    }
    let mut table = Table::new(&["NAME", "SCOPE", "CREATED", "ID"]);
    for token in tokens {
        let cell = |key: &str| (Tone::Plain, token[key].as_str().unwrap_or_default().to_owned());
        table.row(["name", "scope", "dateCreated", "id"].map(cell).to_vec());
    }
    table.render(Painter::stdout())
}
