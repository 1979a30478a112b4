//! Keeps SIGPIPE ignored in the job if it was at the start, as in units of systemd. The standard library ignores it before `main`, and starts
//! processes with its default action, so the job is then started by a process in between: `crons start-job`.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};

use crons_runtime::__run::is_ignored;
use signal_hook::consts::SIGPIPE;

use super::closed::close_in_children;
use super::own_program::own_program;
use super::printer::print;

static IGNORED: AtomicBool = AtomicBool::new(false);

/// Runs before `main`. Calls nothing but the system.
#[ctor::ctor(unsafe)]
fn look() {
    IGNORED.store(is_ignored(SIGPIPE), Ordering::Relaxed);
}

/// Returns a command that runs this program, whose arguments are to be added, with SIGPIPE as at the start.
pub(super) fn command(program: &OsStr) -> Command {
    let own = IGNORED.load(Ordering::Relaxed).then(own_program).and_then(Result::ok);
    match own {
        Some(mut command) => {
            command.args([OsStr::new("start-job"), OsStr::new("--"), program]);
            command
        }
        None => Command::new(program),
    }
}

/// The arguments of `crons start-job`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The job: a program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Becomes the job. Returns only if it cannot be run.
pub(crate) fn start_job(arguments: Arguments) -> ExitCode {
    close_in_children();
    let name = arguments.command.first().cloned().unwrap_or_default();
    let words: Result<Vec<CString>, _> =
        arguments.command.into_iter().map(|word| CString::new(word.into_vec())).collect();
    let reason = match words.as_deref() {
        Ok(words @ [program, ..]) => match nix::unistd::execvp(program, words) {
            Err(error) => error.to_string(),
            Ok(never) => match never {},
        },
        _ => "it has no name, or a zero byte".to_owned(),
    };
    print(&format!("{} cannot be run: {reason}", name.display()));
    ExitCode::from(126)
}
