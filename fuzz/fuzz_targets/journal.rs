//! A journal of the spool is read without a panic, whatever is in it; what it adds up to is the same when it is written anew.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|journal: (bool, Vec<Vec<u8>>)| {
    let (checksums, lines) = journal;
    // Lines of which the checksum is right get further than random bytes.
    let bytes = if checksums { crons_runtime::fuzzing::with_checksums(&lines) } else { lines.concat() };
    crons_runtime::fuzzing::replay_and_rewrite(&bytes);
});
