//! `crons alert`

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use crons_server::{Alerts, quoted};

use crate::config_file;
use crate::settings::Config;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Send a test message to your webhooks, and print their answers.
    Test {
        /// Name of one webhook [default: all].
        name: Option<String>,
        /// File with the webhooks.
        #[arg(long, value_name = "FILE", default_value = "crons.toml", env = "CRONS_CONFIG")]
        config: PathBuf,
    },
}

/// Sends the messages and prints each answer. Returns whether every webhook has accepted its message.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let Command::Test { name, config } = &arguments.command;
    let alerts = alerts_of(config)?;
    let is_selected = |webhook: &str| name.as_deref().is_none_or(|name| name == webhook);
    let webhooks: Vec<_> = alerts.webhooks().filter(|(name, _)| is_selected(name)).collect();
    if webhooks.is_empty() {
        return Err(no_webhook(config, name.as_deref(), &alerts).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut output = std::io::stdout().lock();
    let mut all_delivered = true;
    for (name, webhook) in webhooks {
        write!(output, "{name} ({}): ", webhook.origin())?;
        output.flush()?;
        match runtime.block_on(webhook.test(name)) {
            Ok(answer) => {
                writeln!(output, "HTTP {} after {} ms", answer.status, answer.elapsed.as_millis())?;
                for line in answer.body.lines() {
                    writeln!(output, "    {}", line.replace(char::is_control, "\u{fffd}"))?;
                }
                if !answer.is_success() {
                    all_delivered = false;
                    writeln!(output, "  not delivered: {}", answer.advice())?;
                }
            }
            Err(error) => {
                all_delivered = false;
                writeln!(output, "not delivered: {error}")?;
            }
        }
    }
    Ok(all_delivered)
}

/// The message if there is no webhook to send to: those of the file, or how to write one.
fn no_webhook(config: &Path, name: Option<&str>, alerts: &Alerts) -> String {
    let known: Vec<_> = alerts.webhooks().map(|(name, _)| quoted(name)).collect();
    let config = config.display();
    match name {
        Some(name) if !known.is_empty() => {
            format!("{config} has no webhook {}; write one of {}", quoted(name), known.join(", "))
        }
        _ => format!("{config} has no webhooks; add [webhook.ops] with url = \"https://…\""),
    }
}

fn alerts_of(path: &Path) -> Result<Alerts, String> {
    let mut config = Config::default();
    let (path, text) = config_file::find(Some(path))?
        .ok_or_else(|| format!("the file {} does not exist", path.display()))?;
    let faults = config_file::apply(&path, &text, &mut config);
    if faults.is_empty() { Ok(config.settings.alerts) } else { Err(faults.join("\n       ")) }
}
