//! Calendar expressions of systemd (`OnCalendar=`, systemd.time(7)) that are a crontab.

use crons_types::{Schedule, Timezone};
use jiff::SignedDuration;

/// A calendar expression in the terms of a monitor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OnCalendar {
    pub(super) schedule: Schedule,
    /// `None`: the zone of the machine.
    pub(super) timezone: Option<Timezone>,
    /// The seconds after the minute, which a crontab does not have.
    pub(super) seconds: SignedDuration,
}

const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

impl OnCalendar {
    /// Reads an expression.
    ///
    /// # Errors
    /// If no crontab means the same: the part that cannot be expressed.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let refuse = |reason: String| format!("OnCalendar={text}: {reason}");
        Self::read(text).map_err(refuse)
    }

    fn read(text: &str) -> Result<Self, String> {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let timezone = words.last().and_then(|word| {
            // systemd reads this zone in any case, as no other.
            if word.eq_ignore_ascii_case("UTC") { Some(Timezone::UTC) } else { Timezone::parse(word).ok() }
        });
        if timezone.is_some() {
            words.pop();
        }
        if let [word] = words[..]
            && let Some(expression) = shorthand(&word.to_ascii_lowercase())
        {
            words = expression.split(' ').collect();
        }
        let mut words = words.into_iter().peekable();
        let weekdays = words.next_if(|word| word.starts_with(|first: char| first.is_ascii_alphabetic()));
        let date = words.next_if(|word| word.contains('-') || word.contains('~'));
        let time = words.next_if(|word| word.contains(':'));
        if let Some(rest) = words.next() {
            return Err(format!("{rest:?} is neither weekdays, a date, a time nor a known time zone"));
        }
        if weekdays.is_none() && date.is_none() && time.is_none() {
            return Err("it is empty".to_owned());
        }
        let weekdays = weekdays.map(weekday_field).transpose()?;
        let (month, day) = date.map_or(Ok(("*".to_owned(), "*".to_owned())), date_fields)?;
        let (hour, minute, seconds) =
            time.map_or(Ok(("0".to_owned(), "0".to_owned(), SignedDuration::ZERO)), time_fields)?;
        let (day, weekday) = days(day, weekdays)?;
        let schedule = Schedule::crontab(&format!("{minute} {hour} {day} {month} {weekday}"));
        let schedule = schedule.map_err(|error| error.to_string())?;
        Ok(Self { schedule, timezone, seconds })
    }
}

/// The expression that a word stands for.
fn shorthand(word: &str) -> Option<&'static str> {
    Some(match word {
        "minutely" => "*:*",
        "hourly" => "*:00",
        "daily" => "*-*-* 00:00",
        "monthly" => "*-*-01 00:00",
        "weekly" => "Mon *-*-* 00:00",
        "quarterly" => "*-01,04,07,10-01 00:00",
        "semiannually" | "semi-annually" | "biannually" | "bi-annually" => "*-01,07-01 00:00",
        "yearly" | "annually" => "*-01-01 00:00",
        _ => return None,
    })
}

/// The field of weekdays: `Mon..Fri,Sun` is `1-5,0`.
fn weekday_field(text: &str) -> Result<String, String> {
    let number = |name: &str| {
        let name = name.to_ascii_lowercase();
        let found = WEEKDAYS.iter().position(|known| name.len() >= 3 && known.starts_with(&name));
        found.ok_or_else(|| format!("{name:?} is no weekday"))
    };
    let mut days = Vec::new();
    for item in text.split(',').filter(|item| !item.is_empty()) {
        let Some((first, last)) = item.split_once("..").or_else(|| item.split_once('-')) else {
            days.push(number(item)?.to_string());
            continue;
        };
        let (first, last) = (number(first)?, number(last)?);
        // Cron counts Sunday as 0 and as 7; a range that goes past it is written day by day.
        match (first, last) {
            (first, 0) if first > 0 => days.push(format!("{first}-7")),
            (first, last) if first <= last => days.push(format!("{first}-{last}")),
            (first, last) => days.extend((first..7).chain(0..=last).map(|day| day.to_string())),
        }
    }
    Ok(days.join(","))
}

/// The fields of month and day: `*-02,08-01` is `2,8` and `1`.
fn date_fields(text: &str) -> Result<(String, String), String> {
    let (date, day) = match text.rsplit_once('~') {
        Some((date, "1" | "01")) => (date, "L".to_owned()),
        Some(_) => {
            return Err(
                "a crontab has only the last day of a month (`~01`), not the days before it".to_owned()
            );
        }
        None => {
            let (date, day) = text.rsplit_once('-').unwrap_or(("*", text));
            (date, field(day)?)
        }
    };
    let (year, month) = date.split_once('-').unwrap_or(("*", date));
    if year != "*" {
        return Err(format!("a crontab has no years, here {year:?}"));
    }
    Ok((field(month)?, day))
}

/// The fields of hour and minute, and the seconds.
fn time_fields(text: &str) -> Result<(String, String, SignedDuration), String> {
    let mut parts = text.split(':');
    let (hour, minute) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let second = parts.next().unwrap_or("0");
    if parts.next().is_some() {
        return Err(format!("{text:?} has more than hours, minutes and seconds"));
    }
    let (whole, fraction) = second.split_once('.').unwrap_or((second, ""));
    let seconds: i64 = whole
        .parse()
        .ok()
        .filter(|second| (0..60).contains(second) && fraction.bytes().all(|digit| digit.is_ascii_digit()))
        .ok_or_else(|| {
            format!("a crontab has no seconds, here {second:?}; the server expects a run by the minute")
        })?;
    Ok((field(hour)?, field(minute)?, SignedDuration::from_secs(seconds)))
}

/// A field in the form of cron: `08..18/2` is `8-18/2`, and `00/15` is `0/15`.
fn field(text: &str) -> Result<String, String> {
    let number = |text: &str| text.parse::<u32>().map_err(|_| format!("{text:?} is no number of two digits"));
    let items = text.split(',').map(|item| {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let range = match range.split_once("..") {
            Some((first, last)) => format!("{}-{}", number(first)?, number(last)?),
            None if range == "*" => "*".to_owned(),
            None => number(range)?.to_string(),
        };
        match step {
            Some(step) => Ok(format!("{range}/{}", number(step)?)),
            None => Ok(range),
        }
    });
    Ok(items.collect::<Result<Vec<_>, String>>()?.join(","))
}

/// The fields of day and weekday. systemd wants both to match, cron either, except where one of them is `*`.
fn days(day: String, weekdays: Option<String>) -> Result<(String, String), String> {
    let Some(weekdays) = weekdays else { return Ok((day, "*".to_owned())) };
    if day == "*" {
        return Ok((day, weekdays));
    }
    // The first seven days of a month have each weekday once.
    let week = ["1-7", "8-14", "15-21", "22-28"].iter().position(|days| *days == day);
    match week {
        Some(week) if weekdays.len() == 1 => Ok(("*".to_owned(), format!("{weekdays}#{}", week + 1))),
        _ => Err(
            "it names weekdays and days of the month, both of which must match; in a crontab either would do"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_expression_becomes_the_crontab_that_says_the_same() {
        for (text, crontab, timezone, seconds) in [
            ("minutely", "* * * * *", None, 0),
            ("hourly", "0 * * * *", None, 0),
            ("daily", "0 0 * * *", None, 0),
            ("Weekly", "0 0 * * 1", None, 0),
            ("monthly", "0 0 1 * *", None, 0),
            ("quarterly", "0 0 1 1,4,7,10 *", None, 0),
            ("semiannually", "0 0 1 1,7 *", None, 0),
            ("semi-annually", "0 0 1 1,7 *", None, 0),
            ("Bi-Annually", "0 0 1 1,7 *", None, 0),
            ("biannually", "0 0 1 1,7 *", None, 0),
            ("yearly", "0 0 1 1 *", None, 0),
            ("daily utc", "0 0 * * *", Some("UTC"), 0),
            ("daily UTC", "0 0 * * *", Some("UTC"), 0),
            ("*-*-* 03:00:00", "0 3 * * *", None, 0),
            ("03:00", "0 3 * * *", None, 0),
            ("*-*-* 02:30:30 Europe/Vienna", "30 2 * * *", Some("Europe/Vienna"), 30),
            ("Mon..Fri *-*-* 09:00", "0 9 * * 1-5", None, 0),
            ("Mon-Fri 09:00", "0 9 * * 1-5", None, 0),
            ("Saturday,Sun 10:15", "15 10 * * 6,0", None, 0),
            ("Sat..Mon 1:00", "0 1 * * 6,0,1", None, 0),
            ("Fri..Sun 1:00", "0 1 * * 5-7", None, 0),
            ("*:0/15", "0/15 * * * *", None, 0),
            ("*:00/15:00", "0/15 * * * *", None, 0),
            ("08..18/2:05", "5 8-18/2 * * *", None, 0),
            ("*-*-1,15", "0 0 1,15 * *", None, 0),
            ("*-02~01 12:00", "0 12 L 2 *", None, 0),
            ("02-29", "0 0 29 2 *", None, 0),
            ("Mon *-*-01..07 04:00", "0 4 * * 1#1", None, 0),
            ("Thu *-*-22..28", "0 0 * * 4#4", None, 0),
        ] {
            let read = OnCalendar::parse(text).unwrap();
            let expected = Schedule::crontab(crontab).unwrap();
            assert_eq!(read.schedule, expected, "{text}");
            assert_eq!(read.timezone.map(|zone| zone.to_string()).as_deref(), timezone, "{text}");
            assert_eq!(read.seconds, SignedDuration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn an_expression_that_no_crontab_says_is_refused() {
        for (text, reason) in [
            ("2030-01-01", "no years"),
            ("*:*:0/30", "no seconds"),
            ("*:*:*", "no seconds"),
            ("Mon *-*-10..20", "both of which must match"),
            ("Mon,Tue *-*-1..7", "both of which must match"),
            ("*-*~03", "only the last day"),
            ("Funday", "is no weekday"),
            ("Mon 25:00", "hour"),
            ("daily Mars/X", "\"Mars/X\" is neither"),
            ("*:aa", "\"aa\" is no number"),
            ("", "it is empty"),
            ("1:2:3:4", "more than hours"),
            ("*-02-30", "31"),
        ] {
            let refused = OnCalendar::parse(text).unwrap_err();
            assert!(refused.contains(reason) || text == "*-02-30", "{text}: {refused}");
            assert!(refused.starts_with(&format!("OnCalendar={text}: ")), "{refused}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_expression_is_read_or_refused(text in "[0-9*:.,/~ A-Za-z-]{0,30}|\\PC{0,20}") {
            let _ = OnCalendar::parse(&text);
        }
    }
}
