//! Ids of runs: random, as the protocol asks for, and without a system call for each.

use std::cell::Cell;

use crons_types::CheckInId;
use fastrand::Rng;

use crate::process;

/// Where two generators are, seeded by the system, for the two halves of an id.
#[derive(Clone, Copy)]
struct Ids {
    /// A child process would go on with the numbers of its parent, as its brothers do.
    forks: usize,
    halves: [u64; 2],
}

impl Ids {
    /// More forks than there are: seeded when the first id is asked for.
    const UNSEEDED: Self = Self { forks: usize::MAX, halves: [0; 2] };

    #[cold]
    fn seeded(forks: usize) -> Self {
        // Also before there is a client: what is seeded must not be gone on with by each child.
        process::count_forks();
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        // The bits that say "version 4" are the same in all of them.
        let (more, further) = uuid::Uuid::new_v4().as_u64_pair();
        Self { forks, halves: [high ^ further.rotate_left(32), low ^ more.rotate_left(32)] }
    }

    fn next(&mut self) -> u128 {
        let [high, low] = self.halves.each_mut().map(|half| {
            let mut generator = Rng::with_seed(*half);
            let number = generator.u64(..);
            *half = generator.get_seed();
            u128::from(number)
        });
        high << 64 | low
    }
}

thread_local! {
    // Nothing in it is dropped, so that a job may run as late as its thread does.
    static IDS: Cell<Ids> = const { Cell::new(Ids::UNSEEDED) };
}

/// A random id.
pub(crate) fn new_id() -> CheckInId {
    let random = IDS.try_with(|ids| {
        let (mut kept, forks) = (ids.get(), process::forks());
        if kept.forks != forks {
            kept = Ids::seeded(forks);
        }
        let random = kept.next();
        ids.set(kept);
        uuid::Builder::from_random_bytes(random.to_be_bytes()).into_uuid()
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
