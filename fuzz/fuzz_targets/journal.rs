//! A journal of the spool is read without a panic, whatever is in it; what it adds up to is the same when it is written anew.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    crons_runtime::fuzzing::replay_and_rewrite(bytes);
    // Lines with the right checksum get further.
    let lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    crons_runtime::fuzzing::replay_and_rewrite(&crons_runtime::fuzzing::with_checksums(&lines));
});
