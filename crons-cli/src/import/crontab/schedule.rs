//! Schedules of cron in the dialect of the server.

use crons_types::Schedule;

use crate::import::dialect::foreign_item;
use crate::span::span;

/// Translates the schedule of a line.
///
/// # Errors
/// If the server has no such schedule: the reason, with what to write into the crontab.
pub(super) fn schedule(fields: &str) -> Result<Schedule, String> {
    // cronie keeps a line that begins with a minus sign out of its log.
    let fields = fields.strip_prefix('-').unwrap_or(fields);
    let fields = if fields == "@midnight" { "@daily" } else { fields };
    let fields = fields.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(reason) = interval(&fields).or_else(|| foreign_item(&fields)) {
        return Err(reason);
    }
    Schedule::crontab(&fields).map_err(|error| {
        let message = error.to_string();
        // A crontab cannot have the interval that the message offers.
        let Some((before, after)) = message.split_once(", or give it as an interval, `") else {
            return message;
        };
        let after = after.split_once('`').map_or("", |(_, after)| after);
        format!("{before}{after}")
    })
}

/// Explains an interval, which no cron of Linux has; `None` for another schedule.
fn interval(fields: &str) -> Option<String> {
    let every = fields.strip_prefix("@every")?;
    let minutes = match every {
        "_minute" => Some(1),
        _ => span(every).ok().filter(|span| span.as_secs() % 60 == 0).map(|span| span.as_secs() / 60),
    };
    let crontab = match minutes {
        Some(1) => "* * * * *".to_owned(),
        Some(minutes @ 1..60) if 60_u64.is_multiple_of(minutes) => format!("*/{minutes} * * * *"),
        Some(60) => "0 * * * *".to_owned(),
        Some(minutes @ 61..1_440) if 1_440_u64.is_multiple_of(minutes) && minutes % 60 == 0 => {
            format!("0 */{} * * *", minutes / 60)
        }
        Some(1_440) => "0 0 * * *".to_owned(),
        _ => {
            return Some(format!(
                "{fields:?} is an interval, which a crontab does not have; write fixed times"
            ));
        }
    };
    Some(format!("{fields:?} is an interval, which a crontab does not have; write `{crontab}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_of_cron_is_that_of_the_server() {
        for (written, expected) in [
            ("@midnight", "0 0 * * *"),
            ("-@daily", "0 0 * * *"),
            ("-0 9 * jan,jul MON-FRI", "0 9 * jan,jul MON-FRI"),
            ("*/5\t*  * * *", "*/5 * * * *"),
            ("5-5 * * * *", "5-5 * * * *"),
        ] {
            assert_eq!(schedule(written), Ok(Schedule::crontab(expected).unwrap()), "{written}");
        }
    }

    #[test]
    fn a_refused_schedule_gets_advice_for_a_crontab() {
        for (written, expected) in [
            ("@every 5m", "does not have; write `*/5 * * * *`"),
            ("@every 2h", "write `0 */2 * * *`"),
            ("@every 60m", "write `0 * * * *`"),
            ("@every 1d", "write `0 0 * * *`"),
            ("@every 7m", "write fixed times"),
            ("@every 90s", "write fixed times"),
            ("@every", "write fixed times"),
            ("@every_minute", "write `* * * * *`"),
            ("H * * * *", "choose a value (field 1"),
            (
                "5-5/2 * * * *",
                "\"5-5/2\" is 5 alone to cron, and a step without an end to the server; write 5",
            ),
            ("0 3 * * 1#1", "not to cron"),
            ("61 3 * * *", "61 is not in 0-59"),
            ("0~30 3 * * *", "\"0~30\" is a random time, which nobody can expect; write a fixed one"),
        ] {
            let refused = schedule(written).unwrap_err();
            assert!(refused.contains(expected) && !refused.contains("interval ="), "{written}: {refused}");
        }
    }
}
