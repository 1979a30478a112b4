//! The remarks of the server that have been logged.

use std::collections::HashSet;

use crons_types::Slug;

/// Remarks of the server that were logged, up to a number: each of them comes again with every run.
#[derive(Debug, Default)]
pub(super) struct Remarked(HashSet<(Slug, String)>);

impl Remarked {
    const MOST: usize = 1_000;

    /// Remembers a remark about a monitor, and returns whether it is new. `false` if as many as are remembered were logged.
    pub(super) fn is_new(&mut self, slug: &Slug, remark: &str) -> bool {
        self.0.len() < Self::MOST && self.0.insert((slug.clone(), remark.to_owned()))
    }
}
