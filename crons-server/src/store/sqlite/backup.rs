//! A copy of the database, while a server may use it.

use std::path::Path;

use super::connection::SqliteStore;
use super::schema;
use crate::store::error::StoreError;

/// Copies the database in `from` to the new file `to`: a snapshot of one instant, compact and complete.
///
/// # Errors
/// If `from` is no database of ours or cannot be read, or `to` is there already or cannot be written.
pub fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(StoreError::refused(format!("{} is there already; choose another name", to.display())));
    }
    if !from.is_file() {
        return Err(StoreError::refused("there is no such file"));
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(StoreError::refused(format!("there is no folder {}; make it first", folder.display())));
    }
    let connection = schema::open_any(from)?;
    // An incomplete copy must not look like a whole one, nor be shared by two processes.
    let mut partial = to.as_os_str().to_owned();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = Path::new(&partial);
    let copied = copy(&connection, partial);
    if copied.is_err() {
        // The name of a file that cannot be removed shows what it is.
        let _ = std::fs::remove_file(partial);
    }
    copied?;
    std::fs::rename(partial, to).map_err(StoreError::unavailable)
}

impl SqliteStore {
    /// Copies the database to the new file `to`.
    ///
    /// # Errors
    /// If `to` is there already or cannot be written.
    pub fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        copy(&self.connection, to)
    }
}

fn copy(connection: &rusqlite::Connection, to: &Path) -> Result<(), StoreError> {
    let name = to.to_str().ok_or_else(|| StoreError::refused("the name of the copy is no UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [name])?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(StoreError::unavailable)
}
