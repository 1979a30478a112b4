//! A check-in as it reaches the core: read, bounded, and stamped with the time it arrived.

use crons_types::{CheckInId, CheckInStatus, Schedule, Slug, Timezone};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::ProcessingError;

/// A received payload, whether it is a check-in or not.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedCheckIn {
    /// The slug; `None` if nothing that was sent is a slug.
    pub monitor_slug: Option<Slug>,
    /// The environment as it was sent; `production` if none was.
    pub environment: String,
    pub received: Timestamp,
    /// The payload as it was sent, for those who look for the reason of a refusal.
    pub payload: String,
    pub parsed: Result<CheckInEvent, InvalidCheckIn>,
}

/// The reason why a received item is no check-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidCheckIn {
    pub error: ProcessingError,
    /// Whether not even its shape is that of a check-in.
    pub malformed: bool,
    /// Remarks about what else of it would not have been taken as it was sent.
    pub remarks: Vec<String>,
}

/// A check-in. Serialisable, because the end of a run of an unknown monitor is deferred for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckInEvent {
    pub project: u64,
    pub monitor_slug: Slug,
    /// The environment as it was sent; `production` if none was.
    pub environment: String,
    /// The id of the run. Nil stands for the run of this environment that began last and is not over, else a new one.
    pub check_in_id: CheckInId,
    pub status: CheckInStatus,
    pub duration_ms: Option<i64>,
    /// Words about the run, as [`CheckIn::note`](super::CheckIn::note).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Box<str>>,
    /// A check-in that is kept for later never has one.
    #[serde(skip)]
    pub config: Option<ConfigUpdate>,
    pub received: Timestamp,
    /// The id of the trace that the run belongs to; `None` if none was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Uuid>,
    /// The slug as written, if that is not the slug itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<String>,
    /// Remarks about parts that are not taken as they were sent: each names the field, its value and what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// A configuration that came with a check-in.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigUpdate {
    Valid(Box<ConfigPatch>),
    /// The configuration is refused, with the reason: a known monitor keeps the one it has, an unknown one is not created.
    Invalid(String),
}

/// A configuration as sent: a key that can be absent, null or a value has all three.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigPatch {
    pub schedule: Schedule,
    pub checkin_margin: Option<Option<u32>>,
    pub max_runtime: Option<Option<u32>>,
    pub timezone: Option<Option<Timezone>>,
    pub failure_issue_threshold: Option<Option<u32>>,
    pub recovery_threshold: Option<Option<u32>>,
    pub owner: Option<String>,
    /// A malformed owner, as written.
    pub owner_refused: Option<String>,
}

impl CheckInEvent {
    /// A copy without note, configuration and remarks, for events.
    pub fn without_config(&self) -> Self {
        let Self { monitor_slug, environment, .. } = self;
        Self {
            monitor_slug: monitor_slug.clone(),
            environment: environment.clone(),
            note: None,
            config: None,
            spelling: None,
            remarks: Vec::new(),
            ..*self
        }
    }

    /// Returns the slug as it was sent.
    pub fn written_slug(&self) -> &str {
        self.spelling.as_deref().unwrap_or(self.monitor_slug.as_str())
    }
}

impl ReceivedCheckIn {
    /// Adds remarks about what else was sent.
    pub fn remark(&mut self, remarks: impl IntoIterator<Item = String>) {
        match &mut self.parsed {
            Ok(event) => event.remarks.extend(remarks),
            Err(fault) => fault.remarks.extend(remarks),
        }
    }

    /// Sets the time of its arrival.
    pub fn stamp(&mut self, now: Timestamp) {
        self.received = now;
        if let Ok(event) = &mut self.parsed {
            event.received = now;
        }
    }
}
