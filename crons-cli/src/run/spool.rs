//! Folders of `crons run`: the spool, in which runs survive their process, with the locks of `--overlap` and the files of `crons fail`.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crons_types::CheckInId;
use tempfile::TempDir;

use super::inbox::sweep;

/// The folders of a run.
pub(super) struct Folders {
    /// The spool; `None` if there is no place for it, or it is switched off.
    pub(super) spool: Option<PathBuf>,
    /// The folder for the file by which commands inside the job reach this run; `None` if there is no place for it.
    runs: Option<PathBuf>,
    /// The guard that deletes `runs` if it is a temporary folder.
    _temporary: Option<TempDir>,
}

impl Folders {
    /// Makes the folders, for this user only. Also returns a complaint if there is no place for a spool: the job starts all the same.
    pub(super) fn make() -> (Self, Option<String>) {
        let refused = match place() {
            Place::Off => None,
            Place::None => Some("neither CRONS_SPOOL nor HOME is set".to_owned()),
            Place::At(spool) => {
                let runs = spool.join("runs");
                match make_private(&runs).and_then(|()| {
                    rustix::fs::access(&runs, rustix::fs::Access::WRITE_OK).map_err(Into::into)
                }) {
                    Ok(()) => return (Self { spool: Some(spool), runs: Some(runs), _temporary: None }, None),
                    Err(error) => Some(format!("{}: {error}", runs.display())),
                }
            }
        };
        let temporary = tempfile::Builder::new().prefix("crons-").tempdir().ok();
        let runs = temporary.as_ref().map(|folder| folder.path().to_owned());
        let folders = Self { spool: None, runs, _temporary: temporary };
        let complaint = |reason| {
            format!(
                "there is no place for the spool ({reason}): if this process is killed, its run stays in progress; set CRONS_SPOOL to a \
                 folder that can be written"
            )
        };
        (folders, refused.map(complaint))
    }

    /// Deletes the files of runs that were killed.
    pub(super) fn sweep(&self) {
        if let Some(runs) = self.runs.as_deref().filter(|_| self.spool.is_some()) {
            sweep(runs);
        }
    }

    /// The path of the file by which commands inside the job reach this run. `None` if there is no place for it.
    pub(super) fn run_file(&self, run: CheckInId) -> Option<PathBuf> {
        self.runs.as_ref().map(|runs| runs.join(run.to_string()))
    }
}

/// The place of the spool.
pub(crate) enum Place {
    /// `CRONS_SPOOL` is set to nothing.
    Off,
    /// No variable names a folder.
    None,
    At(PathBuf),
}

/// Finds the place of the spool: `CRONS_SPOOL`, else a folder of the user's state.
pub(crate) fn place() -> Place {
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    match folder("CRONS_SPOOL") {
        Some(folder) if folder.as_os_str().is_empty() => return Place::Off,
        Some(folder) => return Place::At(std::path::absolute(&folder).unwrap_or(folder)),
        None => {}
    }
    // A relative path is not valid there: XDG Base Directory Specification.
    if let Some(state) = folder("XDG_STATE_HOME").filter(|state| state.is_absolute()) {
        return Place::At(state.join("crons"));
    }
    if rustix::process::geteuid().is_root() {
        return Place::At("/var/lib/crons".into());
    }
    match folder("HOME").filter(|home| home.is_absolute()) {
        Some(home) => Place::At(home.join(".local/state/crons")),
        None => Place::None,
    }
}

/// Makes a folder that only this user can read, with all above it.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
