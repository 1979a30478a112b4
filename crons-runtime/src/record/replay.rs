//! Reads a journal, as far as it is what was written.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::record::journal::{Header, VERSION, read_line};
use crate::record::ledger::{Ledger, UnknownMonitor};

/// A journal as it was read.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) header: Header,
    pub(crate) ledger: Ledger,
    /// The first fault, if a line other than an unfinished last one is not what was written.
    pub(crate) damage: Option<Damage>,
}

/// A fault of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The first line is no header.
    Header,
    /// The format has another version.
    Version(u32),
    /// The line with this number, counted from 1, does not agree with its checksum.
    Checksum(usize),
    /// The line with this number names a monitor that no line before it describes.
    Monitor(usize, u32),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("its first line is no header of a journal"),
            Self::Version(version) => {
                write!(f, "its format has version {version}, this program writes {VERSION}")
            }
            Self::Checksum(line) => write!(f, "line {line} does not agree with its checksum"),
            Self::Monitor(line, number) => {
                write!(f, "line {line} names monitor {number}, which no line before it describes")
            }
        }
    }
}

/// Reads a journal. `Ok(None)` if its process ended before the header was complete. An unfinished last line is normal: its process was
/// killed while it wrote. After any other fault the lines that agree with their checksums are still read.
///
/// # Errors
/// If the header is damaged, or of another version.
pub(crate) fn replay(bytes: &[u8]) -> Result<Option<Replayed>, Damage> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        // A line break that was damaged makes one long line of the first two.
        return if bytes.is_empty() || is_unfinished(bytes) { Ok(None) } else { Err(Damage::Header) };
    };
    let (first, rest) = (&bytes[..end], &bytes[end + 1..]);
    let header: Header = read_line(first).ok_or(Damage::Header)?;
    if header.crons_spool != VERSION {
        return Err(Damage::Version(header.crons_spool));
    }
    let mut replayed = Replayed { header, ledger: Ledger::default(), damage: None };
    let mut number = 1;
    for line in rest.split_inclusive(|byte| *byte == b'\n') {
        number += 1;
        let entry = match line.strip_suffix(b"\n") {
            Some(line) => read_line(line).ok_or(Damage::Checksum(number)),
            // The last line is cut off, or whole except for its line break.
            None => match read_line(line).or_else(|| read_line(line.split_last()?.1)) {
                Some(entry) => Ok(entry),
                None => break,
            },
        };
        let applied = entry.and_then(|entry| {
            replayed.ledger.apply(entry).map_err(|UnknownMonitor(monitor)| Damage::Monitor(number, monitor))
        });
        if let Err(damage) = applied {
            replayed.damage.get_or_insert(damage);
        }
    }
    Ok(Some(replayed))
}

/// Returns whether this may be the begin of a header that was cut off.
fn is_unfinished(bytes: &[u8]) -> bool {
    /// The most bytes of a header that is cut off: more than any header has.
    const MOST: usize = 4096;
    bytes.len() < MOST && read_line::<Header>(bytes.split_last().map_or(bytes, |(_, rest)| rest)).is_none()
}
