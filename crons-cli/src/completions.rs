//! `crons completions`

use std::error::Error;
use std::io::Write;

use clap_complete::Shell;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Shell that reads the completions.
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions of all commands for a shell.
pub(crate) fn run(arguments: &Arguments, cli: &clap::Command) -> Result<(), Box<dyn Error>> {
    // clap_complete would offer hidden commands, too.
    let visible = cli.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    let mut visible = clap::Command::new("crons").version(env!("CARGO_PKG_VERSION")).subcommands(visible);
    // Written to memory first: clap_complete panics if the reader of the output has gone.
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut visible, "crons", &mut text);
    Ok(std::io::stdout().lock().write_all(&text)?)
}
