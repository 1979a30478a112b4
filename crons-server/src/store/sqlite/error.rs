//! The kinds of SQLite's errors.

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_BUSY_SNAPSHOT;

use crate::store::error::{StoreError, UnreadableRow};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::FromSqlConversionFailure(column, of, cause) => match cause
                .downcast::<UnreadableRow>()
            {
                Ok(row) => Self::Corrupt(*row),
                Err(cause) => Self::unavailable(rusqlite::Error::FromSqlConversionFailure(column, of, cause)),
            },
            // The transaction read an older state than the one that it wants to write to. Any other lock is held by another program,
            // and SQLite has waited for it already.
            error if is_conflict(&error) => Self::conflict(error),
            // A constraint or a trigger rejects a row: the same row is rejected again, while others can be stored.
            error if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Self::refused(format!("the database rejects a row: {error}"))
            }
            error => Self::unavailable(error),
        }
    }
}

fn is_conflict(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(failure, _) = error else { return false };
    failure.extended_code == SQLITE_BUSY_SNAPSHOT || failure.code == ErrorCode::DatabaseLocked
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, TransactionBehavior};

    use super::*;

    #[test]
    fn a_write_to_an_older_state_is_a_conflict_and_a_lock_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let open = || {
            let connection = Connection::open(&path).unwrap();
            connection.busy_timeout(std::time::Duration::ZERO).unwrap();
            connection
        };
        let (mut first, second) = (open(), open());
        first.pragma_update(None, "journal_mode", "wal").unwrap();
        first.execute_batch("CREATE TABLE t (i)").unwrap();
        let stale = first.transaction_with_behavior(TransactionBehavior::Deferred).unwrap();
        let read: i64 = stale.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(read, 0);
        second.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        let stale_write = StoreError::from(stale.execute("INSERT INTO t VALUES (2)", []).unwrap_err());
        assert!(matches!(stale_write, StoreError::Conflict(_)), "{stale_write}");
        drop(stale);
        let locking = first.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let locked = StoreError::from(second.execute_batch("INSERT INTO t VALUES (3)").unwrap_err());
        assert!(matches!(locked, StoreError::Unavailable(_)), "{locked}");
        drop(locking);
    }

    #[test]
    fn an_error_of_the_driver_keeps_its_text() {
        let connection = Connection::open_in_memory().unwrap();
        let error = connection.execute_batch("SELECT * FROM nothing").unwrap_err();
        let text = format!("the database failed: {error}");
        assert_eq!(StoreError::from(error).to_string(), text);
    }
}
