//! A database with the rows of a test.

use tempfile::TempDir;

use super::connection::SqliteStore;
use super::reader::SqliteReader;

/// Makes a database with rows that are given as SQL, and opens it for reading. Its folder is deleted with the first value.
pub(super) fn filled(rows: &str) -> (TempDir, SqliteReader) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crons.db");
    let store = SqliteStore::open(&path).unwrap();
    store.connection.execute_batch(rows).unwrap();
    let reader = SqliteReader::open(&path).unwrap();
    (folder, reader)
}
