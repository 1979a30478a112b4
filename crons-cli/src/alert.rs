//! `crons alert`

mod drill;

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use crons_server::{Alerts, quoted};

use crate::config_file;
use crate::output::printable;
use crate::settings::Config;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Have the server send a test message to every target that its rules or its digest name, and print how long each took. The message takes
    /// the way of all others: outbox, target. Exit code 1 if one was not delivered in time. Needs the admin token.
    Drill(drill::Arguments),
    /// Send a test message to your targets, and print their answers. A `[pagerduty.NAME]` gets the end of an incident that it does not know:
    /// that tests its key, and calls nobody.
    Test {
        /// Name of one target [default: all].
        name: Option<String>,
        #[command(flatten)]
        reach: Reach,
        /// File with the targets.
        #[arg(long, value_name = "FILE", default_value = "crons.toml", env = "CRONS_CONFIG", value_parser = config_file::path_parser())]
        config: PathBuf,
    },
}

/// The settings of the server that decide which private addresses get messages.
#[derive(clap::Args)]
struct Reach {
    /// The address that the server listens on: one that only this machine can reach allows targets on it [default: as the file says,
    /// else 127.0.0.1:9170].
    #[arg(long, value_name = "ADDRESS", env = "CRONS_LISTEN")]
    listen: Option<String>,
    /// Whether alerts may be sent to addresses of private networks: true or false [default: as the file says, else false].
    #[arg(long, value_name = "BOOL", env = "CRONS_ALLOW_PRIVATE_TARGETS", num_args = 0..=1, require_equals = true,
        default_missing_value = "true")]
    allow_private_targets: Option<String>,
}

/// Sends test messages and prints the results. Returns whether every target has accepted its message.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    match &arguments.command {
        Command::Drill(arguments) => drill::run(arguments),
        Command::Test { name, reach, config } => test(name.as_deref(), reach, config),
    }
}

/// Sends test messages from this process to the targets of a file. Returns whether every target has accepted its message.
fn test(name: Option<&str>, reach: &Reach, config: &Path) -> Result<bool, Box<dyn Error>> {
    let settings = settings_of(config, reach)?;
    let alerts = &settings.settings.alerts;
    let is_selected = |target: &str| name.is_none_or(|name| name == target);
    let targets: Vec<_> = alerts.targets().filter(|(name, _)| is_selected(name)).collect();
    if targets.is_empty() {
        return Err(no_target(config, name, alerts).into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut output = std::io::stdout().lock();
    let mut all_delivered = true;
    for (name, target) in targets {
        write!(output, "{name} ({}): ", target.origin())?;
        output.flush()?;
        match runtime.block_on(target.test(name, settings.private_targets())) {
            Ok(answer) => {
                writeln!(output, "{} after {} ms", answer.status(), answer.elapsed().as_millis())?;
                for line in answer.body().lines() {
                    writeln!(output, "    {}", printable(line))?;
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

/// The message if there is no target to send to: those of the file, or how to write one.
fn no_target(config: &Path, name: Option<&str>, alerts: &Alerts) -> String {
    let known: Vec<_> = alerts.targets().map(|(name, _)| quoted(name)).collect();
    let config = config.display();
    match name {
        Some(name) if !known.is_empty() => {
            format!("{config} has no target {}; write one of {}", quoted(name), known.join(", "))
        }
        _ => format!("{config} has no targets; add a table such as [webhook.ops] with url = \"https://…\""),
    }
}

/// Returns the settings of the server: flags and variables override the file.
fn settings_of(path: &Path, reach: &Reach) -> Result<Config, String> {
    let mut config = Config::default();
    let (path, text) = config_file::find(Some(path))?
        .ok_or_else(|| format!("the file {} does not exist", path.display()))?;
    let mut faults = config_file::apply(&path, &text, &mut config);
    faults.extend(config.override_with([
        ("listen", reach.listen.clone()),
        ("allow_private_targets", reach.allow_private_targets.clone()),
    ]));
    if faults.is_empty() { Ok(config) } else { Err(faults.join("\n       ")) }
}
