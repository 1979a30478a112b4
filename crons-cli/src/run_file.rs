//! The file by which commands inside a job, `crons fail` and `crons metric`, reach the `crons run` around it.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The variable in the job that names the file.
pub(crate) const VARIABLE: &str = "CRONS_RUN_FILE";
/// The most bytes of the file that are read.
const MAX_BYTES: u64 = 256 << 10;
/// The most characters of a reason that are kept.
pub(crate) const MAX_REASON: usize = 1_000;
/// The most metrics that are kept.
const MAX_METRICS: usize = 100;

/// A line of the file, in JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// The run has failed, for this reason, whatever its exit code will be.
    Fail(String),
    /// A number that the run has to report.
    Metric { name: String, value: f64 },
}

/// What the commands inside a job have said.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Notes {
    pub(crate) failures: Vec<String>,
    /// The last value of each name, in the order in which the names came.
    pub(crate) metrics: Vec<(String, f64)>,
    /// The number of lines that could not be read, or were too many.
    pub(crate) ignored: usize,
}

/// Appends an entry to the file of the run around this process.
///
/// # Errors
/// If there is no such run, or its file cannot be written.
pub(crate) fn append(entry: &Entry) -> Result<(), String> {
    let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Err(format!(
            "there is no run to report to: {VARIABLE} is not set; call this in a job that `crons run SLUG -- ..` has started"
        ));
    };
    let written = (|| {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut options = File::options();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // One write: the lines of processes that report at the same time do not mix.
        options.open(&path)?.write_all(&line)
    })();
    written.map_err(|error: io::Error| {
        format!("the run cannot be reached: {} cannot be written: {error}", path.display())
    })
}

/// Reads the file and deletes it. If there is none, nothing was said.
///
/// # Errors
/// If the file cannot be read.
#[cfg(unix)]
pub(crate) fn take(path: &Path) -> io::Result<Notes> {
    let mut text = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAX_BYTES).read_to_end(&mut text)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Notes::default()),
        Err(error) => return Err(error),
    };
    std::fs::remove_file(path)?;
    Ok(parse(&text))
}

#[cfg(unix)]
fn parse(text: &[u8]) -> Notes {
    let mut notes = Notes::default();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(Entry::Fail(reason)) => notes.failures.push(reason.chars().take(MAX_REASON).collect()),
            Ok(Entry::Metric { name, value }) => {
                match notes.metrics.iter().position(|(known, _)| *known == name) {
                    Some(known) => notes.metrics[known].1 = value,
                    None if notes.metrics.len() < MAX_METRICS => notes.metrics.push((name, value)),
                    None => notes.ignored += 1,
                }
            }
            Err(_) => notes.ignored += 1,
        }
    }
    notes
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_metric_counts_and_damage_is_counted() {
        let text = b"{\"metric\":{\"name\":\"rows\",\"value\":1}}\n{\"fail\":\"why\"}\nnonsense\n\
            {\"metric\":{\"name\":\"rows\",\"value\":1200}}\n{\"fail\":\"cut";
        let expected = Notes {
            failures: vec!["why".to_owned()],
            metrics: vec![("rows".to_owned(), 1200.0)],
            ignored: 2,
        };
        assert_eq!(parse(text), expected);
    }
}
