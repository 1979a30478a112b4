//! `crons config`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use crate::config_file;
use crate::settings::Config;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Check this file instead [default: ./crons.toml].
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = config_file::NAME)]
    check: Option<PathBuf>,
}

/// Prints the template, or the faults of a file. Returns whether the file has none.
pub(crate) fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    let Some((path, text)) =
        arguments.check.as_deref().map_or(Ok(None), |path| config_file::find(Some(path)))?
    else {
        output.write_all(config_file::TEMPLATE.as_bytes())?;
        return Ok(true);
    };
    let mut config = Config::default();
    let faults = config_file::apply(&path, &text, &mut config);
    for fault in &faults {
        writeln!(output, "error: {fault}")?;
    }
    if faults.is_empty() {
        // A warning, not an error: `crons serve` may get the token by a flag or a variable.
        let warning = config.exposure_error().map(|error| format!("; but {error}")).unwrap_or_default();
        writeln!(output, "ok: {}{warning}", path.display())?;
    }
    Ok(faults.is_empty())
}
