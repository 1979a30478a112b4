//! Crontabs in the dialect of Sentry's server, no more and no less.
//!
//! [`parse`] turns [`bytes`] into [`fields`] or a [`fault`], in `const fn`; [`diagnose`] words faults and suggests repairs;
//! [`describe`] words what is accepted.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

// The modules are in layer order: each uses only those above it.
mod bytes;
mod field;
mod fault;
pub(crate) mod fields;
mod parse;
mod min_gap;
mod describe;
mod diagnose;

#[cfg(feature = "calendar")]
pub(crate) use fields::Fields;

/// A crontab: the times of a job in five fields, minute, hour, day of month, month, day of week.
///
/// ```
/// use crons_types::Crontab;
///
/// assert_eq!(Crontab::parse("  0  3 * * mon-fri ").unwrap().as_str(), "0 3 * * mon-fri");
/// assert_eq!(Crontab::parse("@daily").unwrap().as_str(), "0 0 * * *");
///
/// let refused = Crontab::parse("61 * * * *").unwrap_err();
/// assert_eq!(refused.to_string(), r#"minute: 61 is not in 0-59 (field 1 of "61 * * * *")"#);
/// ```
///
/// Fields are `*` or a list of values and ranges, each with an optional step: `1,5-9,*/15,30/5`. Months and weekdays
/// have three-letter names. `L` and `LW` are the last day and the last workday of the month, `5L` its last Friday,
/// `FRI#2` its second. Both day fields must match if one of them begins with `*`; otherwise either will do.
#[derive(Clone, Debug)]
pub struct Crontab {
    /// The text, shared so that a copy of a configuration costs no memory.
    text: Arc<str>,
    #[cfg(feature = "calendar")]
    fields: Fields,
}

impl Crontab {
    /// Accepts what the server accepts: five fields or one of `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly` and
    /// `@annually`, if there is a day on which it happens.
    ///
    /// # Errors
    /// Names the field that the server would refuse, what is allowed there, and what was probably meant.
    pub fn parse(text: &str) -> Result<Self, InvalidCrontab> {
        match parse::parse(text.as_bytes()) {
            #[cfg(feature = "calendar")]
            Ok(fields) => Ok(Self { text: normalize(text), fields }),
            #[cfg(not(feature = "calendar"))]
            Ok(_) => Ok(Self { text: normalize(text) }),
            Err(fault) => {
                let readings = diagnose::suggestions(text);
                Err(InvalidCrontab {
                    message: diagnose::message(text, diagnose::find(text).unwrap_or(fault)).into(),
                    certain: readings.iter().all(|reading| reading.when.is_empty()),
                    suggestions: readings.into_iter().map(|reading| reading.crontab.into()).collect(),
                    field: fault.field,
                    span: (fault.start, fault.end),
                })
            }
        }
    }

    /// Validates like [`parse`](Self::parse), while compiling.
    ///
    /// ```
    /// use crons_types::Crontab;
    ///
    /// const NIGHTLY: &str = "0 3 * * *";
    /// const _: () = if let Err(why) = Crontab::validate(NIGHTLY) { panic!("{}", why) };
    /// ```
    ///
    /// # Errors
    /// Names the field and what is allowed there.
    pub const fn validate(text: &str) -> Result<(), &'static str> {
        match parse::parse(text.as_bytes()) {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.summary()),
        }
    }

    /// The crontab as the server stores it: one space between the fields, nicknames replaced.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The shortest time between two runs, by the clock on the wall: a change of the clocks is not counted.
    ///
    /// ```
    /// use crons_types::Crontab;
    /// use std::time::Duration;
    ///
    /// assert_eq!(Crontab::parse("0,10 9-17 * * *").unwrap().min_gap(), Duration::from_secs(10 * 60));
    /// assert_eq!(Crontab::parse("0 3 * * MON,THU").unwrap().min_gap(), Duration::from_secs(3 * 24 * 60 * 60));
    /// ```
    pub fn min_gap(&self) -> Duration {
        // The text was accepted before, so it is again.
        let minutes = parse::parse(self.text.as_bytes()).map_or(u32::MAX, |fields| fields.min_gap());
        Duration::from_secs(u64::from(minutes) * 60)
    }

    /// Returns a sentence for people, in English, about the time zone of the monitor. It describes when the job runs, not the text.
    ///
    /// ```
    /// use crons_types::Crontab;
    ///
    /// assert_eq!(Crontab::parse("0 9 * * MON-FRI").unwrap().describe(), "At 09:00, Monday to Friday");
    /// assert_eq!(Crontab::parse("0 0 13 * FRI").unwrap().describe(), "At 00:00 on day 13 of the month or on Friday");
    /// ```
    pub fn describe(&self) -> String {
        match parse::parse(self.text.as_bytes()) {
            Ok(fields) => describe::sentence(&fields),
            // The normalised text of what was accepted is accepted.
            Err(_) => self.text.to_string(),
        }
    }

    /// The sets of values.
    #[cfg(feature = "calendar")]
    pub(crate) fn fields(&self) -> &Fields {
        &self.fields
    }
}

fn normalize(text: &str) -> Arc<str> {
    // The text is kept if there is nothing to fold and nothing to replace.
    if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@' || byte == b' ')
        && text.split(' ').all(|word| !word.is_empty())
    {
        return text.into();
    }
    let folded = bytes::fold_blanks(text);
    parse::nickname(folded.as_bytes()).map_or_else(|| folded.into(), Into::into)
}

// Crontabs are compared by their text, as on the server: a changed spelling is a changed configuration, though it may mean the same.
impl PartialEq for Crontab {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Crontab {}

impl Hash for Crontab {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl FromStr for Crontab {
    type Err = InvalidCrontab;

    fn from_str(text: &str) -> Result<Self, InvalidCrontab> {
        Self::parse(text)
    }
}

impl fmt::Display for Crontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The error for a text that is no [`Crontab`]. Displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCrontab {
    message: Box<str>,
    suggestions: Box<[Box<str>]>,
    /// Whether nothing but the suggestion can have been meant.
    certain: bool,
    field: Option<usize>,
    span: (usize, usize),
}

impl InvalidCrontab {
    /// The crontab that is accepted and was probably meant; `None` if there is none, or if schedulers disagree about what was written.
    ///
    /// ```
    /// # use crons_types::Crontab;
    /// let refused = Crontab::parse("0 0 9 ? * MON-FRIDAY").unwrap_err();
    /// assert_eq!(refused.suggestion(), Some("0 9 * * MON-FRI"));
    /// ```
    pub fn suggestion(&self) -> Option<&str> {
        match &*self.suggestions {
            [meant] if self.certain => Some(meant),
            _ => None,
        }
    }

    /// The crontabs that are accepted and may have been meant. More than one is returned if schedulers disagree about what was
    /// written; the message says which scheduler means which.
    ///
    /// ```
    /// # use crons_types::Crontab;
    /// let refused = Crontab::parse("0 0 9 ? * 2-6").unwrap_err();
    /// assert_eq!(refused.suggestions().collect::<Vec<_>>(), ["0 9 * * 1-5", "0 9 * * 2-6"]);
    /// ```
    pub fn suggestions(&self) -> impl Iterator<Item = &str> {
        self.suggestions.iter().map(|meant| &**meant)
    }

    /// The field at fault, 1 (minute) to 5 (day of week), unless it is about the whole.
    pub fn field(&self) -> Option<usize> {
        self.field.map(|index| index + 1)
    }

    /// The bytes at fault in the text that was parsed.
    pub fn span(&self) -> Range<usize> {
        self.span.0..self.span.1
    }
}

impl fmt::Display for InvalidCrontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for InvalidCrontab {}
