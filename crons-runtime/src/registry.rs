//! Every annotated monitor of the program, known before the first one runs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::definition::Definition;

mod list;

pub use list::{AnnotatedMonitor, AnnotatedMonitors, monitors};

/// Put together by the linker; the attribute adds to it.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "ios", windows))]
#[linkme::distributed_slice]
pub static MONITORS: [&'static Definition];

/// Adds a definition to the list.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "ios", windows))]
#[doc(hidden)]
#[macro_export]
macro_rules! __crons_list {
    ($definition:ident) => {
        #[$crate::__private::linkme::distributed_slice($crate::__private::MONITORS)]
        #[linkme(crate = $crate::__private::linkme)]
        static __CRONS_LISTED: &$crate::__private::Definition = &$definition;
    };
}

/// Where the linker does not do that, nothing is listed, and all else works.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "ios",
    windows
)))]
pub static MONITORS: [&Definition; 0] = [];

/// As above.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "ios",
    windows
)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __crons_list {
    ($definition:ident) => {};
}

/// Says at the start what is legal but probably not meant. Returns how many monitors there are.
pub(crate) fn inspect() -> usize {
    let mut by_slug = HashMap::new();
    for monitor in monitors() {
        match by_slug.entry(monitor.slug()) {
            Entry::Vacant(entry) => {
                entry.insert(monitor);
            }
            Entry::Occupied(first) if first.get().monitor_config() != monitor.monitor_config() => {
                let first: &AnnotatedMonitor = first.get();
                tracing::warn!(
                    slug = %monitor.slug(),
                    at = format_args!("{}:{}", first.file(), first.line()),
                    and_at = format_args!("{}:{}", monitor.file(), monitor.line()),
                    "two functions have this slug and different configurations: each run overwrites that of the other"
                );
            }
            Entry::Occupied(_) => {}
        }
    }
    by_slug.len()
}
