//! Sentry's envelope: a header, which is a line of JSON, and items, each with a header and a payload
//! (<https://develop.sentry.dev/sdk/data-model/envelopes/>).

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ingest::json;
use crate::quote::quoted;

/// The size limit of a check-in: 100 KiB, as at Sentry (<https://develop.sentry.dev/sdk/data-model/envelopes/#size-limits>).
pub const MAX_ITEM: usize = 100 * 1024;

/// The number of remarks about one envelope.
const MAX_REMARKS: usize = 8;
/// The letters of the item type `check_in`.
const CHECK_IN_LETTERS: &str = "checkin";
/// The remark about a check-in in place of the header of an envelope.
const UNFRAMED: &str = "the envelope's first line is a check-in, which is not used there; send three lines: {}, {\"type\": \"check_in\"}, \
                        and the check-in; or POST the check-in to /api/1/cron/{slug}/ as application/json";

/// An envelope. Only its check-in is read; items of other types are skipped.
#[derive(Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The public key of the `dsn` in the header; `None` if there is no valid one.
    pub key: Option<String>,
    /// The reason why `dsn` is not valid; `None` if it is, or is left out.
    pub invalid_dsn: Option<String>,
    /// The payload of the check-in; `None` if the envelope has none.
    pub check_in: Option<&'a [u8]>,
    /// Remarks about parts that look like a check-in but are not one.
    pub remarks: Vec<String>,
}

/// The reason why an envelope is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum EnvelopeError {
    /// The first line is not a JSON object.
    Header(String),
    /// The line before a payload is not a JSON object with a `type`.
    ItemHeader(String),
    /// An item has fewer bytes than its `length` announces.
    Length {
        /// The number of bytes in `length`.
        announced: usize,
        /// The number of bytes that follow.
        present: usize,
    },
    /// A check-in has this many bytes, more than [`MAX_ITEM`].
    TooLarge(usize),
    /// The envelope has more than one check-in.
    TooMany,
}

impl EnvelopeError {
    /// Returns whether the envelope is too large, so that the answer is 413, rather than malformed.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge(_) | Self::TooMany)
    }
}

impl std::fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(error) => write!(
                f,
                "the envelope's first line is not a JSON object: {error}; begin an envelope with a line such as {{}}"
            ),
            Self::ItemHeader(error) => write!(
                f,
                "the header of an item is not a JSON object with a `type`: {error}; write a line such as {{\"type\": \"check_in\"}}"
            ),
            Self::Length { announced, present } => write!(
                f,
                "an item announces {announced} bytes, but only {present} follow; write the number of bytes of the payload as \
                 `length`, or leave `length` out"
            ),
            Self::TooLarge(size) => {
                write!(
                    f,
                    "envelope exceeded size limits for type 'check_in': the check-in has {size} bytes, and at most {MAX_ITEM} are \
                     allowed; send a smaller check-in"
                )
            }
            Self::TooMany => {
                f.write_str(
                    "envelope exceeded size limits for type 'check_in': an envelope may have one check-in; send each check-in in an \
                     envelope of its own",
                )
            }
        }
    }
}

impl std::error::Error for EnvelopeError {}

#[derive(Deserialize)]
struct Header {
    dsn: Option<String>,
    /// A key of a check-in, which the header of an envelope never has; so are the next two.
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
    /// If the envelope is malformed, or has more than one check-in, or a check-in above [`MAX_ITEM`]; Sentry refuses the same.
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
                    "type: an item of type {} is not used; write {{\"type\": \"check_in\"}} before a check-in",
                    quoted(&item.r#type)
                ));
            }
        }
        let invalid_dsn = dsn.as_ref().err().map(ToString::to_string);
        let key = dsn.ok().flatten().map(|dsn| dsn.public_key().to_owned());
        Ok(Self { key, invalid_dsn, check_in, remarks })
    }
}

/// Returns whether an item type differs from `check_in` only in case and in characters that are not letters.
fn means_check_in(written: &str) -> bool {
    let letters = written.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    letters.take(CHECK_IN_LETTERS.len() + 1).eq(CHECK_IN_LETTERS.chars())
}

/// Splits off the first line. Returns the line and the text after its line break.
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
            // An envelope of sentry-cli: an empty header, a length, a trailing newline.
            "{}\n{\"type\":\"check_in\",\"length\":9}\n{\"a\":\"b\"}\n",
            // An envelope of @sentry/node: no length, no trailing newline.
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
    fn the_public_key_in_the_header_is_read() {
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
            ("{}\nnonsense\n{}", "header of an item"),
            ("{}\n{\"length\":1}\n{}", "`type`"),
            ("{}\n{\"type\":\"check_in\",\"length\":99}\n{}", "announces 99 bytes, but only 2 follow"),
            ("{}\n{\"type\":\"check_in\",\"length\":-1}\n{}", "header of an item"),
            ("{}\n{\"type\":\"check_in\"}\n{}\n{\"type\":\"check_in\"}\n{}", "may have one check-in"),
            (&large, "exceeded size limits"),
        ];
        for (envelope, expected) in cases {
            let message = check_in(envelope).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
