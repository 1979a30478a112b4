//! Tests that the next and the previous occurrence are those of Sentry's server, in every zone, through every clock change.
#![cfg(feature = "calendar")]
#![expect(clippy::unwrap_used, reason = "the helpers of a test, which clippy does not know for one")]

use crons_types::{Schedule, Timezone, calendar};
use jiff::Timestamp;

fn next(schedule: &str, timezone: &str, after: &str) -> Option<Timestamp> {
    let schedule = schedule.parse::<Schedule>().unwrap();
    calendar::next_after(&schedule, &Timezone::parse(timezone).unwrap(), instant(after))
}

/// `2024-06-03 10:00` in UTC, seconds optional, or with an offset.
fn instant(text: &str) -> Timestamp {
    text.parse().or_else(|_| format!("{text}Z").parse()).unwrap()
}

/// Compares ten occurrences in a row for each line with those of cronsim 2.6. If it answers with an instant that is not
/// later than the one it was asked for, its known fault in repeated time, the next one after that must be found.
#[test]
fn ten_in_a_row_are_the_servers() {
    let (mut rows, mut corrected, mut wrong) = (0, 0, Vec::new());
    for line in include_str!("data/cron-next.jsonl").lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let schedule = Schedule::crontab(&text("expr")).unwrap();
        let timezone = Timezone::parse(&text("tz")).unwrap();
        let from = instant(&text("from"));
        let server: Vec<Timestamp> =
            row["next"].as_array().unwrap().iter().map(|next| instant(next.as_str().unwrap())).collect();
        let ours: Vec<Timestamp> =
            std::iter::successors(Some(from), |from| calendar::next_after(&schedule, &timezone, *from))
                .skip(1)
                .take(server.len())
                .collect();
        assert!(
            ours.iter().zip(std::iter::once(&from).chain(&ours)).all(|(next, after)| next > after),
            "{line}"
        );
        rows += 1;
        if server[0] <= from {
            corrected += 1;
            // The server is right again after its fault, so its later answers are compared.
            let later: Vec<_> = server.iter().filter(|next| **next > from).collect();
            if !later.iter().zip(&ours).all(|(server, ours)| *server == ours) {
                wrong.push(format!("{line}\n  ours {ours:?}"));
            }
        } else if server != ours {
            wrong.push(format!("{line}\n  ours {ours:?}"));
        }
    }
    println!("{rows} rows, {corrected} corrected, {} wrong", wrong.len());
    assert!(rows > 5000 && corrected == 10);
    assert!(wrong.is_empty(), "{} of {rows} differ:\n{}", wrong.len(), wrong.join("\n"));
}

const UTC: &str = "UTC";
const NEW_YORK: &str = "America/New_York";
const BERLIN: &str = "Europe/Berlin";

/// Checks the next occurrence. The columns are schedule, time zone, from, next; in UTC.
#[test]
fn by_hand() {
    let rows = [
        ("0 * * * *", UTC, "2019-01-01 05:30", "2019-01-01 06:00"),
        ("30 * * * *", UTC, "2019-01-01 05:29", "2019-01-01 05:30"),
        ("* * * * *", UTC, "2019-01-01 01:10:20", "2019-01-01 01:11"),
        ("* * * * *", UTC, "2019-01-01 01:10:00", "2019-01-01 01:11"),
        ("* * * * *", UTC, "2019-01-01 01:10:59.999", "2019-01-01 01:11"),
        ("*/5 * * * *", UTC, "2019-01-01 01:10:20", "2019-01-01 01:15"),
        ("*/5 * * * *", UTC, "2019-01-01 01:10:00", "2019-01-01 01:15"),
        ("0 12 * * *", UTC, "2019-01-01 01:10:20", "2019-01-01 12:00"),
        ("0 12 * * *", BERLIN, "2019-01-01 01:10:20", "2019-01-01 11:00"),
        ("0 0 * * *", "US/Arizona", "2025-01-31 07:00", "2025-02-01 07:00"),
        ("0 0 * * *", NEW_YORK, "2024-06-30 12:00", "2024-07-01 04:00"),
        ("0 0 * * *", "Asia/Kolkata", "2024-06-30 12:00", "2024-06-30 18:30"),
        ("0 0 1 1 *", UTC, "2024-01-01 00:00", "2025-01-01 00:00"),
        ("0 0 1 * *", UTC, "2024-01-31 23:59:30", "2024-02-01 00:00"),
        ("0 0 * * 0", UTC, "2024-06-03 00:00", "2024-06-09 00:00"),
        ("0 0 * * 7", UTC, "2024-06-03 00:00", "2024-06-09 00:00"),
        ("0 9 * * MON-FRI", UTC, "2024-06-07 09:00", "2024-06-10 09:00"),
        ("0 9 * * mon,wed", UTC, "2024-06-03 09:00:30", "2024-06-05 09:00"),
        ("15 10 L * *", UTC, "2024-02-01 00:00", "2024-02-29 10:15"),
        ("0 0 LW * *", UTC, "2024-06-01 00:00", "2024-06-28 00:00"),
        ("0 0 * * FRI#2", UTC, "2024-06-15 00:00", "2024-07-12 00:00"),
        ("0 0 * * 5L", UTC, "2024-06-01 00:00", "2024-06-28 00:00"),
        // The day fields do not begin with `*`, so either will do.
        ("0 0 13 * 5", UTC, "2024-06-08 00:00", "2024-06-13 00:00"),
        ("0 0 13 * *", UTC, "2024-06-14 00:00", "2024-07-13 00:00"),
        // A day field begins with `*`, so both must match.
        ("0 0 */2 * 1", UTC, "2024-06-03 00:00", "2024-06-17 00:00"),
        ("0 0 29 2 *", UTC, "2024-02-29 00:00", "2028-02-29 00:00"),
        ("0 0 31 * *", UTC, "2024-01-31 00:00", "2024-03-31 00:00"),
        ("10-20/5 * * * *", UTC, "2024-06-03 00:20", "2024-06-03 01:10"),
        ("5/15 * * * *", UTC, "2024-06-03 00:50", "2024-06-03 01:05"),
        ("0 */6 * * *", UTC, "2024-06-03 18:00", "2024-06-04 00:00"),
        ("0 22 * * 1-5", "Europe/London", "2024-06-07 22:30", "2024-06-10 21:00"),
        ("30 14 1,15 * *", UTC, "2024-06-01 14:30", "2024-06-15 14:30"),
        ("0 0 1 JAN,JUL *", UTC, "2024-02-01 00:00", "2024-07-01 00:00"),
        ("* * * * *", NEW_YORK, "2024-03-10 06:59", "2024-03-10 07:00"),
        ("* * * * *", NEW_YORK, "2024-11-03 05:59", "2024-11-03 06:00"),
        ("0 * * * *", NEW_YORK, "2024-11-03 05:00", "2024-11-03 06:00"),
        ("0 * * * *", NEW_YORK, "2024-11-03 06:00", "2024-11-03 07:00"),
        ("0 12 * * *", NEW_YORK, "2024-03-09 17:00", "2024-03-10 16:00"),
        ("0 12 * * *", NEW_YORK, "2024-11-02 16:00", "2024-11-03 17:00"),
        // The time is skipped: the occurrence is right after it.
        ("30 2 * * *", NEW_YORK, "2024-03-09 07:30", "2024-03-10 07:00"),
        ("30 2 * * *", NEW_YORK, "2024-03-10 07:00", "2024-03-11 06:30"),
        // The time is repeated: only the first pass counts.
        ("30 1 * * *", NEW_YORK, "2024-11-02 05:30", "2024-11-03 05:30"),
        ("30 1 * * *", NEW_YORK, "2024-11-03 05:30", "2024-11-04 06:30"),
        // The answer of upstream is 05:30, which is past.
        ("30 1 * * *", NEW_YORK, "2024-11-03 06:10", "2024-11-04 06:30"),
        ("*/30 * * * *", BERLIN, "2024-03-31 00:30", "2024-03-31 01:00"),
        ("*/30 * * * *", BERLIN, "2024-10-27 00:30", "2024-10-27 01:00"),
        ("0 2 * * *", BERLIN, "2024-03-30 01:00", "2024-03-31 01:00"),
        ("*/15 1,2 * * *", NEW_YORK, "2024-03-10 06:45", "2024-03-11 05:00"),
        ("0 */2 * * *", NEW_YORK, "2024-03-10 05:00", "2024-03-10 08:00"),
        // The clocks change by half an hour: as upstream, the second 01:30, at 15:00, is passed over.
        ("30 * * * *", "Australia/Lord_Howe", "2024-04-06 14:30", "2024-04-06 16:00"),
        ("0 0 * 2 MON#5", UTC, "2024-06-03 10:00", "2044-02-29 00:00"),
        // The clocks skip a whole day.
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-01 00:00", "2011-12-30 10:00"),
        // The clocks change by 44 minutes and a half.
        ("* 15 * * *", "Africa/Monrovia", "1972-01-07 00:44:30", "1972-01-07 15:00"),
        ("every 2 hours", UTC, "2019-01-01 05:30", "2019-01-01 07:30"),
        ("every 2 hours", UTC, "2019-01-01 05:42", "2019-01-01 07:42"),
        ("every 1 month", UTC, "2019-01-01 01:10:20", "2019-02-01 01:10"),
        // Months without that day are passed over.
        ("every 1 month", UTC, "2024-01-31 10:00", "2024-03-31 10:00"),
        ("every 1 month", UTC, "2024-01-30 10:00", "2024-03-30 10:00"),
        ("every 2 months", UTC, "2024-12-31 10:00", "2025-08-31 10:00"),
        ("every 1 year", UTC, "2024-02-29 10:00", "2028-02-29 10:00"),
        ("every 1 week", UTC, "2024-06-03 10:00:45", "2024-06-10 10:00"),
        ("every 1 day", UTC, "2024-06-03 10:00:45", "2024-06-04 10:00"),
        ("every 10 minutes", UTC, "2024-06-03 10:00:45.5", "2024-06-03 10:10"),
        ("every 1 minute", UTC, "2024-06-03 10:00:59", "2024-06-03 10:01"),
        ("every 90 minutes", UTC, "2024-06-03 23:00", "2024-06-04 00:30"),
        // The wall clock is kept.
        ("every 1 day", NEW_YORK, "2024-03-09 17:00", "2024-03-10 16:00"),
        ("every 1 day", NEW_YORK, "2024-11-02 16:00", "2024-11-03 17:00"),
        ("every 1 hour", NEW_YORK, "2024-03-10 06:30", "2024-03-10 07:30"),
        // Minutes and hours are lengths of time. Upstream adds them on the wall clock and answers 07:30.
        ("every 1 hour", NEW_YORK, "2024-11-03 05:30", "2024-11-03 06:30"),
        ("every 2 hours", BERLIN, "2024-03-31 00:10", "2024-03-31 02:10"),
        ("every 2 hours", BERLIN, "2024-03-30 23:10:40", "2024-03-31 01:10"),
        ("every 2 hours", BERLIN, "2024-10-26 23:10", "2024-10-27 01:10"),
        ("every 2 hours", BERLIN, "2024-10-27 00:10", "2024-10-27 02:10"),
        ("every 90 minutes", BERLIN, "2024-10-27 00:40", "2024-10-27 02:10"),
        ("every 24 hours", BERLIN, "2024-03-30 12:00", "2024-03-31 12:00"),
        ("every 20 minutes", "Australia/Lord_Howe", "2024-04-06 14:50", "2024-04-06 15:10"),
        // The answer of upstream is 05:45, which is past.
        ("every 30 minutes", NEW_YORK, "2024-11-03 06:15", "2024-11-03 06:45"),
        ("every 1 month", NEW_YORK, "2024-02-10 17:00", "2024-03-10 16:00"),
    ];
    for (schedule, timezone, after, expected) in rows {
        assert_eq!(next(schedule, timezone, after), Some(instant(expected)), "{schedule} {timezone} {after}");
    }
}

#[test]
fn what_is_due_in_skipped_time_only_never_happens() {
    assert_eq!(next("* 2 * 3 7L", "Europe/Vienna", "2024-01-01 00:00"), None);
}

/// Clocks went from 0:01 back to 23:01 of the day before. cronsim 2.6 never returns from here.
#[test]
fn a_clock_change_at_one_past_midnight() {
    let (schedule, zone) = ("1 */2 1,15,29 8-11 *", "America/St_Johns");
    assert_eq!(next(schedule, zone, "2009-10-31 00:00"), Some(instant("2009-11-01 03:31")));
    assert_eq!(next(schedule, zone, "2009-11-01 03:31"), Some(instant("2009-11-01 05:31")));
}

/// Checks the previous occurrence. The columns are schedule, anchor, before, previous; in UTC.
#[test]
fn previous_by_hand() {
    let rows = [
        ("0 * * * *", UTC, "", "2019-01-01 05:35", "2019-01-01 05:00"),
        ("30 * * * *", UTC, "", "2019-01-01 05:30", "2019-01-01 04:30"),
        ("30 5 * * *", UTC, "", "2019-01-01 05:30:01", "2019-01-01 05:30"),
        ("* * * * *", UTC, "", "2019-01-01 05:30:01", "2019-01-01 05:30"),
        ("* * * * *", UTC, "", "2019-01-01 05:30", "2019-01-01 05:29"),
        ("0 0 29 2 *", UTC, "", "2028-02-29 00:00", "2024-02-29 00:00"),
        ("0 9 * * MON-FRI", NEW_YORK, "", "2024-06-10 13:00", "2024-06-07 13:00"),
        ("30 2 * * *", NEW_YORK, "", "2024-03-10 07:30", "2024-03-10 07:00"),
        ("30 2 * * *", NEW_YORK, "", "2024-03-10 07:00", "2024-03-09 07:30"),
        ("30 1 * * *", NEW_YORK, "", "2024-11-03 06:10", "2024-11-03 05:30"),
        ("*/30 * * * *", NEW_YORK, "", "2024-11-03 06:10", "2024-11-03 06:00"),
        ("*/30 * * * *", NEW_YORK, "", "2024-03-10 07:00", "2024-03-10 06:30"),
        ("*/30 2 * * *", NEW_YORK, "", "2024-03-10 12:00", "2024-03-09 07:30"),
        // Asked on the skipped day itself, or at its end, the occurrence is the instant of the skip.
        ("0 */8 LW 1-12 0#1", "Pacific/Apia", "", "2011-12-30 10:00:01", "2011-12-30 10:00"),
        ("0 */8 LW 1-12 0#1", "Pacific/Apia", "", "2011-12-31 10:00", "2011-12-30 10:00"),
        // The clocks skip midnight, and the server passes over the hour after it unless it starts there.
        ("* 1 1 * MON", "Europe/Moscow", "", "1981-03-31 21:01:01", "1981-03-31 21:01"),
        ("every 2 hours", UTC, "2019-01-01 01:30", "2019-01-01 05:30", "2019-01-01 03:30"),
        ("every 2 hours", UTC, "2019-01-01 01:30", "2019-01-01 05:35", "2019-01-01 05:30"),
        ("every 10 minutes", UTC, "2019-01-01 10:00:20", "2019-01-01 10:10", "2019-01-01 10:00"),
        ("every 1 month", UTC, "2024-01-31 10:00", "2024-05-30 10:00", "2024-03-31 10:00"),
        ("every 1 month", UTC, "2024-01-31 10:00", "2024-03-31 10:00", "2024-01-31 10:00"),
        ("every 1 day", NEW_YORK, "2024-03-09 17:00", "2024-03-11 16:00", "2024-03-10 16:00"),
        ("every 30 minutes", NEW_YORK, "2024-11-03 05:00", "2024-11-03 06:10", "2024-11-03 06:00"),
        ("every 2 hours", BERLIN, "2024-03-30 22:10", "2024-03-31 04:10", "2024-03-31 02:10"),
        ("every 2 hours", BERLIN, "2024-10-26 22:10", "2024-10-27 02:30", "2024-10-27 02:10"),
        ("every 1 hour", BERLIN, "2024-10-27 00:10:30", "2024-10-27 02:10", "2024-10-27 01:10"),
        ("every 1 day", BERLIN, "2024-10-26 00:10", "2024-10-27 01:30", "2024-10-27 00:10"),
    ];
    for (schedule, timezone, anchor, before, expected) in rows {
        let anchor = if anchor.is_empty() { Timestamp::UNIX_EPOCH } else { instant(anchor) };
        let parsed = schedule.parse::<Schedule>().unwrap();
        let previous =
            calendar::previous_before(&parsed, &Timezone::parse(timezone).unwrap(), anchor, instant(before));
        assert_eq!(previous, Some(instant(expected)), "{schedule} {timezone} {before}");
    }
    let hourly = Schedule::interval("1 hour").unwrap();
    let anchor = instant("2019-01-01 10:00");
    assert_eq!(calendar::previous_before(&hourly, &Timezone::UTC, anchor, anchor), None);
}
