//! The URL of a database.

use std::fmt;
use std::path::{Path, PathBuf};

use super::invalid::InvalidSetting;

/// The database that keeps check-ins, by its URL: `sqlite:` and the path of a file.
///
/// ```
/// let database: crons_server::Database = "sqlite:/var/lib/crons.db".parse()?;
/// assert_eq!(database, crons_server::Database::sqlite("/var/lib/crons.db"));
/// # Ok::<(), crons_server::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database(Backend);

/// The kind of a database, with its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite(PathBuf),
}

impl Database {
    /// An SQLite file, which is created when a server opens it.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Backend::Sqlite(path.into()))
    }

    /// The file of the database; `None` for a database that is no file of this machine.
    pub fn file(&self) -> Option<&Path> {
        let Backend::Sqlite(path) = &self.0;
        Some(path)
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.0
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::sqlite("crons.db")
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Backend::Sqlite(path) = &self.0;
        write!(f, "sqlite:{}", path.display())
    }
}

impl std::str::FromStr for Database {
    type Err = InvalidSetting;

    fn from_str(url: &str) -> Result<Self, InvalidSetting> {
        let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        match path {
            Some(path) if !path.is_empty() && path != ":memory:" => Ok(Self::sqlite(path)),
            _ => Err(InvalidSetting::new(format!(
                "database: {url:?} is not the URL of one; write `sqlite:` and the path of a file, such as sqlite:crons.db"
            ))),
        }
    }
}
