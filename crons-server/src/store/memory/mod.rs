//! A small database in memory, for the conformance suite: the second implementation of the seam keeps the rules of the first from being
//! SQLite's own. Each table is a map by row id, a query is a scan, and a transaction works on a copy of all tables.

// The modules are in layer order: each uses only those above it.
mod tables;
mod load;
mod load_runs;
mod write;
mod write_additions;
mod deletion;
mod sweep;
mod transaction;
mod views;
mod explained;
mod activity;
mod queries;

pub(crate) use tables::MemoryDatabase;
