//! The thread that writes the log, so that the thread that owns the database does not wait for its reader.

use std::collections::HashSet;
use std::sync::mpsc::{SendError, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crons_types::Slug;
use jiff::Timestamp;

use crate::domain::{Verdict, truncate_to_minute};
use crate::mask::Mask;
use crate::pipeline::events::Event;

/// Batches that may wait to be written; beyond it the sender does.
const WAITING: usize = 2;

/// The senders' end. When it is dropped, all events have been written.
pub(crate) struct Log {
    events: Option<SyncSender<Vec<Event>>>,
    thread: Option<JoinHandle<()>>,
    remarked: Remarked,
    mask: Mask,
}

/// The monitors of whose check-ins something was remarked in one minute: once is enough.
#[derive(Default)]
struct Remarked {
    minute: Timestamp,
    slugs: HashSet<Slug>,
}

impl Remarked {
    /// Takes the remarks away that would be the second of their monitor in a minute.
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

impl Log {
    pub(crate) fn start(mask: Mask) -> std::io::Result<Self> {
        let (events, batches) = sync_channel::<Vec<Event>>(WAITING);
        let thread = std::thread::Builder::new().name("crons-log".to_owned());
        let writer = mask.clone();
        let thread =
            thread.spawn(move || batches.into_iter().flatten().for_each(|event| event.log(&writer)))?;
        Ok(Self { mask, events: Some(events), thread: Some(thread), remarked: Remarked::default() })
    }

    /// Writes events to the log, after all earlier ones.
    pub(crate) fn write(&mut self, mut events: Vec<Event>) {
        for event in &mut events {
            self.remarked.thin_out(event);
        }
        // To wake a thread for nothing would cost a check-in more than all else.
        events.retain(|event| !event.is_quiet());
        if let Some(log) = self.events.as_ref().filter(|_| !events.is_empty())
            && let Err(SendError(events)) = log.send(events)
        {
            for event in &events {
                event.log(&self.mask);
            }
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        drop(self.events.take());
        // A panic of the thread has been reported.
        let _ = self.thread.take().map(JoinHandle::join);
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
                config: None,
                received: Timestamp::from_second(second).unwrap(),
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
