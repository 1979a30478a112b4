//! Schedules of Kubernetes (robfig/cron) in the dialect of the server.

use crons_types::{Schedule, Timezone};
use jiff::SignedDuration;

use crate::import::dialect::foreign_item;
use crate::import::interval::interval;
use crate::span::span;

/// Translates a schedule, with the zone that stands before it.
///
/// # Errors
/// If the server has no such schedule: the reason, with what to write.
pub(super) fn schedule(text: &str) -> Result<(Schedule, Option<Timezone>), String> {
    let refuse = |reason: &str| format!("schedule: {text:?} {reason}");
    let mut rest = text.trim();
    let mut zone = None;
    if let Some(named) = rest.strip_prefix("CRON_TZ=").or_else(|| rest.strip_prefix("TZ=")) {
        let (name, after) = named.split_once(' ').ok_or_else(|| refuse("has a zone and no schedule"))?;
        zone = Some(Timezone::parse(name).map_err(|error| format!("schedule: {error}"))?);
        rest = after.trim();
    }
    if let Some(every) = rest.strip_prefix("@every ") {
        let length = span(every).ok().and_then(|length| SignedDuration::try_from(length).ok());
        let interval = interval(every, length).map_err(|error| format!("schedule: {error}"))?;
        return Ok((Schedule::Interval(interval), zone));
    }
    if rest == "@midnight" {
        rest = "@daily";
    }
    // `?` means `*` there.
    let fields: Vec<&str> =
        rest.split_whitespace().map(|field| if field == "?" { "*" } else { field }).collect();
    if let [minute, hour, day, month, weekday] = fields[..]
        && [day, weekday].iter().all(|field| *field != "*")
        && [day, weekday].iter().any(|field| field.starts_with('*'))
    {
        let (day, weekday) = (without_star(day, "1-31"), without_star(weekday, "0-6"));
        return Err(refuse(&format!(
            "runs in Kubernetes when the day of the month or the weekday matches, and means on the server that both must, as one of them \
             starts with `*`; write `{minute} {hour} {day} {month} {weekday}`"
        )));
    }
    let fields = fields.join(" ");
    if let Some(reason) = foreign_item(&fields) {
        return Err(format!("schedule: {reason}"));
    }
    let crontab = Schedule::crontab(&fields).map_err(|error| format!("schedule: {error}"))?;
    Ok((crontab, zone))
}

/// The field with its whole range in the place of the first `*`.
fn without_star(field: &str, range: &str) -> String {
    field.strip_prefix('*').map_or_else(|| field.to_owned(), |rest| format!("{range}{rest}"))
}
