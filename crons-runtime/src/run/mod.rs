//! A run as its job sees it: its guard, its future, its outcome.

// The modules are in layer order: each uses only those above it.
pub(crate) mod outcome;
pub(crate) mod verdict;
pub(crate) mod guard;
pub(crate) mod execute;
pub(crate) mod in_place;
pub(crate) mod finish;
pub(crate) mod future;
pub(crate) mod monitor;
pub(crate) mod monitored;
