//! The file of a database: its lock, which one server holds, and its identity.

use std::ffi::OsString;
use std::fs::{File, Metadata, TryLockError};
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// The lock of a server on its database file. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct FileLock {
    _lock: File,
}

impl FileLock {
    /// Locks the file, which need not exist yet. Readers take no lock.
    ///
    /// # Errors
    /// If another server holds the lock, or the file of the lock cannot be created.
    pub(super) fn acquire(path: &Path) -> Result<Self, StoreError> {
        if path.is_dir() {
            return Err(StoreError::unavailable(format!(
                "unable to open database file: {} is a folder",
                path.display()
            )));
        }
        // Links to the file share its lock.
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        // The lock is a file of its own: SQLite has POSIX locks on the database, which end when this process closes any handle of it.
        let mut name = OsString::from(real);
        name.push(".lock");
        let name = PathBuf::from(name);
        let lock = File::options().create(true).truncate(false).write(true).open(&name).map_err(|error| {
            StoreError::unavailable(format!(
                "unable to open database file: {} cannot be made: {error}",
                name.display()
            ))
        })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::unavailable(format!(
                    "{} is served by another server already, which holds {}; end that one, or use another file",
                    path.display(),
                    name.display()
                )));
            }
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "{} cannot be locked; take care that no other server uses the database", name.display());
            }
        }
        Ok(Self { _lock: lock })
    }
}

/// The file that was opened, by its path and its number in the file system.
#[derive(Debug)]
pub(super) struct FileIdentity {
    path: PathBuf,
    file: Identity,
}

impl FileIdentity {
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let metadata = std::fs::metadata(path).map_err(StoreError::unavailable)?;
        Ok(Self { path: path.to_owned(), file: identity(&metadata) })
    }

    /// Fails if the path leads to another file or to none: what is written to the open file then is lost when the server ends.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let fault = match std::fs::metadata(&self.path) {
            Ok(metadata) if identity(&metadata) == self.file => return Ok(()),
            Ok(_) => "has been replaced by another file".to_owned(),
            Err(error) => format!("is not there any more: {error}"),
        };
        Err(StoreError::unavailable(format!(
            "{} {fault}; put it back, or start the server anew with what is there",
            self.path.display()
        )))
    }
}

#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Whether the file exists: on systems other than Unix an open file cannot be replaced.
#[cfg(not(unix))]
type Identity = bool;

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> Identity {
    metadata.is_file()
}
