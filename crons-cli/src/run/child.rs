//! Starts the job's process, signals it, and waits for it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group};

use super::descendants::with_descendants;
use super::plan::Job;
use super::sigpipe;
use super::streams::ChildStreams;

/// The shell of `--shell`, and of scripts without a first line that names theirs.
const SHELL: &str = "/bin/sh";

/// A job that runs.
pub(super) struct Child {
    pub(super) pid: Pid,
    own_group: bool,
}

/// A change in the state of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Exited(i32),
    Killed(i32),
    Stopped(i32),
}

/// A job that could not be started.
pub(super) struct NotStarted {
    /// 127 if there is no such program, else 126, as in shells.
    pub(super) code: u8,
    pub(super) reason: String,
}

impl Child {
    /// Starts the job with these variables, in a process group of its own or in ours.
    pub(super) fn spawn(
        job: &Job,
        variables: &[(&str, OsString)],
        streams: &ChildStreams,
        own_group: bool,
    ) -> Result<Self, NotStarted> {
        let (program, arguments) = if job.shell {
            (OsStr::new(SHELL), vec!["-c".into(), "--".into(), job.command.join(OsStr::new(" "))])
        } else {
            let (program, arguments) = job.command.split_first().ok_or_else(NotStarted::no_command)?;
            (&**program, arguments.to_vec())
        };
        // A program that does not exist is told by a start without a process in between.
        let exists = access(in_path(program), Access::EXEC_OK).is_ok();
        let mut command = if exists { sigpipe::command(program) } else { Command::new(program) };
        command.args(&arguments);
        prepare(&mut command, variables, own_group);
        streams.apply(&mut command).map_err(|error| NotStarted::new(program, &error))?;
        let spawned = match command.spawn() {
            Err(error) if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => {
                // A script without `#!` goes to the shell, as by `execvp`.
                let mut shell = sigpipe::command(OsStr::new(SHELL));
                shell.arg(in_path(program)).args(&arguments);
                prepare(&mut shell, variables, own_group);
                streams.apply(&mut shell).and_then(|()| shell.spawn())
            }
            spawned => spawned,
        };
        let child = spawned.map_err(|error| NotStarted::new(program, &error))?;
        // `std::process::Child` does not report stops, so the process is waited for by its id.
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        pid.map(|pid| Self { pid, own_group }).ok_or_else(NotStarted::no_command)
    }

    /// Sends a signal to the job: to its process group, or to its process and the descendants of it if the group is ours.
    pub(super) fn signal(&self, signal: i32) {
        let Some(signal) = Signal::from_named_raw(signal) else { return };
        // Fails only if all of the job has ended, here and below.
        if self.own_group {
            let _ = kill_process_group(self.pid, signal);
            return;
        }
        for process in with_descendants(self.pid) {
            let _ = kill_process(process, signal);
        }
    }

    /// Returns the changes since the last call. As process 1 of a container, also reaps processes that have lost their parents.
    pub(super) fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        while let Ok(Some((pid, status))) = wait_any_or(self.pid) {
            if pid == self.pid {
                changes.extend(change(status));
            }
        }
        changes
    }
}

/// Returns the path of a program that `PATH` has; the program itself if it is a path.
fn in_path(program: &OsStr) -> PathBuf {
    let found = |folder: PathBuf| {
        Some(folder.join(program)).filter(|path| path.is_file() && access(path, Access::EXEC_OK).is_ok())
    };
    let path = std::env::var_os("PATH").filter(|_| Path::new(program).components().count() == 1);
    let in_folders = path.and_then(|path| std::env::split_paths(&path).find_map(found));
    in_folders.unwrap_or_else(|| program.into())
}

/// Reaps processes that have lost their parents, if this is process 1 of a container.
pub(super) fn reap_orphans() {
    if is_init() {
        while let Ok(Some(_)) = rustix::process::wait(WaitOptions::NOHANG) {}
    }
}

fn is_init() -> bool {
    getpid().is_init()
}

fn wait_any_or(pid: Pid) -> rustix::io::Result<Option<(Pid, WaitStatus)>> {
    let options = WaitOptions::NOHANG | WaitOptions::UNTRACED;
    if is_init() { rustix::process::wait(options) } else { rustix::process::waitpid(Some(pid), options) }
}

fn change(status: WaitStatus) -> Option<Change> {
    let exited = status.exit_status().map(Change::Exited);
    let killed = || status.terminating_signal().map(Change::Killed);
    exited.or_else(killed).or_else(|| status.stopping_signal().map(Change::Stopped))
}

fn prepare(command: &mut Command, variables: &[(&str, OsString)], own_group: bool) {
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    if own_group {
        command.process_group(0);
    }
}

impl NotStarted {
    fn new(program: &OsStr, error: &io::Error) -> Self {
        let named = Path::new(program);
        let exists = named.components().count() > 1 && named.exists();
        let name =
            if program.is_empty() { "\"\", the empty name".to_owned() } else { named.display().to_string() };
        match error.kind() {
            io::ErrorKind::NotFound if exists => Self {
                code: 126,
                reason: format!(
                    "{name} cannot be run: the interpreter that its first line names is not found"
                ),
            },
            io::ErrorKind::NotFound => Self { code: 127, reason: format!("{name}: command not found") },
            _ => Self { code: 126, reason: format!("{name} cannot be run: {error}") },
        }
    }

    fn no_command() -> Self {
        Self { code: 126, reason: "the job has no process".to_owned() }
    }
}
