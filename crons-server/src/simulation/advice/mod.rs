//! Advice on the configuration of a monitor, proved on the reports of its jobs: each piece removes at least two thirds of the missed or
//! timed out runs when the same reports are evaluated with it.

// The modules are in layer order: each uses only those above it.
mod history;
mod proof;
mod clock;
mod time_zone;
mod schedule;
mod deadlines;
#[cfg(test)]
mod tests;

pub(crate) use history::{HISTORY, History};
pub(crate) use proof::Advice;

use self::proof::Proof;

/// Advice for one environment of a monitor; none for a job that is on time, or with a short history.
pub(crate) fn advise(history: &History<'_>) -> Vec<Advice> {
    let Some(proof) = Proof::new(history) else { return Vec::new() };
    // The most particular causes come first: the first one that is proved explains the misses.
    let cause = || {
        clock::early(&proof)
            .or_else(|| time_zone::other_zone(&proof))
            .or_else(|| schedule::other_dialect(&proof))
            .or_else(|| schedule::fewer_runs(&proof))
            .or_else(|| deadlines::margin(&proof))
    };
    let missed = if proof.has_misses() { cause() } else { None };
    missed.into_iter().chain(deadlines::max_runtime(&proof)).collect()
}
