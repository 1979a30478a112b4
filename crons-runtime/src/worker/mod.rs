//! The thread that sends, and the inbox in which the threads of jobs leave their check-ins: the only shared state of the client.

// The modules are in layer order: each uses only those above it.
pub(crate) mod spool;
pub(crate) mod inbox;
pub(crate) mod shared;
mod sender;
pub(crate) mod worker;
