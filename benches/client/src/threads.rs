//! CPU time and memory of this process and its threads, as the kernel counts them.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use crate::Result;

/// The threads that something has started.
pub struct Threads(BTreeSet<u32>);

impl Threads {
    /// The threads of this process now.
    pub fn now() -> Result<Self> {
        let mut threads = BTreeSet::new();
        for entry in fs::read_dir("/proc/self/task")? {
            threads.insert(entry?.file_name().to_string_lossy().parse()?);
        }
        Ok(Self(threads))
    }

    /// The threads that are here and not in `before`.
    pub fn since(&self, before: &Self) -> Self {
        Self(self.0.difference(&before.0).copied().collect())
    }

    /// Returns the CPU time of the threads.
    pub fn time(&self) -> Result<Duration> {
        let mut total = Duration::ZERO;
        for thread in &self.0 {
            let text = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat"))?;
            let nanoseconds = text.split(' ').next().ok_or("no time in schedstat")?.parse()?;
            total += Duration::from_nanos(nanoseconds);
        }
        Ok(total)
    }
}

/// A line of this process's status, in bytes: `VmRSS` or `VmHWM`.
pub fn memory(name: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes: u64 =
        line.and_then(|line| line.split_whitespace().next()).ok_or("no such line")?.parse()?;
    Ok(kilobytes * 1024)
}
