//! The failure of a database, by what the caller can do about it.

use std::fmt;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failed read or write. Its kind says what to do; no driver's type is in it.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// Another transaction changed the rows that this one had read. Nothing was stored; run the transaction again. A conflict is no outage.
    Conflict(Cause),
    /// The database failed as a whole: it is full, read-only, damaged or gone. Nothing was stored; a later attempt may succeed.
    Unavailable(Cause),
    /// A stored row cannot be decoded. The database itself works, and all other rows can be read.
    Corrupt(UnreadableRow),
    /// The request is not allowed, such as to open the file of another program. The same request fails again.
    Refused(Cause),
    /// The other servers on the database went on without this one, since it said nothing for a while: what it has received meanwhile is not
    /// stored. It joins them again; a later attempt may succeed.
    Expelled,
}

impl StoreError {
    pub(crate) fn conflict(cause: impl Into<Cause>) -> Self {
        Self::Conflict(cause.into())
    }

    pub(crate) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }

    pub(crate) fn refused(reason: impl Into<Cause>) -> Self {
        Self::Refused(reason.into())
    }

    /// Returns whether a row that was asked for cannot be decoded.
    pub(crate) fn is_corrupt(&self) -> bool {
        matches!(self, Self::Corrupt(_))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict(cause) => write!(f, "another transaction changed the same rows: {cause}"),
            Self::Unavailable(cause) => write!(f, "the database failed: {cause}"),
            Self::Corrupt(row) => row.fmt(f),
            Self::Refused(reason) => reason.fmt(f),
            Self::Expelled => f.write_str(
                "the other servers on the database went on without this one, which said nothing for a while; it joins them again",
            ),
        }
    }
}

impl std::error::Error for StoreError {}

/// A stored row that cannot be decoded: its table, its row id there, and the fault, which begins with the column.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the doc of the struct names each field")]
pub struct UnreadableRow {
    pub table: &'static str,
    pub id: i64,
    pub reason: String,
}

impl fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, id, reason } = self;
        write!(
            f,
            "row {id} of the table `{table}` cannot be read and is set aside: {reason}; mend or delete this row, then \
             restart the server"
        )
    }
}

impl std::error::Error for UnreadableRow {}
