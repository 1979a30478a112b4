//! The services whose files are read.

use serde_json::Value;

use super::row;

/// A service that has written a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Service {
    Sentry,
    Healthchecks,
}

impl Service {
    /// Reads the rows of a file, each with its place.
    ///
    /// # Errors
    /// If the file is no list of rows, or seems to be of the other service.
    pub(super) fn rows(self, file: &[u8]) -> Result<Vec<(String, Value)>, String> {
        let pings = Some("pings");
        let rows = match self {
            // An object with pings is told from an error of the API.
            Self::Sentry => {
                row::rows(file, None).or_else(|refused| row::rows(file, pings).map_err(|_| refused))
            }
            Self::Healthchecks => row::rows(file, pings),
        }?;
        let other = match self {
            Self::Sentry => Self::Healthchecks,
            Self::Healthchecks => Self::Sentry,
        };
        let is_of = |service: Self| rows.iter().any(|(_, row)| service.has_written(row));
        if is_of(other) && !is_of(self) {
            return Err(match other {
                Self::Sentry => "its rows are check-ins of Sentry: write --from sentry".to_owned(),
                Self::Healthchecks => {
                    "its rows are pings of Healthchecks: write --from healthchecks".to_owned()
                }
            });
        }
        Ok(rows)
    }

    /// Returns whether a row has the fields that the service writes and the other one does not.
    fn has_written(self, row: &Value) -> bool {
        match self {
            Self::Sentry => row.get("status").is_some() || row.get("dateAdded").is_some(),
            Self::Healthchecks => row.get("type").is_some() && row.get("date").is_some(),
        }
    }
}
