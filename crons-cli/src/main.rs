//! `crons`: the command line.

mod check;
mod next;
mod settings;
mod config_file;
mod config;
mod alert;
mod backup;
mod serve;
mod simulate;

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
    /// Print crons.toml with every setting of the server explained, or say whether one is good.
    Config(config::Arguments),
    /// Say what the server would have decided: of a timeline, or of what it has stored, with another configuration.
    Simulate(simulate::Arguments),
    /// Copy the database of a server, while it runs.
    Backup(backup::Arguments),
    /// Try out where alerts go.
    Alert(alert::Arguments),
    /// Say whether the server would take a schedule, and what it means.
    Check(check::Arguments),
    /// Show when a schedule is next due.
    Next(next::Arguments),
}

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let outcome = match command {
        Command::Serve(arguments) => serve::run(arguments).map(|()| true),
        Command::Config(arguments) => config::run(&arguments),
        Command::Alert(arguments) => alert::run(&arguments),
        Command::Simulate(arguments) => simulate::run(arguments).map(|()| true),
        Command::Backup(arguments) => backup::run(&arguments).map(|()| true),
        Command::Check(arguments) => check::run(&arguments),
        Command::Next(arguments) => next::run(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        // What is wrong was said in the output.
        Ok(false) => ExitCode::FAILURE,
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&*error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is a command line")]
fn print_error(error: &dyn std::error::Error) {
    eprintln!("crons: {error}");
}

/// `crons next .. | head -1` has read all it wants.
fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
