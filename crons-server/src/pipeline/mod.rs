//! The processing of all input: check-ins, deadlines and commands of people pass in order of time, and get a durable verdict.

// The modules are in layer order: each uses only those above it.
mod events;
mod event_log;
mod refused_log;
mod changes;
mod vitals;
mod batch;
mod processor;
mod shared;
mod apply;
mod evaluate;
mod heartbeat;
mod watermark;
mod digest;
mod queue;
mod attempts;
mod drill;
mod task;
mod page_size;
mod consumer;

pub(crate) use apply::{apply_check_ins, apply_command, reject_all_deferred, store_changes};
pub(crate) use attempts::stored_health;
pub(crate) use changes::{ChangesSince, Position};
pub(crate) use consumer::start;
pub(crate) use digest::{DigestTimes, NewDigest, digest_times};
pub(crate) use drill::last_drill;
pub(crate) use events::Event;
pub(crate) use processor::{DEFERRED_TTL, Processor};
pub(crate) use queue::{Inbox, Task, Unavailable};
pub(crate) use vitals::{COMMIT_BOUNDS, Figures, PulseOutcome, TargetHealth};
pub(crate) use watermark::{CHUNK, Watermark};
