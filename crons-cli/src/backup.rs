//! `crons backup`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use crons_server::Database;

/// The command's own arguments.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to make.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What to copy; its server may run meanwhile.
    #[arg(long, value_name = "URL", default_value = "sqlite:crons.db", env = "CRONS_DATABASE")]
    database: Database,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { file, database } = arguments;
    crons_server::backup(database.path(), file)
        .map_err(|error| format!("{database} was not copied: {error}"))?;
    let size = std::fs::metadata(file)?.len();
    writeln!(std::io::stdout().lock(), "{database} is copied to {} ({size} bytes)", file.display())?;
    Ok(())
}
