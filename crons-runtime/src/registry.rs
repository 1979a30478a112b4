//! Every annotated monitor of the program, known before the first one runs.

use std::collections::HashMap;

use crate::definition::Definition;

/// Put together by the linker; the attribute adds to it.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "macos", target_os = "ios", windows))]
#[linkme::distributed_slice]
pub static MONITORS: [&'static Definition];

/// Where the linker does not do that, nothing is listed, and all else works.
#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "ios",
    windows
)))]
pub static MONITORS: [&Definition; 0] = [];

/// Says at the start what is legal but probably not meant. Returns how many monitors there are.
pub(crate) fn inspect() -> usize {
    let mut by_slug = HashMap::new();
    for definition in MONITORS {
        let Some(subject) = definition.resolve() else { continue };
        let (slug, config) = (&subject.slug, &subject.config);
        match by_slug.insert(slug, config) {
            Some(other) if other != config => {
                tracing::warn!(%slug, "two functions have this slug and different configurations: each run overwrites that of the other");
            }
            _ => {}
        }
    }
    by_slug.len()
}
