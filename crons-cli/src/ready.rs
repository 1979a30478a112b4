//! `crons ready` asks a server whether it works; health checks of containers run it.

use std::error::Error;

use crate::server_arguments::ServerArguments;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerArguments,
}

/// Prints `ready`.
///
/// # Errors
/// If there is no answer, or the server does not work: the reason.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let answer = arguments.server.open()?.ready()?;
    Ok(arguments.server.print(&answer.body, "ready")?)
}
