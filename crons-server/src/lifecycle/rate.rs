//! How often a monitor may check in.

use std::collections::HashMap;

use crons_types::Slug;
use jiff::Timestamp;

use super::error::ProcessingError;
use super::model::truncate_to_minute;

/// Counts the check-ins of each monitor environment within one minute of the clock.
#[derive(Debug)]
pub struct RateWindow {
    /// `None`: no limit.
    most: Option<u32>,
    minute: Timestamp,
    counts: HashMap<(Slug, String), u32>,
}

impl RateWindow {
    pub fn new(most: Option<u32>) -> Self {
        Self { most, minute: Timestamp::MIN, counts: HashMap::new() }
    }

    /// Counts one more, whether it is taken or not.
    ///
    /// # Errors
    /// If there were as many as there may be in its minute.
    pub fn count(
        &mut self,
        slug: &Slug,
        environment: &str,
        received: Timestamp,
    ) -> Result<(), ProcessingError> {
        let Some(most) = self.most else { return Ok(()) };
        let minute = truncate_to_minute(received);
        if minute != self.minute {
            self.minute = minute;
            self.counts.clear();
        }
        let count = self.counts.entry((slug.clone(), environment.to_owned())).or_default();
        *count = count.saturating_add(1);
        if *count > most { Err(ProcessingError::MonitorEnvironmentRateLimited(most)) } else { Ok(()) }
    }
}
