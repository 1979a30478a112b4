//! What the operator says before the server starts.

use std::fmt;
use std::path::PathBuf;

use crate::clock::Clock;

/// Settings of a [`Server`](crate::Server).
///
/// ```
/// let settings = crons_server::Settings { database: "sqlite:/var/lib/crons.db".parse()?, ..Default::default() };
/// # Ok::<(), crons_server::InvalidSetting>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where check-ins are kept.
    pub database: Database,
    /// The key that clients show; if left out, one is made and kept in the database.
    pub public_key: Option<PublicKey>,
    /// Where the time comes from.
    pub clock: Clock,
}

/// Where check-ins are kept: `sqlite:` and the path of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    path: PathBuf,
}

impl Database {
    /// An SQLite file; it is made if it is not there.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Default for Database {
    fn default() -> Self {
        Self::sqlite("crons.db")
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqlite:{}", self.path.display())
    }
}

impl std::str::FromStr for Database {
    type Err = InvalidSetting;

    fn from_str(url: &str) -> Result<Self, InvalidSetting> {
        let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
        match path {
            Some(path) if !path.is_empty() && path != ":memory:" => Ok(Self::sqlite(path)),
            _ => Err(InvalidSetting(format!(
                "database: {url:?} is not the URL of one; write `sqlite:` and the path of a file, such as sqlite:crons.db"
            ))),
        }
    }
}

/// The key that clients show: 1 to 64 of a-z, A-Z, 0-9, `-` and `_`. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(String);

impl PublicKey {
    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PublicKey {
    type Err = InvalidSetting;

    fn from_str(key: &str) -> Result<Self, InvalidSetting> {
        let plain = key.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'));
        if plain && (1..=64).contains(&key.len()) {
            return Ok(Self(key.to_owned()));
        }
        Err(InvalidSetting(
            "key: it must be 1 to 64 of a-z, A-Z, 0-9, `-` and `_`; leave it out to have one made".into(),
        ))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(***)")
    }
}

/// Why a text is no setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSetting(String);

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSetting {}
