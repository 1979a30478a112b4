//! The file by which commands inside a job, `crons fail` and `crons metric`, reach the `crons run` around it.

use std::fs::File;
use std::io::{self, BufRead, ErrorKind, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The variable in the job that names the file.
pub(crate) const VARIABLE: &str = "CRONS_RUN_FILE";
/// The most bytes of a line that are read at once. The rest of a longer line, which no command here writes, is damage.
const MAX_LINE: u64 = 64 << 10;
/// The most characters of a reason that reach the run. It shows fewer, and cuts after it has hidden secrets: half of one would not be recognised.
pub(crate) const MAX_REASON: usize = 8_000;
/// The most reasons that are kept.
const MAX_FAILURES: usize = 10;
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

/// The entries of the commands inside a job.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Notes {
    pub(crate) failures: Vec<String>,
    /// The last value of each name, in the order in which the names came.
    pub(crate) metrics: Vec<(String, f64)>,
    /// The number of entries that are damaged or too many.
    pub(crate) ignored: usize,
}

/// Returns whether a metric may have this name: it stands in the log and in the note as it is.
pub(crate) fn is_metric_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// Appends an entry to the file of the run around this process.
///
/// # Errors
/// If there is no such run, it has ended, or its file cannot be written.
pub(crate) fn append(entry: &Entry) -> Result<(), String> {
    let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Err(format!(
            "there is no run to report to: {VARIABLE} is not set; call this in a job that `crons run SLUG -- ..` has started"
        ));
    };
    let ended = || "the run has ended: what is reported now is not part of it".to_owned();
    let unwritable = |error: io::Error| {
        format!("the run cannot be reached: {} cannot be written: {error}", path.display())
    };
    let mut file = match File::options().append(true).open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(ended()),
        opened => opened.map_err(unwritable)?,
    };
    // The run holds a lock as long as it goes on.
    if file.try_lock_shared().is_ok() {
        return Err(ended());
    }
    let mut line = serde_json::to_vec(entry).map_err(|error| unwritable(error.into()))?;
    line.push(b'\n');
    // A single write keeps the lines of processes apart that report at the same time.
    file.write_all(&line).map_err(unwritable)
}

/// Reads the entries of a file.
#[cfg(unix)]
pub(crate) fn read(mut file: impl BufRead) -> io::Result<Notes> {
    let mut notes = Notes::default();
    let mut line = Vec::new();
    while file.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? > 0 {
        match serde_json::from_slice(&line) {
            Ok(entry) => notes.add(entry),
            Err(_) => notes.ignored += 1,
        }
        line.clear();
    }
    Ok(notes)
}

#[cfg(unix)]
impl Notes {
    fn add(&mut self, entry: Entry) {
        match entry {
            Entry::Fail(reason) if self.failures.len() < MAX_FAILURES => {
                self.failures.push(reason.chars().take(MAX_REASON).collect());
            }
            Entry::Metric { name, value } if is_metric_name(&name) => {
                match self.metrics.iter().position(|(known, _)| *known == name) {
                    Some(known) => self.metrics[known].1 = value,
                    None if self.metrics.len() < MAX_METRICS => self.metrics.push((name, value)),
                    None => self.ignored += 1,
                }
            }
            _ => self.ignored += 1,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_of_a_metric_counts_and_damage_is_counted() {
        let text = b"{\"metric\":{\"name\":\"rows\",\"value\":1}}\n{\"fail\":\"why\"}\nnonsense\n\
            {\"metric\":{\"name\":\"a\\nb\",\"value\":1}}\n{\"metric\":{\"name\":\"rows\",\"value\":1200}}\n{\"fail\":\"cut";
        let expected = Notes {
            failures: vec!["why".to_owned()],
            metrics: vec![("rows".to_owned(), 1200.0)],
            ignored: 3,
        };
        assert_eq!(read(&text[..]).unwrap(), expected);
    }

    #[test]
    fn a_long_file_is_read_to_its_end_and_kept_in_part() {
        let mut text = Vec::new();
        for number in 0..20_000_u32 {
            writeln!(text, "{{\"metric\":{{\"name\":\"m{}\",\"value\":{number}}}}}", number % 101).unwrap();
        }
        text.extend("{\"fail\":\"why\"}\n".repeat(12).into_bytes());
        text.extend(vec![b'x'; 160 << 10]);
        let notes = read(&text[..]).unwrap();
        assert_eq!((notes.metrics.len(), &notes.metrics[0]), (100, &("m0".to_owned(), 19_998.0)));
        // The ignored entries are 198 values of one metric, two reasons, and three damaged pieces.
        assert_eq!((notes.failures.len(), notes.ignored), (10, 198 + 2 + 3));
    }
}
