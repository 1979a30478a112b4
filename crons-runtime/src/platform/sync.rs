//! Locks of the inbox: those of the standard library, or of the model checker `shuttle` under `--cfg crons_model`.

#[cfg(not(crons_model))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(crons_model)]
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
