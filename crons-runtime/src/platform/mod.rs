//! The process and its surroundings: logging, forks and exit hooks, random ids, clocks, locks, the zone of the machine.

// The modules are in layer order: each uses only those above it.
#[macro_use]
pub(crate) mod logging;
pub(crate) mod compact_instant;
pub(crate) mod now;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod ids;
pub(crate) mod sync;
pub(crate) mod local_zone;
pub(crate) mod blocking;
