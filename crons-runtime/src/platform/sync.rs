//! The primitives of the inbox: those of the standard library, or those of the model checker in their place.

#[cfg(not(crons_model))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

#[cfg(crons_model)]
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
