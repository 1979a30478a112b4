//! The database of a server, by its URL.

use std::fmt;
use std::path::{Path, PathBuf};

use super::invalid::InvalidSetting;
use crate::quote::quoted;

/// The database that stores check-ins. As a text it is a URL: `sqlite:` and the path of a file, such as `sqlite:crons.db`.
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
    /// A database in an SQLite file, which is created when a server opens it.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Backend::Sqlite(path.into()))
    }

    /// The path of the file. `None` for a database that is not a file of this machine.
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
                "database: {} is not the URL of a database; write `sqlite:` and the path of a file, such as sqlite:crons.db",
                quoted(without_password(url))
            ))),
        }
    }
}

/// The part of a URL before its password, if it has one.
fn without_password(url: &str) -> &str {
    let Some((credentials, _)) = url.split_once('@') else { return url };
    let start = credentials.find("://").map_or(0, |scheme| scheme + 3);
    credentials[start..].find(':').map_or(url, |user| &url[..start + user])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_url_is_repeated_without_its_password() {
        for (url, shown) in [
            ("mysql:x", "\"mysql:x\""),
            ("sqlite:", "\"sqlite:\""),
            ("postgres://crons@db/crons", "\"postgres://crons@db/crons\""),
            ("mysql://crons:hunter2@db/crons", "\"mysql://crons\""),
        ] {
            let refused = url.parse::<Database>().unwrap_err().to_string();
            assert!(
                refused.starts_with(&format!("database: {shown} is not the URL of a database; write")),
                "{refused}"
            );
        }
    }
}
