//! The spool: a folder in which each worker keeps a journal of open runs and of ends that are owed to the server, so that the next start
//! delivers them if the process is killed. All disk I/O of the client is here.

// The modules are in layer order: each uses only those above it.
pub(crate) mod options;
mod journal_file;
#[cfg(feature = "http")]
pub(crate) mod survey;
mod adoption;
mod syncer;
pub(crate) mod spool;
