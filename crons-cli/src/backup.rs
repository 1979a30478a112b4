//! `crons backup`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use crons_server::Database;

use crate::config_file;
use crate::settings::Config;

/// The command's own arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to make.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to copy, that of ./crons.toml if it is left out; its server may run meanwhile [default: sqlite:crons.db]
    #[arg(long, value_name = "URL", env = "CRONS_DATABASE")]
    database: Option<Database>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { file, database } = arguments;
    let database = &match database {
        Some(database) => database.clone(),
        None => configured()?,
    };
    crons_server::backup(database, file).map_err(|error| format!("{database} was not copied: {error}"))?;
    let size = std::fs::metadata(file)?.len();
    writeln!(std::io::stdout().lock(), "{database} is copied to {} ({size} bytes)", file.display())?;
    Ok(())
}

/// That which `crons serve` would use here.
fn configured() -> Result<Database, String> {
    let mut config = Config::default();
    let faults = match config_file::find(None)? {
        Some((path, text)) => config_file::apply(&path, &text, &mut config),
        None => Vec::new(),
    };
    if faults.is_empty() { Ok(config.settings.database) } else { Err(faults.join("\n       ")) }
}
