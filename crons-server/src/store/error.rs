//! The failure of a database.

/// Why something could not be read or stored.
#[derive(Debug)]
pub struct StoreError {
    cause: Box<dyn std::error::Error + Send + Sync>,
    /// The database is not at fault: it is not one to be used so.
    refused: bool,
}

impl StoreError {
    pub(crate) fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: cause.into(), refused: false }
    }

    /// It is not a failure, but a file that is not to be used so.
    pub(crate) fn refused(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { cause: reason.into(), refused: true }
    }

    /// Whether a row that was asked for cannot be decoded, while the database itself works.
    pub(crate) fn is_unreadable(&self) -> bool {
        self.cause.is::<UnreadableRow>()
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.refused {
            f.write_str("the database failed: ")?;
        }
        self.cause.fmt(f)
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        match cause {
            rusqlite::Error::FromSqlConversionFailure(_, _, cause) if cause.is::<UnreadableRow>() => {
                Self::refused(cause)
            }
            cause => Self::new(cause),
        }
    }
}

/// A row that cannot be decoded, as an error of whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnreadableRow {
    pub table: &'static str,
    pub id: i64,
    pub reason: String,
}

impl std::fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, id, reason } = self;
        write!(
            f,
            "row {id} of the table `{table}` cannot be read and is set aside: {reason}; mend or delete this row, then \
             restart the server"
        )
    }
}

impl std::error::Error for UnreadableRow {}
