//! `crons token`

use std::error::Error;

use reqwest::Method;
use serde_json::{Value, json};

use crate::output::{Painter, Table, Tone};
use crate::server_arguments::ServerArguments;

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
        /// Name of the token: the program or the person that uses it.
        name: String,
        /// Requests that the token allows: `read` for those that change nothing, `write` for all except those about tokens.
        #[arg(long, value_parser = ["read", "write"], default_value = "read")]
        scope: String,
        #[command(flatten)]
        server: ServerArguments,
    },
    /// List the tokens, without the tokens themselves.
    List {
        #[command(flatten)]
        server: ServerArguments,
    },
    /// Revoke a token: requests that present it are refused at once.
    Revoke {
        /// Id of the token, or its name.
        revoked: String,
        #[command(flatten)]
        server: ServerArguments,
    },
}

/// Makes, lists or revokes tokens. The server asks for its admin token.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    match &arguments.command {
        Command::Create { name, scope, server } => {
            let body = json!({"name": name, "scope": scope});
            let is_token = |_: u16, made: &Value| made["token"].is_string();
            let made =
                server.open()?.send_expecting(Method::POST, &["tokens"], &[], Some(&body), is_token)?;
            // The token alone, so that a script can take it.
            server.print(&made, made["token"].as_str().unwrap_or_default())?;
        }
        Command::List { server } => {
            let tokens = server.open()?.list(&["tokens"], &[])?;
            let text = table(&tokens);
            server.print(&Value::Array(tokens), &text)?;
        }
        Command::Revoke { revoked, server } => {
            let client = server.open()?;
            let tokens = client.list(&["tokens"], &[])?;
            let named = tokens.iter().find(|row| row["name"] == revoked.as_str());
            let mut ids = tokens.iter().filter_map(|row| row["id"].as_str());
            // An id may be written without its dashes.
            let plain = |id: &str| id.replace('-', "").to_ascii_lowercase();
            let id = named
                .and_then(|row| row["id"].as_str())
                .or_else(|| ids.find(|id| plain(id) == plain(revoked)));
            // The text is not repeated: it may be the token itself.
            let id = id.ok_or("there is no token of this name or id; `crons token list` prints them")?;
            client.send_expecting(Method::DELETE, &["tokens", id], &[], None, |status, _| status == 204)?;
            let text = format!("{revoked} is revoked: requests that present it are refused");
            server.print(&json!({"id": id, "revoked": true}), &text)?;
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
