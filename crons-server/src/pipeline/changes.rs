//! The monitors that committed batches have changed, which open pages show anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use uuid::Uuid;

use crate::pipeline::events::{Change, Event};

/// The most monitors that are remembered, since clients may invent names. Where there are more, all are forgotten, and pages read anew.
const MAX_MONITORS: usize = 20_000;

/// The changes since the start of the server, each with a number. The consumer notes slugs only; live pages read the rows from the database.
#[derive(Debug)]
pub(crate) struct Changes {
    /// A random number of this start of the server, by which positions of earlier starts are recognised.
    start: u32,
    noted: Mutex<Noted>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Noted {
    last: u64,
    /// The changes up to this one are forgotten.
    forgotten: u64,
    /// The last change of each monitor.
    monitors: HashMap<Box<str>, u64>,
    /// The number of the last refused payload.
    refused: u64,
}

/// A number of a change, with the start of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    start: u32,
    number: u64,
}

/// The changes after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangesSince {
    /// The position of the last one.
    pub(crate) until: Position,
    /// Slugs, in their order; of monitors that may be deleted meanwhile.
    pub(crate) monitors: Vec<String>,
    /// Whether a payload was refused.
    pub(crate) refused: bool,
}

impl Default for Changes {
    fn default() -> Self {
        Self { start: Uuid::new_v4().as_fields().0, noted: Mutex::default(), changed: Notify::new() }
    }
}

impl Noted {
    /// Notes the last change for a monitor.
    fn note_monitor(&mut self, slug: &str) {
        if let Some(number) = self.monitors.get_mut(slug) {
            *number = self.last;
            return;
        }
        if self.monitors.len() >= MAX_MONITORS {
            self.monitors.clear();
            self.forgotten = self.last - 1;
        }
        self.monitors.insert(slug.into(), self.last);
    }

    /// Notes the last change for everything: pages of earlier positions read all anew.
    fn forget_all(&mut self) {
        self.monitors.clear();
        self.forgotten = self.last;
    }
}

impl Changes {
    /// Notes the changes of a committed batch.
    pub(super) fn note(&self, events: &[Event]) {
        let mut changes = events.iter().filter_map(Event::change).peekable();
        if changes.peek().is_none() {
            return;
        }
        let mut noted = self.noted();
        for change in changes {
            noted.last += 1;
            match change {
                Change::Refused => noted.refused = noted.last,
                Change::Monitor(slug) => noted.note_monitor(slug),
                Change::All => noted.forget_all(),
            }
        }
        drop(noted);
        self.changed.notify_one();
    }

    /// Notes that anything may have changed, as another server has stored something.
    pub(crate) fn note_all(&self) {
        let mut noted = self.noted();
        noted.last += 1;
        noted.forget_all();
        drop(noted);
        self.changed.notify_one();
    }

    /// Waits until something has changed since the last call returned. For one task only.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The position of the last change.
    pub(crate) fn position(&self) -> Position {
        Position { start: self.start, number: self.noted().last }
    }

    /// The changes after a position. `None` if they are not known: the position is of an earlier start, or too old.
    pub(crate) fn since(&self, position: Position) -> Option<ChangesSince> {
        let noted = self.noted();
        if position.start != self.start || position.number < noted.forgotten || position.number > noted.last {
            return None;
        }
        let changed = noted.monitors.iter().filter(|(_, number)| **number > position.number);
        let mut monitors: Vec<String> = changed.map(|(slug, _)| slug.to_string()).collect();
        monitors.sort_unstable();
        Some(ChangesSince {
            until: Position { start: self.start, number: noted.last },
            monitors,
            refused: noted.refused > position.number,
        })
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}-{}", self.start, self.number)
    }
}

impl std::str::FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (start, number) = text.split_once('-').ok_or(())?;
        let start = u32::from_str_radix(start, 16).map_err(drop)?;
        Ok(Self { start, number: number.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(slug: &str) -> Event {
        Event::Changed { monitor: slug.to_owned() }
    }

    fn monitors(changes: &Changes, position: Position) -> Vec<String> {
        changes.since(position).unwrap().monitors
    }

    #[test]
    fn each_monitor_that_changed_since_a_position_is_found_once() {
        let changes = Changes::default();
        let start = changes.position();
        changes.note(&[change("b"), change("a"), change("b")]);
        let middle = changes.position();
        changes.note(&[change("c"), change("a")]);
        assert_eq!(monitors(&changes, start), ["a", "b", "c"]);
        assert_eq!(monitors(&changes, middle), ["a", "c"]);
        assert_eq!(monitors(&changes, changes.position()), Vec::<String>::new());
        assert_eq!(middle.to_string().parse(), Ok(middle));
    }

    #[test]
    fn after_a_change_of_everything_earlier_positions_are_not_known() {
        let changes = Changes::default();
        let start = changes.position();
        changes.note(&[change("a"), Event::AllChanged]);
        let after = changes.position();
        changes.note(&[change("b")]);
        assert_eq!(changes.since(start), None);
        assert_eq!(monitors(&changes, after), ["b"]);
    }

    #[test]
    fn a_position_of_another_start_is_not_known() {
        let (changes, other) =
            (Changes { start: 1, ..Changes::default() }, Changes { start: 2, ..Changes::default() });
        assert_eq!(changes.since(other.position()), None);
        let later = Position { number: 7, ..changes.position() };
        assert_eq!(changes.since(later), None, "it is of no change yet");
        for text in ["", "1", "x-1", "1-", "1-x", "-1-1"] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

    #[test]
    fn too_many_names_are_forgotten_and_not_missed() {
        let changes = Changes::default();
        let start = changes.position();
        let events: Vec<Event> = (0..MAX_MONITORS).map(|number| change(&number.to_string())).collect();
        changes.note(&events);
        assert_eq!(monitors(&changes, start).len(), MAX_MONITORS);
        let full = changes.position();
        changes.note(&[change("one-more")]);
        assert_eq!(changes.since(start), None);
        assert_eq!(monitors(&changes, full), ["one-more"]);
    }
}
