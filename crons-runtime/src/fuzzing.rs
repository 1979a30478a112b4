//! Entries to the reader of the spool for `fuzz/`, which is compiled with `--cfg fuzzing`.

use crate::record::ledger::Ledger;
use crate::record::replay::replay;

/// Puts a header before the lines, and its checksum before each.
#[must_use]
pub fn with_checksums(lines: &[Vec<u8>]) -> Vec<u8> {
    let header = br#"{"crons_spool":1,"incomplete":0,"server":"s","owner":"o"}"#.to_vec();
    let mut bytes = Vec::new();
    for line in std::iter::once(&header).chain(lines) {
        bytes.extend_from_slice(format!("{:08x} ", crc32fast::hash(line)).as_bytes());
        bytes.extend_from_slice(line);
        bytes.push(b'\n');
    }
    bytes
}

/// Reads a journal, and writes anew what it adds up to. Configurations are not compared: numbers in them may be rounded.
///
/// # Panics
/// If the new journal adds up to something else.
pub fn replay_and_rewrite(bytes: &[u8]) {
    let Ok(Some(mut replayed)) = replay(bytes) else { return };
    let owed = |ledger: &Ledger| -> Vec<_> {
        ledger
            .owed(false)
            .into_iter()
            .map(|owed| (owed.id, owed.monitor.slug, owed.at, owed.report))
            .collect()
    };
    let before = owed(&replayed.ledger);
    let (lines, struck_out) = replayed.ledger.rewrite(usize::MAX);
    let mut again = with_checksums(&[]);
    again.extend_from_slice(&lines);
    let again = replay(&again).ok().flatten().map(|replayed| owed(&replayed.ledger));
    assert!(
        struck_out == 0 && again.is_some_and(|again| again == before),
        "a journal changed when it was written anew"
    );
}
