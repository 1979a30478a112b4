//! `crons`: the command line.

// The modules are in layer order: each uses only those above it.
mod values;
mod output;
mod sentry_variables;
mod span;
mod api_error;
mod api_client;
mod server_arguments;
mod server_outage;
mod completions;
mod man;
mod run_file;
mod fail;
mod metric;
#[cfg(unix)]
mod copy_output;
#[cfg(unix)]
mod run;
mod doctor;
mod clock_changes;
mod json_line;
mod check;
mod next;
mod settings;
mod config_file;
mod config;
mod alert;
mod backup;
mod explain;
mod list;
mod ready;
mod tail;
mod manage;
#[cfg(feature = "postgres")]
mod move_database;
mod silence;
mod token;
mod serve;
mod demo;
mod config_change;
mod simulate;
mod history;
mod import;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Sentry Crons for Rust: learn when a scheduled job did not run, ran too long or failed.
#[derive(Parser)]
#[command(name = "crons", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run any command as a monitored job: report its start and its end, and keep its output, its signals and its exit code.
    #[cfg(unix)]
    Run(Box<run::arguments::Arguments>),
    /// Run any command as a monitored job; not on this system.
    #[cfg(not(unix))]
    Run {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
    #[cfg(unix)]
    #[command(hide = true)]
    CopyOutput,
    #[cfg(unix)]
    #[command(hide = true)]
    StartJob(run::sigpipe::Arguments),
    /// Inside a job of `crons run`: report that the run has failed, whatever its exit code will be.
    Fail(fail::Arguments),
    /// Inside a job of `crons run`: report a number of the run, such as `rows 1200`.
    Metric(metric::Arguments),
    /// Start the server: it receives check-ins from any Sentry SDK and reports missed, slow and failed jobs.
    Serve(serve::Arguments),
    /// Start a server with ninety days of invented jobs, to look at.
    Demo(demo::Arguments),
    /// Print crons.toml with every setting of the server explained, or check such a file.
    Config(config::Arguments),
    /// Show what the server would decide: for a timeline, or for stored check-ins with another configuration.
    Simulate(simulate::Arguments),
    /// Copy the database of a server to a file; the server may be running.
    Backup(backup::Arguments),
    /// Copy the database of a server to one of another kind, such as from SQLite to PostgreSQL, and compare all rows.
    #[cfg(feature = "postgres")]
    Move(move_database::Arguments),
    /// Test where alerts are sent.
    Alert(alert::Arguments),
    /// Explain why a run was missed, timed out or failed, or why an incident began and ended; or advise on a monitor.
    Explain(explain::Arguments),
    /// List the monitors of a server with their states.
    List(list::Arguments),
    /// Ask a server whether its database, clock and outbox work; the exit code is 1 if not.
    Ready(ready::Arguments),
    /// Print the runs of monitors as they begin and end.
    Tail(tail::Arguments),
    /// Stop notifications of a monitor, or of one of its environments.
    Mute(manage::MuteArguments),
    /// Start notifications of a monitor again, or of one of its environments.
    Unmute(manage::MuteArguments),
    /// Keep messages about monitors back for a while; failures are still recorded. Lists silences and ends them, too.
    Silence(silence::Arguments),
    /// Refuse the check-ins of a monitor, and expect no runs of it.
    Disable(manage::EnableArguments),
    /// Accept the check-ins of a monitor again.
    Enable(manage::EnableArguments),
    /// Delete a monitor with its history, or environments of it.
    Delete(manage::DeleteArguments),
    /// Make, list and revoke tokens for programs that use the API of a server.
    Token(token::Arguments),
    /// Check whether the server accepts a crontab, and explain it.
    Check(check::Arguments),
    /// Print your crontab, timers or CronJobs with each job wrapped in `crons run`.
    Import(import::Arguments),
    /// Print the next times at which a crontab is due.
    Next(next::Arguments),
    /// Find out whether check-ins from this machine reach the server, and what to do if they do not.
    Doctor(doctor::Arguments),
    /// Show what the history of a job at another service would have been here.
    History(history::Arguments),
    /// Print the completions of these commands for a shell.
    Completions(completions::Arguments),
    /// Print the manual page of crons, or write the pages of all commands into a folder.
    Man(man::Arguments),
}

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let outcome = match command {
        // The exit code is that of the job.
        #[cfg(unix)]
        Command::Run(arguments) => return run::run(*arguments),
        #[cfg(not(unix))]
        Command::Run { .. } => Err("`crons run` needs Unix: it works with signals and process groups".into()),
        #[cfg(unix)]
        Command::StartJob(arguments) => return run::sigpipe::start_job(arguments),
        #[cfg(unix)]
        Command::CopyOutput => copy_output::run().map(|()| true).map_err(Into::into),
        Command::Fail(arguments) => fail::run(&arguments).map(|()| true),
        Command::Metric(arguments) => metric::run(&arguments).map(|()| true),
        Command::Serve(arguments) => serve::run(arguments).map(|()| true),
        Command::Demo(arguments) => demo::run(&arguments).map(|()| true),
        Command::Config(arguments) => config::run(&arguments),
        Command::Alert(arguments) => alert::run(&arguments),
        Command::Simulate(arguments) => simulate::run(arguments).map(|()| true),
        Command::Backup(arguments) => backup::run(&arguments).map(|()| true),
        #[cfg(feature = "postgres")]
        Command::Move(arguments) => move_database::run(&arguments).map(|()| true),
        Command::Explain(arguments) => explain::run(&arguments).map(|()| true),
        Command::List(arguments) => list::run(&arguments).map(|()| true),
        Command::Ready(arguments) => ready::run(&arguments).map(|()| true),
        Command::Tail(arguments) => tail::run(&arguments).map(|()| true),
        Command::Mute(arguments) => manage::mute(&arguments, true).map(|()| true),
        Command::Unmute(arguments) => manage::mute(&arguments, false).map(|()| true),
        Command::Silence(arguments) => silence::run(&arguments).map(|()| true),
        Command::Disable(arguments) => manage::enable(&arguments, false).map(|()| true),
        Command::Enable(arguments) => manage::enable(&arguments, true).map(|()| true),
        Command::Delete(arguments) => manage::delete(&arguments).map(|()| true),
        Command::Token(arguments) => token::run(&arguments).map(|()| true),
        Command::Check(arguments) => check::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Next(arguments) => next::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::History(arguments) => history::run(arguments),
        Command::Completions(arguments) => completions::run(&arguments, &Cli::command()).map(|()| true),
        Command::Man(arguments) => man::run(&arguments, Cli::command()).map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        // The command has printed the reason as part of its output.
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

/// Returns whether the reader of the output has closed it, as in `crons next .. | head -1`. That is not a failure.
fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
