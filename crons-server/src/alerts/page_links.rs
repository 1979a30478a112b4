//! The links of a message to the pages about its event.

use super::facts::Links;
use super::public_url::PublicUrl;
use super::response_keys::ResponseKeys;
use crate::domain::{IncidentEvent, IncidentEventKind};

/// The address of the pages, and the keys of those that open without signing in; without keys, messages do not link to such pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageLinks<'a> {
    pub(super) public_url: &'a PublicUrl,
    pub(super) keys: Option<&'a ResponseKeys>,
}

impl PageLinks<'_> {
    /// Returns the links of a message about this event.
    pub(super) fn of(self, event: &IncidentEvent) -> Links {
        let Self { public_url, keys } = self;
        let incident = event.incident.guid;
        let (explained, can_respond) = match event.kind {
            IncidentEventKind::Opened
            | IncidentEventKind::Failure
            | IncidentEventKind::Reminder
            | IncidentEventKind::Escalated
            | IncidentEventKind::Broken => (event.check_in, true),
            IncidentEventKind::Muted => (event.check_in, false),
            IncidentEventKind::Resolved => (incident, false),
        };
        Links {
            why: public_url.why(explained),
            monitor: public_url.monitor(event.monitor.slug.as_str()),
            acknowledge: keys
                .filter(|_| can_respond)
                .map(|keys| public_url.respond(incident, &keys.key(incident))),
        }
    }
}
