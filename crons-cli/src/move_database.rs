//! `crons move`

use std::error::Error;
use std::io::Write;

use crons_server::{Database, move_database};

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Database to copy, such as sqlite:crons.db; no server may use it.
    #[arg(long, value_name = "URL")]
    from: Database,
    /// New database to copy to, such as `postgres://crons@localhost/crons`; a copy that was interrupted goes on.
    #[arg(long, value_name = "URL")]
    to: Database,
}

/// Copies a database, and prints the rows and the checksum of each table once both databases have the same.
pub(crate) fn run(Arguments { from, to }: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(file) = from.file().filter(|file| !file.exists()) {
        return Err(
            format!("--from: there is no file {}; name the database of a server", file.display()).into()
        );
    }
    let progress = |table: &str, rows: u64| {
        // A closed standard error is no reason to stop.
        let _ = writeln!(std::io::stderr().lock(), "{table}: {rows} rows copied");
    };
    let moved =
        move_database(from, to, progress).map_err(|error| format!("{from} was not moved: {error}"))?;
    let mut output = std::io::stdout().lock();
    for table in &moved {
        writeln!(output, "{:<15} {:>12} rows  sha256 {}", table.name, table.rows, table.checksum)?;
    }
    writeln!(
        output,
        "All rows of {from} are in {to}, compared one by one. Start the server with --database and the URL of --to"
    )?;
    Ok(())
}
