//! Random seeds that never panic: from the system or, where it has no random numbers, from values that differ between machines,
//! processes, threads and instants.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ptr::from_ref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

/// Returns a seed that no other process or thread has. Logs one warning if the system has no random numbers.
pub(crate) fn seed() -> [u64; 2] {
    let mut halves = [[0; 8]; 2];
    match getrandom::fill(halves.as_flattened_mut()) {
        Ok(()) => halves.map(u64::from_ne_bytes),
        Err(error) => {
            static SAID: AtomicBool = AtomicBool::new(false);
            if !SAID.swap(true, Ordering::Relaxed) {
                log!(
                    warn,
                    %error,
                    "the system has no random numbers: ids of runs are made from time, process and addresses"
                );
            }
            fallback()
        }
    }
}

/// Checks that the system has random numbers, without which the standard library, and so tokio and the HTTP client, would panic.
///
/// # Errors
/// If the system has none.
pub(crate) fn check() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    getrandom::fill(&mut [0; 16]).map_err(|error| {
        format!(
            "the system has no random numbers, which sending needs ({error}); allow the system call getrandom, or provide \
             /dev/urandom"
        )
        .into()
    })
}

/// Hashes values that differ: in a thread a counter, between processes the time, the process id and the layout of
/// memory, which is random on all common systems; on Linux the kernel adds a random UUID through `/proc`, if that is mounted.
fn fallback() -> [u64; 2] {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    // A `RandomState` would ask the system for keys, so the hasher has keys of zero.
    let mut hasher = DefaultHasher::new();
    COUNTER.fetch_add(1, Ordering::Relaxed).hash(&mut hasher);
    SystemTime::now().hash(&mut hasher);
    Instant::now().hash(&mut hasher);
    std::process::id().hash(&mut hasher);
    let on_stack = 0_u8;
    let on_heap = Box::new(0_u8);
    [from_ref(&COUNTER).addr(), from_ref(&on_stack).addr(), from_ref(&*on_heap).addr()].hash(&mut hasher);
    std::env::var_os("HOSTNAME").hash(&mut hasher);
    #[cfg(target_os = "linux")]
    std::fs::read("/proc/sys/kernel/random/uuid").ok().hash(&mut hasher);
    let first = hasher.finish();
    // The state of the hasher has 256 bits, of which each result shows 64.
    Instant::now().hash(&mut hasher);
    [first, hasher.finish()]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn seeds_without_the_system_differ_on_and_between_threads() {
        let made = || (0..10_000).map(|_| fallback()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(made)).collect();
        let seeds: HashSet<[u64; 2]> =
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(seeds.len(), 40_000);
        // The halves of the seeds differ, too.
        for half in [0, 1] {
            assert!(seeds.iter().map(|seed| seed[half]).collect::<HashSet<_>>().len() > 39_000);
        }
    }
}
