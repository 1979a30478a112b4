//! The options of the spool.

use std::path::PathBuf;

use crons_types::Environment;

/// The least that [`SpoolOptions::limit`] can be: below it a journal would be rewritten all the time.
pub(crate) const MIN_LIMIT: u64 = 64 << 10;

/// The spool, as the user has set it.
#[derive(Clone, Debug)]
pub(crate) struct SpoolOptions {
    pub(crate) folder: PathBuf,
    /// The most bytes that the journals of one worker take.
    pub(crate) limit: u64,
    /// The server and the project to which check-ins go. Journals for others are left alone.
    pub(crate) server: String,
    /// The defaults of this process.
    pub(crate) environment: Environment,
    pub(crate) release: Option<String>,
}
