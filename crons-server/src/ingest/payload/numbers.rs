//! Deserializers of numbers, whose errors say what the number counts.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads whole minutes; the outer `Option` is `Some` for null, too.
pub(super) fn minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    deserializer.deserialize_option(Whole("a whole number of minutes such as 30")).map(Some)
}

/// Reads a number of failures or successes in a row; the outer `Option` is `Some` for null, too.
pub(super) fn threshold<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    deserializer.deserialize_option(Whole("a whole number from 1 to 720")).map(Some)
}

/// Reads seconds; `None` for null.
pub(super) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    deserializer.deserialize_option(Seconds)
}

/// A visitor of a whole number that is not negative, or null. The text is the expectation for messages.
struct Whole(&'static str);

impl<'de> Visitor<'de> for Whole {
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

/// A visitor of a number of seconds, or null.
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
