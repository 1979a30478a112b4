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
        Self::new(cause)
    }
}
