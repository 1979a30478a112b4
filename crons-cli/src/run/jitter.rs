//! Computes the wait of `--jitter`.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// Returns the part of `most` that this host waits for this monitor: the same at each run.
pub(super) fn jitter(most: Duration, name: &str) -> Duration {
    part(most, rustix::system::uname().nodename().to_bytes(), name)
}

fn part(most: Duration, host: &[u8], name: &str) -> Duration {
    let mut hasher = DefaultHasher::new();
    (host, name).hash(&mut hasher);
    // 32 bits of the hash, as a fraction of 2^32: always below 1, so that the longest time does not overflow.
    let numerator = u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX);
    most.mul_f64(f64::from(numerator) / 2_f64.powi(32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_monitors_wait_for_different_parts_and_always_the_same() {
        let most = Duration::from_secs(60);
        let parts: Vec<Duration> =
            (0..1_000_u32).map(|host| part(most, &host.to_le_bytes(), "job")).collect();
        assert!(parts.iter().all(|part| *part <= most));
        for quarter in 0..4 {
            let within = |part: &&Duration| part.as_secs() / 15 == quarter;
            assert!((150..350).contains(&parts.iter().filter(within).count()), "{quarter}");
        }
        assert_eq!(part(most, b"host", "job"), part(most, b"host", "job"));
        assert_ne!(part(most, b"host", "job"), part(most, b"host", "other"));
    }
}
