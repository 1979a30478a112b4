//! Words, numbers and names within bytes, in `const fn`.

/// The most digits of a number: cronsim 2.6 reads numbers with a function that refuses more.
pub(super) const MOST_DIGITS: usize = 4300;

/// The first word at or after `at`, as its first byte and the one after its last.
pub(super) const fn next_word(text: &[u8], mut at: usize) -> Option<(usize, usize)> {
    while at < text.len() && blank_length(text, at) > 0 {
        at += blank_length(text, at);
    }
    let start = at;
    while at < text.len() && blank_length(text, at) == 0 {
        at += 1;
    }
    if start == at { None } else { Some((start, at)) }
}

/// The length in bytes of the blank at `at`; 0 if there is none. cronsim 2.6 splits at every Unicode blank and at the
/// four ASCII separators. No byte inside a longer character looks like one, as the text is UTF-8.
const fn blank_length(text: &[u8], at: usize) -> usize {
    if text[at].is_ascii_graphic() {
        return 0;
    }
    let rest = text.split_at(at).1;
    match rest {
        [0x09..=0x0D | 0x1C..=0x20, ..] => 1,
        [0xC2, 0x85 | 0xA0, ..] => 2,
        [0xE1, 0x9A, 0x80, ..]
        | [0xE2, 0x80, 0x80..=0x8A | 0xA8 | 0xA9 | 0xAF, ..]
        | [0xE2, 0x81, 0x9F, ..]
        | [0xE3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// The decimal number that fills the place from `start` to `end`, or the largest `u32` if it is larger.
pub(super) const fn number(text: &[u8], start: usize, end: usize) -> Option<u32> {
    if start >= end || end - start > MOST_DIGITS {
        return None;
    }
    let mut number: u32 = 0;
    let mut at = start;
    while at < end {
        if !text[at].is_ascii_digit() {
            return None;
        }
        number = number.saturating_mul(10).saturating_add((text[at] - b'0') as u32);
        at += 1;
    }
    Some(number)
}

/// Compares in any case. cronsim 2.6 turns the text into capitals first, and two letters outside ASCII have an ASCII
/// capital: the long s (U+017F) and the dotless i (U+0131).
pub(super) const fn is_name(name: &[u8], text: &[u8], start: usize, end: usize) -> bool {
    let mut at = start;
    let mut letter = 0;
    while letter < name.len() && at < end {
        let (capital, length) = match (text[at], if at + 1 < end { text[at + 1] } else { 0 }) {
            (0xC5, 0xBF) => (b'S', 2),
            (0xC4, 0xB1) => (b'I', 2),
            (byte, _) => (byte.to_ascii_uppercase(), 1),
        };
        if capital != name[letter] {
            return false;
        }
        letter += 1;
        at += length;
    }
    letter == name.len() && at == end
}

/// The position of the first `byte` between `start` and `end`; `end` if there is none.
pub(super) const fn find(text: &[u8], byte: u8, start: usize, end: usize) -> usize {
    let mut at = start;
    while at < end && text[at] != byte {
        at += 1;
    }
    at
}

/// The words of `text` with one space between.
pub(super) fn fold_blanks(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut from = 0;
    while let Some((start, end)) = next_word(text.as_bytes(), from) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(&text[start..end]);
        from = end;
    }
    folded
}
