//! The words for faults of a crontab, and repairs: misspelled fields, wrong numbers of fields, frames, crontabs of other schedulers.

// The modules are in layer order: each uses only those above it.
mod remedy;
mod elapsed;
mod foreign;
mod field;
mod expression;
mod frame;
mod repair;

pub(super) use repair::{find, message, suggestions};
