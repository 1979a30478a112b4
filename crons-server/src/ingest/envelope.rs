//! The reader of Sentry's envelopes: one line of JSON as the header, then items, each with a header of its own and a payload.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ingest::json;

/// The largest check-in in bytes: 100 KiB, as at Sentry.
pub const MAX_ITEM: usize = 100 * 1024;

/// The most remarks about one envelope.
const MAX_REMARKS: usize = 8;
/// The type of a check-in without its underscore.
const CHECK_IN_LETTERS: &str = "checkin";
/// The remark about a check-in in the place of the envelope's header.
const UNFRAMED: &str = "the envelope's first line is a check-in, and is not used; send three lines: {}, {\"type\": \"check_in\"}, and \
                        the check-in; or POST it to /api/1/cron/{slug}/ as application/json";

/// An envelope, as far as this server uses it.
#[derive(Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The public key of the header's `dsn`, if it has one.
    pub key: Option<String>,
    /// The reason why the `dsn` has no key that can be read.
    pub invalid_dsn: Option<String>,
    /// The payload of the check-in; `None` without one. Items of other types are skipped.
    pub check_in: Option<&'a [u8]>,
    /// Remarks about parts that look like a check-in and are not used.
    pub remarks: Vec<String>,
}

/// The reason why bytes are no envelope, or one that is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// The first line is no JSON object.
    Header(String),
    /// The line before a payload is no JSON object with a `type`.
    ItemHeader(String),
    /// The envelope ends before an item has the bytes of its `length`.
    Length {
        /// The `length` of the item.
        announced: usize,
        /// The bytes up to the end of the envelope.
        present: usize,
    },
    /// A check-in is larger than [`MAX_ITEM`].
    TooLarge(usize),
    /// There is more than one check-in.
    TooMany,
}

impl EnvelopeError {
    /// Whether the envelope is well-formed and exceeds a limit.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::TooMany)
    }
}

impl std::fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(error) => write!(
                f,
                "the envelope's first line is no JSON object: {error}; begin an envelope with a line such as {{}}"
            ),
            Self::ItemHeader(error) => write!(
                f,
                "an item's header is no JSON object with a `type`: {error}; write a line such as {{\"type\": \"check_in\"}}"
            ),
            Self::Length { announced, present } => write!(
                f,
                "an item announces {announced} bytes, but only {present} are there; write as `length` the bytes of the \
                 payload, or leave it out"
            ),
            Self::TooLarge(size) => {
                write!(
                    f,
                    "envelope exceeded size limits for type 'check_in': {size} bytes, at most {MAX_ITEM}; send a smaller \
                     check-in"
                )
            }
            Self::TooMany => {
                f.write_str(
                    "envelope exceeded size limits for type 'check_in': one check-in an envelope; send each in an envelope \
                     of its own",
                )
            }
        }
    }
}

impl std::error::Error for EnvelopeError {}

#[derive(Deserialize)]
struct Header {
    dsn: Option<String>,
    /// Keys of a check-in: a header with one of them is a check-in in the wrong place.
    status: Option<IgnoredAny>,
    monitor_slug: Option<IgnoredAny>,
    check_in_id: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ItemHeader {
    r#type: String,
    length: Option<usize>,
}

impl<'a> Envelope<'a> {
    /// Reads an envelope.
    ///
    /// # Errors
    /// If the envelope is malformed, or has more or larger check-ins than Sentry accepts.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        let (first, mut rest) = line(bytes);
        let header: Header = json::read(first).map_err(EnvelopeError::Header)?;
        let dsn = header.dsn.as_deref().map(str::parse::<crons_types::Dsn>).transpose();
        let mut remarks = Vec::new();
        if header.status.is_some() || header.monitor_slug.is_some() || header.check_in_id.is_some() {
            remarks.push(UNFRAMED.to_owned());
        }
        let mut check_in = None;
        while !rest.is_empty() {
            let (head, after) = line(rest);
            if head.trim_ascii().is_empty() {
                rest = after;
                continue;
            }
            let item: ItemHeader = json::read(head).map_err(EnvelopeError::ItemHeader)?;
            let payload;
            (payload, rest) = match item.length {
                Some(announced) => {
                    let Some((payload, after)) = after.split_at_checked(announced) else {
                        return Err(EnvelopeError::Length { announced, present: after.len() });
                    };
                    (payload, after)
                }
                None => line(after),
            };
            if item.r#type == "check_in" {
                if payload.len() > MAX_ITEM {
                    return Err(EnvelopeError::TooLarge(payload.len()));
                }
                if check_in.replace(payload).is_some() {
                    return Err(EnvelopeError::TooMany);
                }
            } else if means_check_in(&item.r#type) && remarks.len() < MAX_REMARKS {
                remarks.push(format!(
                    "type: an item of type {:?} is not used; write {{\"type\": \"check_in\"}} before a check-in",
                    item.r#type
                ));
            }
        }
        let invalid_dsn = dsn.as_ref().err().map(ToString::to_string);
        let key = dsn.ok().flatten().map(|dsn| dsn.public_key().to_owned());
        Ok(Self { key, invalid_dsn, check_in, remarks })
    }
}

/// Whether the type of an item differs from `check_in` in case and signs only.
fn means_check_in(written: &str) -> bool {
    let letters = written.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    letters.take(CHECK_IN_LETTERS.len() + 1).eq(CHECK_IN_LETTERS.chars())
}

/// Splits bytes at the first line break, which belongs to neither part; without one, the second part is empty.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_in(envelope: &str) -> Result<Option<String>, EnvelopeError> {
        let parsed = Envelope::parse(envelope.as_bytes())?;
        Ok(parsed.check_in.map(|payload| String::from_utf8(payload.to_vec()).unwrap()))
    }

    #[test]
    fn envelopes_of_real_clients_are_read() {
        let cases = [
            // sentry-cli: an empty header, a length, a trailing newline.
            "{}\n{\"type\":\"check_in\",\"length\":9}\n{\"a\":\"b\"}\n",
            // @sentry/node: no length, no trailing newline.
            "{\"sent_at\":\"2026-11-22T13:09:32Z\"}\n{\"type\":\"check_in\"}\n{\"a\":\"b\"}",
            // An item of another type before it, with a payload of several lines; one of an unknown type after it.
            "{}\n{\"type\":\"attachment\",\"length\":5}\n{\n}\n\n\n{\"type\":\"check_in\"}\n{\"a\":\"b\"}\n{\"type\":\"new\"}\nx\n",
        ];
        for envelope in cases {
            assert_eq!(check_in(envelope), Ok(Some("{\"a\":\"b\"}".to_owned())), "{envelope}");
        }
        assert_eq!(check_in("{}"), Ok(None));
        assert_eq!(check_in("{}\n{\"type\":\"event\"}\n{}"), Ok(None));
    }

    #[test]
    fn the_key_of_the_header_is_read() {
        let parsed = Envelope::parse(b"{\"dsn\":\"http://abc@127.0.0.1/1\"}\n").unwrap();
        assert_eq!(parsed.key.as_deref(), Some("abc"));
    }

    #[test]
    fn malformed_envelopes_are_refused_with_the_part_at_fault() {
        let large = format!("{{}}\n{{\"type\":\"check_in\"}}\n{}", "x".repeat(MAX_ITEM + 1));
        let cases = [
            ("", "first line"),
            ("[]", "first line"),
            ("hello\n{}", "first line"),
            ("{}\nnonsense\n{}", "item's header"),
            ("{}\n{\"length\":1}\n{}", "`type`"),
            ("{}\n{\"type\":\"check_in\",\"length\":99}\n{}", "announces 99 bytes, but only 2"),
            ("{}\n{\"type\":\"check_in\",\"length\":-1}\n{}", "item's header"),
            ("{}\n{\"type\":\"check_in\"}\n{}\n{\"type\":\"check_in\"}\n{}", "one check-in an envelope"),
            (&large, "exceeded size limits"),
        ];
        for (envelope, expected) in cases {
            let message = check_in(envelope).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
