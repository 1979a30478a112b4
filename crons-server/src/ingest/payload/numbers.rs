//! Numbers of a payload. The expectation of each names its unit, so that an error does.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads whole minutes. `Some(None)` is null; serde returns `None` for a key that is left out.
pub(crate) fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    deserializer.deserialize_option(WholeNumber("a whole number of minutes such as 30")).map(Some)
}

/// Reads a number of failures or successes in a row. `Some(None)` is null.
pub(crate) fn threshold<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    deserializer.deserialize_option(WholeNumber("a whole number from 1 to 720")).map(Some)
}

/// Reads seconds. `None` is null.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    deserializer.deserialize_option(Seconds)
}

/// Reads a whole number that is not negative, or null. The text describes the number in errors.
struct WholeNumber(&'static str);

impl<'de> Visitor<'de> for WholeNumber {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_u64(self)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }
}

/// Reads a number of seconds, or null.
struct Seconds;

impl<'de> Visitor<'de> for Seconds {
    type Value = Option<f64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds such as 1.5")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_f64(self)
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Self::Value, E> {
        Ok(Some(seconds))
    }

    #[expect(clippy::cast_precision_loss, reason = "durations beyond 2^53 seconds are refused")]
    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Self::Value, E> {
        Ok(Some(seconds as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "durations beyond 2^53 seconds are refused")]
    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Self::Value, E> {
        Ok(Some(seconds as f64))
    }
}
