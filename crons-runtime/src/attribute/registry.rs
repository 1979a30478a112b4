//! The list of all annotated monitors of the program, known before the first one runs.

use crate::attribute::definition::Definition;

/// The annotated monitors, collected by the linker; the attribute adds to it.
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

/// The list, which is empty where the linker cannot collect it.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "ios",
    windows
)))]
pub static MONITORS: [&Definition; 0] = [];

/// Adds nothing.
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
