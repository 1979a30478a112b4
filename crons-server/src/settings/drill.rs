//! The interval of drills.

use std::fmt;

use jiff::SignedDuration;

use super::invalid::InvalidSetting;
use crate::quote::quoted;

/// The interval at which the server tests the path of alerts by itself: `off`, `daily` or `weekly`.
///
/// ```
/// use crons_server::Drill;
///
/// assert_eq!("weekly".parse(), Ok(Drill::Weekly));
/// assert!("yearly".parse::<Drill>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Drill {
    /// Drills are started by people only, with `crons alert drill`.
    #[default]
    Off,
    /// A drill 24 hours after the last one.
    Daily,
    /// A drill 7 days after the last one.
    Weekly,
}

impl Drill {
    /// Returns the time from one drill to the next; `None` if the server starts none.
    pub(crate) fn interval(self) -> Option<SignedDuration> {
        match self {
            Self::Off => None,
            Self::Daily => Some(SignedDuration::from_hours(24)),
            Self::Weekly => Some(SignedDuration::from_hours(7 * 24)),
        }
    }
}

impl fmt::Display for Drill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        })
    }
}

impl std::str::FromStr for Drill {
    type Err = InvalidSetting;

    fn from_str(text: &str) -> Result<Self, InvalidSetting> {
        [Self::Off, Self::Daily, Self::Weekly].into_iter().find(|drill| drill.to_string() == text).ok_or_else(
            || {
                InvalidSetting::new(format!(
                    "drill: {} is no interval; write off, daily or weekly",
                    quoted(text)
                ))
            },
        )
    }
}
