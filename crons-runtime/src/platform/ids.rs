//! Random ids of runs (UUID version 4), made without a system call for each.
//!
//! A run costs its thread 0.21 µs of CPU, and 0.67 µs if the system is asked for each id, which is more than the 0.5 µs of `sentry`
//! (`benches/client`, `caller`). The thread generator of `rand` panics where the system has no random numbers, and goes on with the same
//! numbers in a forked child.

use std::cell::Cell;

use crons_types::CheckInId;
use fastrand::Rng;

use crate::platform::{process, random};

/// The states of two generators, seeded by the system, for the two halves of an id.
#[derive(Clone, Copy)]
struct Ids {
    /// The forks before the seed was taken. A child takes a new seed, as it would repeat the ids of its parent.
    forks: usize,
    halves: [u64; 2],
}

impl Ids {
    /// A number of forks that never occurs: seeds are taken when the first id is asked for.
    const UNSEEDED: Self = Self { forks: usize::MAX, halves: [0; 2] };

    #[cold]
    fn seeded(forks: usize) -> Self {
        // Forks are counted even before there is a client, so that each child takes a seed of its own.
        process::count_forks();
        Self { forks, halves: random::seed() }
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
    // The value has no destructor, so ids can be made while the thread ends.
    static IDS: Cell<Ids> = const { Cell::new(Ids::UNSEEDED) };
}

/// Returns a random id.
pub(crate) fn new_id() -> CheckInId {
    let random = IDS.try_with(|ids| {
        let (mut kept, forks) = (ids.get(), process::forks());
        if kept.forks != forks {
            kept = Ids::seeded(forks);
        }
        let random = kept.next();
        ids.set(kept);
        random
    });
    let random = random.unwrap_or_else(|_| Ids::seeded(process::forks()).next());
    let mut bytes = random.to_be_bytes();
    // A UUID of version 4 in the variant of RFC 9562.
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    CheckInId::from_bytes(bytes)
}

/// Returns a random number from 0 to 255, from the generator of the ids.
pub(crate) fn random_byte() -> u8 {
    // The first byte has no bits of the version.
    new_id().as_bytes()[0]
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
