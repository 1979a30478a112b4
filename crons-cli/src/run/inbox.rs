//! The file of `crons fail` and `crons metric`, as the run has it: locked while an attempt goes on, and deleted at its end.

use std::fs::{File, TryLockError};
use std::io::{self, BufReader};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::run_file::{Notes, read};

/// The file of an attempt.
pub(super) struct Inbox {
    path: PathBuf,
    file: File,
}

impl Inbox {
    /// Makes the file.
    ///
    /// # Errors
    /// If it cannot be made or locked.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        loop {
            let file = File::options().read(true).append(true).create(true).mode(0o600).open(path)?;
            file.lock()?;
            // Another run may take a file without a lock for one of a run that is over, and delete it.
            if std::fs::metadata(path).is_ok_and(|of_path| is_same(&of_path, &file)) {
                return Ok(Self { path: path.to_owned(), file });
            }
        }
    }

    /// Deletes the file, so that no command reaches the attempt any more, and reads its entries.
    ///
    /// # Errors
    /// If it cannot be deleted or read.
    pub(super) fn take(self) -> io::Result<Notes> {
        std::fs::remove_file(&self.path)?;
        read(BufReader::new(self.file))
    }
}

fn is_same(of_path: &std::fs::Metadata, file: &File) -> bool {
    file.metadata().is_ok_and(|of_file| (of_file.dev(), of_file.ino()) == (of_path.dev(), of_path.ino()))
}

/// Deletes the files of runs that were killed. What cannot be deleted stays for the next run.
pub(super) fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(file) = File::open(&path) else { continue };
        if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            let _ = std::fs::remove_file(&path);
        }
    }
}
