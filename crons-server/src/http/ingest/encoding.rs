//! The header `Content-Encoding`: reads the codings of a request, and decodes its body within bounds.

use std::fmt;
use std::io::{self, Read};

use axum::http::{HeaderMap, header};
use flate2::bufread::GzDecoder;
use flate2::{Decompress, FlushDecompress, Status};

/// The most codings of one request, as in `gzip, gzip`.
const MAX_CODINGS: usize = 4;
/// The most members of one gzip body. Each needs a decoder of about 40 KiB, so a body of empty members would take seconds.
const MAX_MEMBERS: usize = 1024;
/// The largest zstd window, as a power of two: 8 MiB, the limit of RFC 9659 for HTTP.
const MAX_ZSTD_WINDOW: u32 = 23;
/// The most characters of a header's value that a message repeats.
const MAX_SHOWN: usize = 80;

/// A compression of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The reason why a body cannot be decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EncodingError {
    /// The header has a value that names no supported coding.
    Unknown(String),
    /// The header names more codings than [`MAX_CODINGS`].
    TooMany(usize),
    /// The decoded body has more bytes than the bound.
    TooLarge,
    /// The body is not what the header says.
    Malformed(Coding, String),
}

impl Coding {
    /// The coding's name in IANA's registry.
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

impl fmt::Display for EncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(value) => write!(
                f,
                "Content-Encoding: {value:?} is not supported; allowed are gzip, deflate, br, zstd and identity; send \
                 the body uncompressed and leave the header out"
            ),
            Self::TooMany(count) => write!(
                f,
                "Content-Encoding: it names {count} codings, and at most {MAX_CODINGS} are allowed; compress the body once"
            ),
            Self::TooLarge => f.write_str("the decoded body is too large"),
            Self::Malformed(coding, reason) => write!(
                f,
                "Content-Encoding: it says {name}, and the body is not valid {name} ({reason}); send the whole compressed \
                 body, or leave the header out if the body is not compressed",
                name = coding.name()
            ),
        }
    }
}

/// The codings of all `Content-Encoding` headers, in the order in which they were applied; empty for a plain body.
///
/// Values that some clients send for a plain body are ignored: an empty one (sentry-ruby), charsets (the old SDK for Android), and the
/// words of `Content-Transfer-Encoding`.
///
/// # Errors
/// If a value is unknown, or if there are too many codings.
pub(super) fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, EncodingError> {
    let mut codings = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let value = String::from_utf8_lossy(value.as_bytes());
        for name in value.split(',') {
            codings.extend(coding(name)?);
        }
    }
    if codings.len() > MAX_CODINGS { Err(EncodingError::TooMany(codings.len())) } else { Ok(codings) }
}

/// The coding of one name; `None` if the name stands for a plain body.
fn coding(written: &str) -> Result<Option<Coding>, EncodingError> {
    let name =
        written.trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'').to_ascii_lowercase();
    match name.as_str() {
        "gzip" | "x-gzip" => Ok(Some(Coding::Gzip)),
        "deflate" | "x-deflate" => Ok(Some(Coding::Deflate)),
        "br" => Ok(Some(Coding::Brotli)),
        "zstd" | "x-zstd" => Ok(Some(Coding::Zstd)),
        _ if is_plain(&name) => Ok(None),
        _ => Err(EncodingError::Unknown(written.trim().chars().take(MAX_SHOWN).collect())),
    }
}

/// Returns whether a value of the header, in lower case, stands for a body that is JSON as it is.
fn is_plain(name: &str) -> bool {
    const WORDS: [&str; 11] =
        ["", "identity", "none", "null", "undefined", "plain", "text", "raw", "binary", "7bit", "8bit"];
    // The structure of JSON is the same in these charsets, as they contain ASCII.
    const CHARSETS: [&str; 6] = ["utf-8", "utf8", "us-ascii", "ascii", "latin1", "latin-1"];
    let charset = name.strip_prefix("charset=").unwrap_or(name);
    WORDS.contains(&name)
        || CHARSETS.contains(&charset)
        || ["iso-8859-", "windows-125"].iter().any(|family| charset.starts_with(family))
}

/// Undoes the codings, the last one first. Neither the result nor any step on the way holds more than `most` bytes.
///
/// # Errors
/// If the body is not what the codings say, or larger than `most` bytes.
pub(super) fn decode(mut body: Vec<u8>, codings: &[Coding], most: usize) -> Result<Vec<u8>, EncodingError> {
    for coding in codings.iter().rev() {
        // A request without a body may name a coding.
        if body.is_empty() {
            break;
        }
        let mut output = Bounded { bytes: Vec::new(), most };
        let read = match coding {
            Coding::Gzip => gunzip(&body, &mut output),
            Coding::Deflate => inflate(&body, &mut output),
            Coding::Brotli => unbrotli(&body, &mut output),
            Coding::Zstd => unzstd(&body, &mut output),
        };
        if output.is_full() {
            return Err(EncodingError::TooLarge);
        }
        read.map_err(|error| EncodingError::Malformed(*coding, error.to_string()))?;
        body = output.bytes;
    }
    Ok(body)
}

/// A buffer of decoded bytes, at most `most + 1`: the last one shows that there are too many.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Bounded {
    fn is_full(&self) -> bool {
        self.bytes.len() > self.most
    }

    /// Reads to the end, or until the buffer is full.
    fn read_from(&mut self, reader: impl Read) -> io::Result<()> {
        let room = (self.most + 1).saturating_sub(self.bytes.len());
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        reader.take(room).read_to_end(&mut self.bytes).map(drop)
    }
}

/// Decodes one gzip member after the other. Zeros after the last one are padding, as for `gzip(1)`.
fn gunzip(mut rest: &[u8], output: &mut Bounded) -> io::Result<()> {
    for _ in 0..MAX_MEMBERS {
        let mut member = GzDecoder::new(rest);
        output.read_from(&mut member)?;
        if output.is_full() {
            return Ok(());
        }
        rest = member.into_inner();
        if rest.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
    }
    Err(io::Error::other(format!("it has more than {MAX_MEMBERS} members")))
}

/// Decodes `deflate`: zlib, as HTTP defines it, or raw deflate, which some clients send under that name.
fn inflate(body: &[u8], output: &mut Bounded) -> io::Result<()> {
    const STEP: usize = 16 * 1024;
    let is_zlib = matches!(body, [first, second, ..]
        if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0);
    let mut inflater = Decompress::new(is_zlib);
    let mut rest = body;
    loop {
        output.bytes.reserve(STEP);
        let (read, written) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress_vec(rest, &mut output.bytes, FlushDecompress::None)?;
        if status == Status::StreamEnd || output.is_full() {
            return Ok(());
        }
        let read = inflater.total_in() - read;
        if read == 0 && inflater.total_out() == written {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        rest = usize::try_from(read).ok().and_then(|read| rest.get(read..)).unwrap_or_default();
    }
}

fn unbrotli(body: &[u8], output: &mut Bounded) -> io::Result<()> {
    /// The first byte of a stream with a window of more than 16 MiB, which is not part of the coding `br` (RFC 7932).
    const LARGE_WINDOW: u8 = 0x11;
    if body.first() == Some(&LARGE_WINDOW) {
        return Err(io::Error::other("its window is larger than 16 MiB"));
    }
    output.read_from(brotli_decompressor::Decompressor::new(body, 4096))
}

fn unzstd(body: &[u8], output: &mut Bounded) -> io::Result<()> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(body)?;
    decoder.window_log_max(MAX_ZSTD_WINDOW)?;
    output.read_from(decoder)
}

#[cfg(test)]
mod tests;
