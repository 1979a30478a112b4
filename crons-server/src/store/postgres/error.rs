//! The kinds of PostgreSQL's errors.

use tokio_postgres::error::SqlState;

use crate::alerts::chain;
use crate::store::error::StoreError;

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else { return Self::unavailable(chain(&error)) };
        let code = answer.code();
        let text = format!("{} (SQLSTATE {})", answer.message(), code.code());
        if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
            Self::conflict(text)
        } else if code.code().starts_with("22") || code.code().starts_with("23") {
            // A value or a constraint rejects a row: the same row is rejected again, while others can be stored.
            Self::refused(format!("the database rejects a row: {text}"))
        } else {
            Self::unavailable(text)
        }
    }
}
