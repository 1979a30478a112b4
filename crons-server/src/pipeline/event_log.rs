//! The log of what was decided, written after the commit and the replies.

use std::collections::HashSet;

use crons_types::Slug;
use jiff::Timestamp;

use crate::domain::{Verdict, truncate_to_minute};
use crate::mask::Mask;
use crate::pipeline::events::Event;

/// Logs events, each warning about accepted check-ins once a minute and monitor.
#[derive(Default)]
pub(crate) struct EventLog {
    remarked: Remarked,
    mask: Mask,
}

/// The monitors whose check-ins were remarked on in one minute: one remark a minute is logged.
#[derive(Default)]
struct Remarked {
    minute: Timestamp,
    slugs: HashSet<Slug>,
}

impl Remarked {
    /// Removes the remarks that would be the second of their monitor in a minute.
    fn thin_out(&mut self, event: &mut Event) {
        if let Event::CheckIn(check_in, Verdict::Accepted { warnings, .. }) = event
            && !warnings.is_empty()
        {
            let minute = truncate_to_minute(check_in.received);
            if minute != self.minute {
                *self = Self { minute, slugs: HashSet::new() };
            }
            if !self.slugs.insert(check_in.monitor_slug.clone()) {
                warnings.clear();
            }
        }
    }
}

impl EventLog {
    /// Creates a log that hides the server's key by `mask`.
    pub(crate) fn new(mask: Mask) -> Self {
        Self { mask, remarked: Remarked::default() }
    }

    /// Logs events in their order. Waits as long as the subscriber does.
    pub(crate) fn write(&mut self, events: Vec<Event>) {
        for mut event in events {
            self.remarked.thin_out(&mut event);
            if !event.is_quiet() {
                event.log(&self.mask);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crons_types::{CheckInId, CheckInStatus};

    use super::*;
    use crate::domain::{CheckInEvent, Effects, ProcessingError};

    #[test]
    fn a_remark_is_logged_once_a_minute_and_monitor() {
        let mut remarked = Remarked::default();
        let mut logged = |slug: &str, second: i64| {
            let event = CheckInEvent {
                project: crate::PROJECT,
                monitor_slug: Slug::parse(slug).unwrap(),
                environment: "production".to_owned(),
                check_in_id: CheckInId::NIL,
                status: CheckInStatus::Ok,
                duration_ms: None,
                note: None,
                config: None,
                received: Timestamp::from_second(second).unwrap(),
                trace: None,
                spelling: None,
                remarks: Vec::new(),
            };
            let warnings = vec![ProcessingError::CheckInValidationFailed("a key".to_owned())];
            let accepted = Verdict::Accepted { warnings, effects: Effects::default() };
            let mut events = Event::CheckIn(event, accepted);
            remarked.thin_out(&mut events);
            matches!(events, Event::CheckIn(_, Verdict::Accepted { warnings, .. }) if !warnings.is_empty())
        };
        let told = [("one", 0), ("one", 59), ("other", 59), ("one", 60), ("other", 61), ("one", 119)]
            .map(|(slug, second)| logged(slug, second));
        assert_eq!(told, [true, false, true, true, true, false]);
    }
}
