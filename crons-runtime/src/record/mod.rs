//! Plain data that every layer above shares: the queued check-in, the statistics, the reasons for which check-ins are discarded.

// The modules are in layer order: each uses only those above it.
pub(crate) mod stats;
pub(crate) mod discard;
pub(crate) mod event;
pub(crate) mod note;
pub(crate) mod monitor;
pub(crate) mod queued;
pub(crate) mod journal;
pub(crate) mod ledger;
pub(crate) mod replay;
pub(crate) mod spooled;
