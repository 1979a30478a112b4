//! PostgreSQL: one connection that writes, a pool of others that read. Any number of servers may run on one database: their transactions with
//! check-ins and deadlines of different monitors run side by side, all others alone.
//!
//! Statements are sent with the types of their parameters and without a name, and no connection has a state that outlives a transaction,
//! so that a pooler may stand between (`PgBouncer` in transaction mode), unless the URL says that none does (`prepared=true`).

// The modules are in layer order: each uses only those above it.
mod error;
mod executor;
mod parameter;
mod rows;
mod statement;
mod session;
mod password_file;
mod tls;
mod connector;
#[cfg(test)]
mod faults;
mod nodes;
mod migrations;
mod schema_checks;
mod schema;
mod node_changes;
mod membership;
mod connection;
mod locks;
mod tables;
mod reader;
mod deleted;
mod deletion;
mod load;
mod load_runs;
mod load_history;
mod deferred;
mod due;
mod write;
mod write_check_ins;
mod withheld;
mod silences;
mod check_ins;
mod runs;
mod monitors;
mod summaries;
mod stats;
mod activity;
mod incidents;
mod explained;
mod delete_expired;
mod retention_walk;
mod retention;
mod processing_errors;
mod usage;
mod outages;
mod rates;
mod api_tokens;
mod write_additions;
mod export;
mod alerts;
mod outbox;
mod target_leases;
mod transaction;
mod queries;

pub(crate) use connection::PostgresStore;
#[cfg(test)]
pub(crate) use faults::execute;
pub(crate) use reader::PostgresReader;
