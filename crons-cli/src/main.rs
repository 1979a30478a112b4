//! `crons`: the command line.

mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Sentry Crons, whole: know when a scheduled job did not run.
#[derive(Parser)]
#[command(name = "crons", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take check-ins from any Sentry SDK, and say which jobs were missed, took too long or failed.
    Serve(serve::Arguments),
}

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let outcome = match command {
        Command::Serve(arguments) => serve::run(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is a command line")]
fn complain(error: &dyn std::error::Error) {
    eprintln!("crons: {error}");
}
