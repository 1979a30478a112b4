//! `crons fail`: reports, inside a job of `crons run`, that the run has failed.

use std::error::Error;

use crate::run_file::{Entry, MAX_REASON, append};

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Reason of the failure, for people
    #[arg(value_name = "REASON", required = true, allow_hyphen_values = true)]
    reason: Vec<String>,
}

/// Has the run around this process count as failed. The job goes on, and keeps its exit code.
///
/// # Errors
/// If there is no run around this process.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let reason = arguments.reason.join(" ");
    Ok(append(&Entry::Fail(reason.trim().chars().take(MAX_REASON).collect()))?)
}
