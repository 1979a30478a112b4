//! Ids of runs: random, as the protocol asks for, and without a system call for each.

use std::cell::Cell;

use crons_types::CheckInId;
use fastrand::Rng;

use crate::process;

/// Two generators, seeded by the system, for the two halves of an id.
struct Ids {
    /// A child process would go on with the numbers of its parent, as its brothers do.
    forks: usize,
    halves: [Rng; 2],
}

thread_local! {
    // Nothing in it is dropped, so that a job may run as late as its thread does.
    static IDS: Cell<Option<Ids>> = const { Cell::new(None) };
}

impl Ids {
    fn seeded() -> Self {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        // The bits that say "version 4" are the same in all of them.
        let (more, further) = uuid::Uuid::new_v4().as_u64_pair();
        let halves =
            [Rng::with_seed(high ^ further.rotate_left(32)), Rng::with_seed(low ^ more.rotate_left(32))];
        Self { forks: process::forks(), halves }
    }
}

/// A random id.
pub(crate) fn new_id() -> CheckInId {
    let random = IDS.try_with(|ids| {
        let kept = ids.take().filter(|kept| kept.forks == process::forks());
        let mut kept = kept.unwrap_or_else(Ids::seeded);
        let [high, low] = kept.halves.each_mut().map(|half| half.u64(..));
        ids.set(Some(kept));
        uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes()).into_uuid()
    });
    CheckInId::from_bytes(*random.unwrap_or_else(|_| uuid::Uuid::new_v4()).as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_uuids_of_version_4_and_differ_on_all_threads() {
        let made = || (0..10_000).map(|_| new_id()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(made)).collect();
        let ids: HashSet<CheckInId> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(ids.len(), 40_000);
        for id in ids {
            let uuid = uuid::Uuid::from_bytes(*id.as_bytes());
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (4, uuid::Variant::RFC4122));
        }
    }
}
