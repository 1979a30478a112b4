//! Notes about runs, in bounded memory.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use crons_types::CheckIn;

/// The most bytes of all notes that wait: millions of check-ins may wait for a server that is down.
const MAX_BYTES: usize = 64 << 20;

static ROOM: Room = Room(AtomicUsize::new(MAX_BYTES));

/// The end of a text about a run: at most [`CheckIn::MAX_NOTE`] bytes.
#[derive(Debug)]
pub(crate) struct Note(Box<str>);

impl Note {
    /// Copies the end of the text. `None` if the notes that wait take [`MAX_BYTES`]: the check-in goes without.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut start = text.len().saturating_sub(CheckIn::MAX_NOTE);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        let text = &text[start..];
        ROOM.take(text.len()).then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        ROOM.give_back(self.0.len());
    }
}

/// The number of bytes that are left.
struct Room(AtomicUsize);

impl Room {
    /// Takes this many bytes. `false` if fewer are left.
    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_text_is_kept() {
        let long = format!("{}end", "ä".repeat(CheckIn::MAX_NOTE));
        let note = Note::new(&long).unwrap();
        assert!(note.as_str().ends_with("äend") && note.as_str().len() == CheckIn::MAX_NOTE - 1);
    }

    #[test]
    fn without_room_nothing_is_taken() {
        let room = Room(AtomicUsize::new(10));
        assert!(room.take(6) && !room.take(5) && room.take(4) && !room.take(1));
        room.give_back(6);
        assert!(room.take(6) && !room.take(1));
    }
}
