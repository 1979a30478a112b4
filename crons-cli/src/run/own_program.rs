//! The path of this program, for processes that it starts of itself.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The file that this process runs, also after another one was installed in its place, where the system has such a path.
const RUNNING: &str = "/proc/self/exe";

/// Returns a command that starts this program.
///
/// # Errors
/// If the system does not tell the path.
pub(super) fn own_program() -> io::Result<Command> {
    let path = if Path::new(RUNNING).exists() { RUNNING.into() } else { std::env::current_exe()? };
    let mut command = Command::new(path);
    command.arg0("crons");
    Ok(command)
}
