//! `crons backup`

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use crons_server::Database;

use crate::config_file;
use crate::settings::Config;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// File to write the copy to; it must not exist yet.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Database to copy; its server may be running [default: that of ./crons.toml, else sqlite:crons.db]
    #[arg(long, value_name = "URL", env = "CRONS_DATABASE")]
    database: Option<Database>,
}

/// Copies the database and prints the size of the copy. Ends with exit code 2 for a database of PostgreSQL, which has its own program.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let Arguments { file, database } = arguments;
    let database = &match database {
        Some(database) => database.clone(),
        None => configured()?,
    };
    let copied = crons_server::backup(database, file);
    if let Err(refused) = &copied
        && database.file().is_none()
    {
        // The exit code is that of a wrong flag, since no other attempt would succeed.
        clap::Error::raw(clap::error::ErrorKind::InvalidValue, format!("{database}: {refused}\n")).exit();
    }
    copied.map_err(|error| format!("{database} was not copied: {error}"))?;
    let size = std::fs::metadata(file)?.len();
    writeln!(std::io::stdout().lock(), "{database} was copied to {} ({size} bytes)", file.display())?;
    Ok(())
}

/// The database that `crons serve` would use in this folder without flags.
fn configured() -> Result<Database, String> {
    let mut config = Config::default();
    let faults = match config_file::find(None)? {
        Some((path, text)) => config_file::apply(&path, &text, &mut config),
        None => Vec::new(),
    };
    if faults.is_empty() { Ok(config.settings.database) } else { Err(faults.join("\n       ")) }
}
