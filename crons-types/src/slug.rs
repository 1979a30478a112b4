//! The name of a monitor, as the server spells it.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

/// The name that identifies a monitor within its project: lower-case letters, digits, `-` and `_`, 1 to 50 characters.
///
/// ```
/// use crons_types::Slug;
///
/// assert_eq!(Slug::parse("nightly-backup").unwrap().as_str(), "nightly-backup");
/// assert_eq!(Slug::normalize("My Job: Nightly!").unwrap().as_str(), "my-job-nightly");
/// let refused = Slug::parse("Nightly Backup").unwrap_err();
/// assert!(refused.to_string().contains("`nightly-backup`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(std::sync::Arc<str>);

impl Slug {
    /// The longest slug that the server keeps, in characters; it cuts off the rest: `SLUG_LENGTH` in [Relay].
    ///
    /// [Relay]: https://github.com/getsentry/relay/blob/master/relay-monitors/src/lib.rs
    pub const MAX_LEN: usize = 50;

    /// Accepts `text` only if the server would store it unchanged.
    ///
    /// # Errors
    /// If the server would store another text. The error names it.
    pub fn parse(text: &str) -> Result<Self, InvalidSlug> {
        if is_normal(text) {
            return Ok(Self(text.into()));
        }
        match Self::normalize(text) {
            Some(slug) if &*slug.0 == text => Ok(slug),
            normalized => Err(InvalidSlug { written: text.chars().take(80).collect(), normalized }),
        }
    }

    /// Converts `text` as the server does: cut to 50 characters, lower-cased, blanks turned into `-`, all else dropped.
    /// `None` if nothing is left.
    ///
    /// Letters outside ASCII are dropped, save for what compatibility decomposition (NFKD) leaves of them: `é` gives `e`.
    pub fn normalize(text: &str) -> Option<Self> {
        let mut slug = String::with_capacity(text.len().min(Self::MAX_LEN));
        let mut blank = false;
        for c in text.chars().take(Self::MAX_LEN).nfkd() {
            if c == '-' || is_blank(c) {
                blank = true;
            } else if c.is_ascii_alphanumeric() || c == '_' {
                if blank {
                    slug.push('-');
                }
                blank = false;
                slug.push(c.to_ascii_lowercase());
            }
        }
        let mut kept = slug.trim_matches(['-', '_']);
        if let Some(cut) = kept.get(..Self::MAX_LEN) {
            // The cut leaves no `_` at the end, unlike Sentry's: otherwise the slug would not read back the same.
            kept = cut.trim_end_matches(['-', '_']);
        }
        (!kept.is_empty()).then(|| Self(kept.into()))
    }

    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether a slug is stored as it is, by a check that is faster than normalising it.
fn is_normal(text: &str) -> bool {
    let (mut last, edges) = (b' ', [b'-', b'_']);
    let plain = text.bytes().all(|byte| {
        let before = std::mem::replace(&mut last, byte);
        matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_') || byte == b'-' && before != b'-'
    });
    let at_edge = text.bytes().next().is_none_or(|first| edges.contains(&first)) || edges.contains(&last);
    plain && !at_edge && text.len() <= Slug::MAX_LEN
}

/// Returns whether Python's `\s` matches `c`, within ASCII.
fn is_blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | '\x1c'..='\x1f' | ' ')
}

impl FromStr for Slug {
    type Err = InvalidSlug;

    fn from_str(text: &str) -> Result<Self, InvalidSlug> {
        Self::parse(text)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Slug {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The error for a text that is no [`Slug`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSlug {
    written: String,
    normalized: Option<Slug>,
}

impl InvalidSlug {
    /// The slug that the server would store; `None` if nothing is left of the text.
    pub fn normalized(&self) -> Option<&Slug> {
        self.normalized.as_ref()
    }
}

impl fmt::Display for InvalidSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed =
            "a slug is 1 to 50 of a-z, 0-9, `-` and `_`, and neither begins nor ends with `-` or `_`";
        let Self { written, normalized } = self;
        if written.is_empty() {
            return write!(f, "slug: it is empty; {allowed}");
        }
        match normalized {
            Some(slug) => write!(f, "slug: {written:?} would be stored as `{slug}`: write that; {allowed}"),
            None => write!(f, "slug: nothing of {written:?} would be left; {allowed}"),
        }
    }
}

impl std::error::Error for InvalidSlug {}
