//! `crons man`

use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

/// The arguments of the command.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Folder to write the pages of all commands to, such as /usr/local/share/man/man1 [default: print the page of `crons` itself].
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Writes a page for each command into the folder and names the files, or prints the page of `crons` itself.
pub(crate) fn run(arguments: &Arguments, cli: Command) -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    let mut cli = cli.disable_help_subcommand(true);
    cli.build();
    let Some(folder) = &arguments.folder else {
        return Ok(Man::new(cli).render(&mut output)?);
    };
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("{}: {error}; name a folder that can be written", folder.display()))?;
    write_pages(&cli, "crons", folder, &mut output)
}

/// Writes the page of a command, and those of the commands below it. `name` is the whole name of the command, with hyphens.
fn write_pages(
    command: &Command,
    name: &str,
    folder: &Path,
    output: &mut dyn Write,
) -> Result<(), Box<dyn Error>> {
    let file = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    std::fs::write(&file, page)
        .map_err(|error| format!("{}: {error}; name a folder that can be written", file.display()))?;
    writeln!(output, "{}", file.display())?;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
    {
        write_pages(below, &format!("{name}-{}", below.get_name()), folder, output)?;
    }
    Ok(())
}
