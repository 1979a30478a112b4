//! The name of the time zone of this machine.

/// Returns the name of the zone that `TZ` or the system sets. `None` if it is UTC, or none is set, which means UTC.
pub fn other_than_utc() -> Option<String> {
    let zone = match std::env::var("TZ") {
        Ok(zone) => zone,
        Err(_) => iana_time_zone::get_timezone().ok()?,
    };
    named(&zone).filter(|name| !is_utc(name)).map(str::to_owned)
}

/// Extracts the zone name from a value of `TZ`, which may begin with a colon or be the path of a file.
fn named(zone: &str) -> Option<&str> {
    let zone = zone.trim().trim_start_matches(':');
    let name = zone.rsplit_once("/zoneinfo/").map_or(zone, |(_, name)| name);
    (!name.is_empty()).then_some(name)
}

/// Returns whether `name` is a name of UTC in the tz database, or a POSIX rule for UTC.
fn is_utc(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "UTC",
        "UCT",
        "GMT",
        "ZULU",
        "UNIVERSAL",
        "GREENWICH",
        "GMT0",
        "GMT+0",
        "GMT-0",
        "UTC0",
        "UTC+0",
        "UTC-0",
    ];
    let name = name.to_ascii_uppercase();
    NAMES.contains(&name.strip_prefix("ETC/").unwrap_or(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_named_as_people_name_it_unless_it_is_utc() {
        for (tz, expected) in [
            ("Europe/Vienna", Some("Europe/Vienna")),
            (":America/New_York", Some("America/New_York")),
            ("/usr/share/zoneinfo/Asia/Tokyo", Some("Asia/Tokyo")),
            ("CET-1CEST,M3.5.0,M10.5.0/3", Some("CET-1CEST,M3.5.0,M10.5.0/3")),
            ("Etc/GMT+5", Some("Etc/GMT+5")),
            ("", None),
            (":", None),
            ("UTC", None),
            ("utc", None),
            ("Etc/UTC", None),
            (":Etc/Universal", None),
            ("UTC0", None),
            ("/usr/share/zoneinfo/Etc/UTC", None),
        ] {
            assert_eq!(named(tz).filter(|name| !is_utc(name)), expected, "{tz}");
        }
    }
}
