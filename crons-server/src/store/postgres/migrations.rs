//! The migrations of the schema.
//!
//! A migration only adds, such as a column that may be empty, so that servers of the version before go on beside new ones. It may take away what
//! no program reads any more since one or more versions; it says so by [`Migration::usable_from`].

/// A step from a schema to the next one.
#[derive(Clone, Copy)]
pub(super) struct Migration {
    pub(super) statements: &'static str,
    /// The oldest schema whose programs can use the new one, too.
    pub(super) usable_from: usize,
}

/// The migrations in order; the table `migrations` counts those that the schema has been through.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { statements: include_str!("migrations/0001_initial.sql"), usable_from: 1 },
    Migration { statements: include_str!("migrations/0002_busy_tables.sql"), usable_from: 1 },
    Migration { statements: include_str!("migrations/0003_target_leases.sql"), usable_from: 1 },
];
