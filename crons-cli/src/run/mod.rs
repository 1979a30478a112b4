//! `crons run`: runs any command as a monitored job.

// In layer order: a module uses only those above it.
pub(crate) mod arguments;
mod plan;
mod stdio;
mod printer;
mod own_program;
mod log;
mod closed;
mod tail;
mod patterns;
mod redact;
mod summary;
mod signal_mask;
mod job_control;
mod signals;
mod inbox;
pub(crate) mod spool;
mod jitter;
mod lock;
mod terminal;
mod held;
mod pump;
mod streams;
mod left_behind;
pub(crate) mod sigpipe;
mod descendants;
mod child;
mod verdict;
mod report;
mod supervisor;
mod copying;
mod attempt;
mod job;
mod turn;
mod end;

pub(crate) use job::run;
