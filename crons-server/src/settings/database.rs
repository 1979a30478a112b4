//! The database of a server, by its URL.

use std::fmt;
use std::path::{Path, PathBuf};

use super::invalid::InvalidSetting;
use crate::quote::quoted;

/// The database that stores check-ins. As a text it is a URL: `sqlite:` and the path of a file, such as `sqlite:crons.db`; or, with the
/// feature `postgres`, that of a PostgreSQL database, such as `postgres://crons@db.example.com/crons`. Such a URL has libpq's keys,
/// `schema`, the name of the schema with the tables (`crons`), and `prepared`: with `true`, PostgreSQL plans each statement once for a
/// connection, which takes fewer of its resources, and needs a connection without a pooler such as `PgBouncer` in between (`false`).
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
    #[cfg(feature = "postgres")]
    Postgres(super::postgres_url::PostgresUrl),
}

impl Database {
    /// A database in an SQLite file, which is created when a server opens it.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self(Backend::Sqlite(path.into()))
    }

    /// The path of the file. `None` for a database that is not a file of this machine.
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Backend::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            Backend::Postgres(_) => None,
        }
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

/// A URL that names the database, without a password.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Backend::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            #[cfg(feature = "postgres")]
            Backend::Postgres(url) => f.write_str(&url.shown()),
        }
    }
}

impl std::str::FromStr for Database {
    type Err = InvalidSetting;

    fn from_str(url: &str) -> Result<Self, InvalidSetting> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres(url);
        }
        if url.contains("password=") {
            // The text is not repeated.
            return Err(InvalidSetting::new(
                "database: keys and values such as host=db password=… are no URL; write postgres://USER:PASSWORD@HOST/DATABASE, or leave the \
                 password to PGPASSWORD or passfile",
            ));
        }
        let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        match path {
            Some(path) if !path.is_empty() && path != ":memory:" => Ok(Self::sqlite(path)),
            _ => Err(InvalidSetting::new(format!(
                "database: {} is not the URL of a database; write `sqlite:` and the path of a file, such as sqlite:crons.db, or the URL of a PostgreSQL database, such as \
                 postgres://crons@localhost/crons",
                quoted(without_password(url))
            ))),
        }
    }
}

#[cfg(feature = "postgres")]
fn postgres(url: &str) -> Result<Database, InvalidSetting> {
    Ok(Database(Backend::Postgres(super::postgres_url::PostgresUrl::parse(url)?)))
}

#[cfg(not(feature = "postgres"))]
fn postgres(url: &str) -> Result<Database, InvalidSetting> {
    Err(InvalidSetting::new(format!(
        "database: {} needs PostgreSQL, which this program was built without; build it with the feature `postgres`, or write `sqlite:` \
         and the path of a file",
        quoted(without_password(url))
    )))
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
