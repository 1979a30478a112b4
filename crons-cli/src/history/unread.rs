//! Rows that cannot be read as a whole: as much as they say about a run.

use crons_server::ImportedRun;
use crons_types::{CheckInId, Environment, MonitorConfig};
use jiff::Timestamp;
use serde_json::Value;

use super::row::Row;
use super::verdict::{Kind, Verdict};

/// A row of which the time is known. A run that left a row was not missed, whatever else the row has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    environment: String,
    at: Timestamp,
    /// The verdict of the service; [`Kind::Unknown`] if the row does not say it.
    kind: Kind,
    /// Whether the job has run.
    has_run: bool,
}

impl Unread {
    /// Reads the time, the environment and the verdict of a row; `None` if time or environment cannot be read.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let row = Row::new(value).ok()?;
        let status = ["status", "type"].iter().find_map(|name| row.text(name).ok()).unwrap_or_default();
        let (kind, has_run) = match status {
            "ok" | "success" => (Kind::Ok, true),
            "error" | "timeout" | "fail" => (Kind::Failed, true),
            "missed" => (Kind::Missed, false),
            "unknown" => (Kind::Unknown, false),
            _ => (Kind::Unknown, true),
        };
        let times: &[&str] =
            if has_run { &["dateAdded", "dateCreated", "date"] } else { &["expectedTime", "dateAdded"] };
        let at = times.iter().find_map(|name| row.instant(name).ok().flatten())?;
        let environment = if row.get("environment").is_some() {
            Environment::parse(row.text("environment").ok()?).ok()?.to_string()
        } else {
            Environment::DEFAULT.to_owned()
        };
        Some(Self { environment, at, kind, has_run })
    }

    /// The verdict of the service.
    pub(super) fn verdict(&self, config: &MonitorConfig) -> Verdict {
        Verdict::new(&self.environment, self.at, self.kind, config)
    }

    /// The run of the row, which succeeded unless its status says that it failed; `None` if the job has not run. `number` is that of the row.
    pub(super) fn run(&self, config: &MonitorConfig, number: usize) -> Option<ImportedRun> {
        self.has_run.then(|| ImportedRun {
            id: numbered(number),
            environment: self.environment.clone(),
            started: None,
            ended: Some((self.at, self.kind != Kind::Failed)),
            duration_ms: None,
            kept_alive: true,
            config: config.clone(),
        })
    }
}

/// An id that no other row has.
fn numbered(number: usize) -> CheckInId {
    let mut bytes = [u8::MAX; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    CheckInId::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_says_when_its_run_was_and_how_it_ended() {
        let at = "2024-06-03T11:00:05Z";
        for (row, expected) in [
            (json!({"dateAdded": at, "status": "ok", "duration": "long"}), Some((Kind::Ok, true))),
            (json!({"dateAdded": "x", "dateCreated": at, "status": "timeout"}), Some((Kind::Failed, true))),
            (json!({"date": at, "type": "fail"}), Some((Kind::Failed, true))),
            (json!({"date": at, "type": 7}), Some((Kind::Unknown, true))),
            (json!({"expectedTime": at, "status": "missed"}), Some((Kind::Missed, false))),
            (json!({"dateAdded": at, "status": "unknown"}), Some((Kind::Unknown, false))),
            (json!({"dateAdded": at, "environment": "a/b"}), None),
            (json!({"dateAdded": at, "environment": 7}), None),
            (json!({"dateAdded": "yesterday", "status": "ok"}), None),
            (json!(null), None),
        ] {
            let read = Unread::read(&row);
            assert_eq!(read.as_ref().map(|row| (row.kind, row.has_run)), expected, "{row}");
            assert!(read.is_none_or(|row| row.at.to_string() == at), "{row}");
        }
    }
}
