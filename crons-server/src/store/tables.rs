//! The tables of a database with their columns, which are the same in each kind of database, for copies from one to another.

use std::borrow::Cow;

use uuid::Uuid;

use super::error::StoreError;

/// The setting of a database to which rows are being copied: the URL of the source, without a password.
pub(super) const MOVING_FROM: &str = "moving_from";

/// A table with its columns, of which the first `key` identify a row and order the rows.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: usize,
    pub(super) columns: &'static [(&'static str, Kind)],
}

/// The kind of values in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Boolean,
    Text,
    Id,
    /// An id; SQLite stores that of a run, which is in the second column, as an empty value.
    Trace,
    Bytes,
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(String),
    Id(Uuid),
    Bytes(Vec<u8>),
}

/// A database whose tables are read and filled as they are.
pub(super) trait Tables {
    /// Rows behind the one with the key `after`, in the order of their keys.
    fn rows_after(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        limit: usize,
    ) -> Result<Vec<Vec<Value>>, StoreError>;

    /// The key of the last row; `None` if there is no row.
    fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>, StoreError>;

    /// Adds rows, all or none, so that they are durable.
    fn add(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), StoreError>;

    /// The value of a setting.
    fn stored_setting(&mut self, name: &str) -> Result<Option<String>, StoreError>;

    /// Stores a setting, or with `None` deletes it.
    fn store_setting(&mut self, name: &str, value: Option<&str>) -> Result<(), StoreError>;

    /// Lets new rows have ids behind those that were added.
    fn continue_ids(&mut self) -> Result<(), StoreError>;
}

impl Table {
    /// The names of the first `count` columns, separated by commas.
    pub(super) fn names(&self, count: usize) -> String {
        let names: Vec<&str> = self.columns.iter().take(count).map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// The names of all columns, separated by commas.
    pub(super) fn all_names(&self) -> String {
        self.names(self.columns.len())
    }
}

impl Value {
    /// A text as each kind of database can store it: PostgreSQL has no U+0000 in texts.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.replace('\0', "\u{fffd}"))
    }

    /// The value as bytes, from which a checksum is made: no two values have the same.
    pub(super) fn encoded(&self) -> (u8, Cow<'_, [u8]>) {
        match self {
            Self::Null => (0, Cow::Borrowed(&[])),
            Self::Integer(number) => (1, number.to_be_bytes().to_vec().into()),
            Self::Boolean(value) => (2, vec![u8::from(*value)].into()),
            Self::Text(text) => (3, text.as_bytes().into()),
            Self::Id(id) => (4, id.as_bytes().as_slice().into()),
            Self::Bytes(bytes) => (5, bytes.as_slice().into()),
        }
    }
}

/// The tables in an order in which each row is behind those that it refers to. `settings` is last, as it has the heartbeat.
pub(super) const TABLES: &[Table] = {
    use Kind::{Boolean, Bytes, Id, Integer, Text, Trace};
    &[
        Table {
            name: "monitors",
            key: 1,
            columns: &[
                ("id", Integer),
                ("guid", Id),
                ("project", Integer),
                ("slug", Text),
                ("enabled", Boolean),
                ("upserting", Boolean),
                ("config", Text),
                ("owner", Text),
                ("date_created", Integer),
                ("spelling", Text),
                ("name", Text),
                ("muted", Boolean),
                ("configured_by", Text),
                ("configured_at", Integer),
            ],
        },
        Table {
            name: "environments",
            key: 1,
            columns: &[
                ("id", Integer),
                ("monitor_id", Integer),
                ("name", Text),
                ("status", Text),
                ("muted", Boolean),
                ("date_created", Integer),
                ("last_check_in", Integer),
                ("next_check_in", Integer),
                ("next_check_in_latest", Integer),
                ("last_ok", Integer),
            ],
        },
        Table { name: "configs", key: 1, columns: &[("id", Integer), ("config", Text)] },
        Table {
            name: "check_ins",
            key: 1,
            columns: &[
                ("id", Integer),
                ("guid", Id),
                ("environment_id", Integer),
                ("status", Text),
                ("duration_ms", Integer),
                ("date_added", Integer),
                ("date_updated", Integer),
                ("date_clock", Integer),
                ("date_in_progress", Integer),
                ("expected_time", Integer),
                ("timeout_at", Integer),
                ("config_id", Integer),
                ("reported", Text),
                ("unheard", Boolean),
                ("decision", Text),
                ("trace", Trace),
                ("note", Text),
            ],
        },
        Table {
            name: "incidents",
            key: 1,
            columns: &[
                ("id", Integer),
                ("guid", Id),
                ("environment_id", Integer),
                ("started_at", Integer),
                ("starting_check_in", Id),
                ("resolved_at", Integer),
                ("resolving_check_in", Id),
                ("errors", Integer),
                ("misses", Integer),
                ("timeouts", Integer),
                ("told", Boolean),
                ("acknowledged_at", Integer),
                ("acknowledged_by", Text),
                ("opened_at", Integer),
                ("opening_check_in", Id),
                ("threshold", Integer),
                ("recovery_threshold", Integer),
                ("withheld_until", Integer),
                ("withheld_by", Text),
                ("withheld_why", Text),
                ("withheld_pending", Boolean),
                ("notified_at", Integer),
                ("follow_ups_until", Integer),
                ("follow_up_due", Integer),
                ("broken_at", Integer),
                ("broken_muted_at", Integer),
            ],
        },
        Table {
            name: "occurrences",
            key: 1,
            columns: &[
                ("id", Integer),
                ("incident_id", Integer),
                ("check_in", Id),
                ("at", Integer),
                ("reason", Text),
            ],
        },
        Table {
            name: "held_check_ins",
            key: 1,
            columns: &[
                ("id", Integer),
                ("project", Integer),
                ("slug", Text),
                ("received", Integer),
                ("event", Text),
            ],
        },
        Table {
            name: "refused",
            key: 1,
            columns: &[
                ("id", Integer),
                ("project", Integer),
                ("monitor_id", Integer),
                ("received", Integer),
                ("payload", Text),
                ("errors", Text),
                ("accepted", Boolean),
            ],
        },
        Table {
            name: "usage",
            key: 5,
            columns: &[
                ("project", Integer),
                ("slug", Text),
                ("hour", Integer),
                ("outcome", Text),
                ("reason", Text),
                ("count", Integer),
            ],
        },
        Table { name: "deleted_usage", key: 1, columns: &[("slug", Text), ("hour", Integer)] },
        Table {
            name: "outages",
            key: 1,
            columns: &[("id", Integer), ("since", Integer), ("until", Integer)],
        },
        Table {
            name: "alerts",
            key: 1,
            columns: &[
                ("id", Integer),
                ("key", Id),
                ("target", Text),
                ("event", Text),
                ("incident", Id),
                ("check_in", Id),
                ("body", Text),
                ("created_at", Integer),
                ("attempts", Integer),
                ("next_attempt_at", Integer),
                ("refused", Boolean),
                ("delivered_at", Integer),
                ("given_up_at", Integer),
                ("last_answer", Text),
                ("group_until", Integer),
            ],
        },
        Table {
            name: "api_tokens",
            key: 1,
            columns: &[
                ("id", Integer),
                ("guid", Id),
                ("name", Text),
                ("scope", Text),
                ("hash", Bytes),
                ("created_at", Integer),
            ],
        },
        Table {
            name: "silences",
            key: 1,
            columns: &[
                ("id", Integer),
                ("guid", Id),
                ("matchers", Text),
                ("starts_at", Integer),
                ("ends_at", Integer),
                ("author", Text),
                ("why", Text),
                ("created_at", Integer),
                ("ended_at", Integer),
            ],
        },
        Table { name: "settings", key: 1, columns: &[("name", Text), ("value", Text)] },
    ]
};
