//! The format of a journal in the spool: entries, and the header that says whose they are.
//!
//! A journal is text. Each line is a CRC-32 of its rest in 8 hexadecimal digits, a space, a JSON object and a line break, so a line
//! that was cut off or changed is noticed, and a person can read the file. The first line is the header.

use crons_types::{CheckInId, CheckInStatus, Environment, MonitorConfig, Slug};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the format. A journal of another version is left to the program that wrote it.
pub(crate) const VERSION: u32 = 1;

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The version of the format.
    pub(crate) crons_spool: u32,
    /// The value is 1 if ends of runs may be missing because they could not be written: a run that looks open may have ended. Else
    /// 0, which takes as many bytes, so that the header can be overwritten on a full disk.
    pub(crate) incomplete: u8,
    /// The server and the project to which the check-ins go.
    pub(crate) server: String,
    /// The worker that wrote the journal. All its journals have this name.
    pub(crate) owner: String,
}

/// A monitor as a journal describes it: with the environment and the release of the process, so that another process can send its
/// check-ins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpooledMonitor {
    pub(crate) slug: Slug,
    pub(crate) environment: Environment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) release: Option<String>,
    /// The configuration as JSON, because a time zone that the program took on trust is not read back, and must not cost the check-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    config: Option<Value>,
    /// `false` for check-ins by hand: a run without an end may be ended by another process.
    pub(crate) traced: bool,
}

impl SpooledMonitor {
    pub(crate) fn new(
        slug: Slug,
        environment: Environment,
        release: Option<String>,
        config: Option<&MonitorConfig>,
        traced: bool,
    ) -> Self {
        let config = config.and_then(|config| serde_json::to_value(config).ok());
        Self { slug, environment, release, config, traced }
    }

    /// The configuration. `None` if there is none, or this program does not know what it names.
    pub(crate) fn config(&self) -> Option<MonitorConfig> {
        serde_json::from_value(self.config.clone()?).ok()
    }
}

/// A line of a journal after its header. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// Describes the monitor that later lines call by this number.
    Monitor { number: u32, monitor: SpooledMonitor },
    /// A run started.
    Start { id: CheckInId, monitor: u32, at: u64 },
    /// A run ended. The duration is in nanoseconds.
    End {
        id: CheckInId,
        monitor: u32,
        at: u64,
        status: CheckInStatus,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The run owes nothing more: its earliest end was delivered or given up, or with `start` its start.
    Done {
        id: CheckInId,
        monitor: u32,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        start: bool,
    },
}

/// Appends `line` to `bytes`, with its checksum and its line break.
pub(crate) fn write_line(bytes: &mut Vec<u8>, line: &impl Serialize) {
    const CHECKSUM: usize = 8;
    let begin = bytes.len();
    bytes.extend_from_slice(b"00000000 ");
    if serde_json::to_writer(&mut *bytes, line).is_err() {
        // The types above never fail; if one did, no line is better than half of one.
        bytes.truncate(begin);
        return;
    }
    let checksum = crc32fast::hash(&bytes[begin + CHECKSUM + 1..]);
    bytes[begin..begin + CHECKSUM].copy_from_slice(format!("{checksum:08x}").as_bytes());
    bytes.push(b'\n');
}

/// Reads a line without its line break. `None` if it is not what was written.
pub(crate) fn read_line<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Option<T> {
    let (checksum, json) = line.split_at_checked(8)?;
    let json = json.strip_prefix(b" ")?;
    // `from_str_radix` alone would accept a leading `+`.
    if !checksum.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let checksum = u32::from_str_radix(std::str::from_utf8(checksum).ok()?, 16).ok()?;
    (checksum == crc32fast::hash(json)).then(|| serde_json::from_slice(json).ok())?
}
