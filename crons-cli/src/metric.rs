//! `crons metric`: reports, inside a job of `crons run`, a number of the run.

use std::error::Error;

use crate::run_file::{Entry, append, is_metric_name};

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Name of the number, such as `rows`: 1 to 64 of letters, digits, `_`, `-` and `.`
    #[arg(value_parser = name)]
    name: String,
    /// The number; a later one of the same name replaces it
    #[arg(value_parser = value, allow_negative_numbers = true)]
    value: f64,
}

fn name(text: &str) -> Result<String, String> {
    if is_metric_name(text) {
        return Ok(text.to_owned());
    }
    Err("write 1 to 64 of letters, digits, `_`, `-` and `.`".to_owned())
}

fn value(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| "write a number, such as 1200 or 0.5".to_owned())
}

/// Adds the number to the note of the run around this process.
///
/// # Errors
/// If there is no run around this process.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { name, value } = arguments;
    Ok(append(&Entry::Metric { name: name.clone(), value: *value })?)
}
