//! The last bytes of the job's output.

use crons_types::CheckIn;

/// The number of bytes that are kept for the log, and for the note that a server keeps.
pub(super) const TAIL: usize = CheckIn::MAX_NOTE;

/// The end of a stream of bytes: the last [`TAIL`] of them, and `margin` bytes before these, so that a secret that begins before the
/// tail is recognised.
#[derive(Debug)]
pub(super) struct Tail {
    bytes: Vec<u8>,
    keep: usize,
    /// The number of bytes that have passed.
    total: u64,
}

impl Tail {
    pub(super) fn new(margin: usize) -> Self {
        Self { bytes: Vec::new(), keep: TAIL + margin, total: 0 }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        self.bytes.extend_from_slice(&bytes[bytes.len().saturating_sub(self.keep)..]);
        // Cutting back only at twice the length moves each byte at most once.
        if self.bytes.len() > 2 * self.keep {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.bytes.drain(..self.bytes.len().saturating_sub(self.keep));
    }

    /// The text that is kept, the offset in it at which the last [`TAIL`] bytes begin, and whether there were more bytes.
    pub(super) fn text(&mut self) -> (String, usize, bool) {
        self.cut();
        let mut start = self.bytes.len().saturating_sub(TAIL);
        // Not within a character.
        while self.bytes.get(start).is_some_and(|byte| byte & 0xC0 == 0x80) {
            start += 1;
        }
        let margin = String::from_utf8_lossy(&self.bytes[..start]);
        let text = format!("{margin}{}", String::from_utf8_lossy(&self.bytes[start..]));
        (text, margin.len(), self.total > TAIL as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_output_is_kept_and_no_more() {
        let mut tail = Tail::new(5);
        let all: Vec<u8> = (0..1_000_000_u32).flat_map(|number| format!("{number}\n").into_bytes()).collect();
        for piece in all.chunks(70_001) {
            tail.push(piece);
            assert!(tail.bytes.len() <= 2 * (TAIL + 5));
        }
        let (text, start, cut) = tail.text();
        assert!(cut && all.ends_with(text.as_bytes()));
        assert_eq!((text.len(), start), (TAIL + 5, 5));
    }

    #[test]
    fn a_character_is_not_cut_in_two() {
        let mut tail = Tail::new(0);
        tail.push("ä".repeat(TAIL).as_bytes());
        tail.push(b"x");
        let (text, start, _) = tail.text();
        assert!(!text[start..].contains('\u{FFFD}') && text.ends_with("äx"), "{}", &text[..8]);
    }
}
