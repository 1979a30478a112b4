//! `crons config`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use crate::config_file;
use crate::settings::Config;

/// The command's own arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Say whether this file is good instead, ./crons.toml if none is named.
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = config_file::NAME)]
    check: Option<PathBuf>,
}

/// Prints the template, or what is wrong with a file: whether nothing is.
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
        // A flag or a variable may still bring the token.
        let doubt = config.exposure_error().map(|doubt| format!("; but {doubt}")).unwrap_or_default();
        writeln!(output, "ok: {}{doubt}", path.display())?;
    }
    Ok(faults.is_empty())
}
