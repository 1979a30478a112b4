//! The one way through the server: check-ins, deadlines and commands of people, in order of time, to a durable verdict.

// In layer order: a module uses only those above it.
mod events;
mod event_log;
mod commands;
mod processor;
mod deadlines;
mod watermark;
mod queue;
mod apply;
mod consumer;

pub(crate) use commands::{Deletion, delete, set_all_muted, set_enabled, set_muted};
pub(crate) use consumer::start;
pub(crate) use events::Event;
pub(crate) use processor::{DEFERRED_TTL, Judge};
pub(crate) use queue::{Inbox, Unavailable};
pub(crate) use watermark::{A_FEW, Minutes};
