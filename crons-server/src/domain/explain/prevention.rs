//! Changes that would have led to another result.

use crons_types::calendar::next_after;
use crons_types::{MonitorConfig, Timezone};
use jiff::{SignedDuration, Timestamp};

use super::explanation::{Prevention, Setting};
use super::words::{count, minutes, span, time_in};
use crate::domain::decision::PassedAt;
use crate::domain::model::{CheckIn, Config, truncate_to_minute};
use crate::domain::upsert::MAX_MAX_RUNTIME;

/// The least number of minutes after `from` whose end is not yet evaluated when a report arrives at `arrival`: the deadlines of a minute
/// are evaluated before the reports in it.
fn least_minutes(from: Timestamp, arrival: Timestamp) -> i64 {
    truncate_to_minute(arrival).duration_since(from).as_secs().div_euclid(60) + 1
}

/// Lists changes with which the run expected at `expected` would not have been missed. `previous` and `next` are the runs around it that the
/// job has reported.
pub(super) fn of_miss(
    config: &Config,
    expected: Timestamp,
    passed: &PassedAt,
    previous: Option<&CheckIn>,
    next: Option<&CheckIn>,
) -> Vec<Prevention> {
    let zone = config.zone();
    let mut found = Vec::new();
    let early = previous.filter(|run| run.expected_time == Some(expected) && run.date_added < expected);
    if let Some(run) = early {
        found.push(Prevention::from(format!(
            "a start at the expected time: the run of {} began {} before it, and a report counts for the time before which it arrives. \
             Compare the clock of the job's machine with that of the server, or let the job start later",
            time_in(run.date_added, zone),
            span(expected.duration_since(run.date_added))
        )));
    }
    let following = next_after(&config.schedule, &zone, expected);
    let late = next.filter(|run| following.is_none_or(|following| run.date_added < following));
    let Some(run) = late else {
        if early.is_none() {
            found.push(Prevention::from(format!(
                "a report of the job before {}: it did not start, or its check-in did not reach the server (the processing errors of the \
                 monitor list refused ones)",
                time_in(passed.deadline, zone)
            )));
        }
        return found;
    };
    let margin = least_minutes(expected, run.date_added);
    if margin <= i64::from(MonitorConfig::MAX_CHECKIN_MARGIN) && run.date_added >= passed.deadline {
        let hides = following.filter(|following| {
            expected.saturating_add(SignedDuration::from_mins(margin)).is_ok_and(|end| end >= *following)
        });
        let but = hides
            .map_or("", |_| "; with such a margin a job that does not run at all is noticed a run later");
        found.push(Prevention {
            text: format!(
                "a `checkin_margin` of {} or more: the next run began {} after the expected time{but}",
                count(margin, "minute"),
                span(run.date_added.duration_since(expected))
            ),
            setting: Some(Setting { name: "checkin_margin", at_least: margin }),
        });
    }
    found
}

/// Lists changes with which a run would not have timed out whose last report came at `last_report`. `end` is the arrival of its end, if
/// that came after the deadline.
pub(super) fn of_timeout(
    zone: Timezone,
    last_report: Timestamp,
    deadline: Timestamp,
    end: Option<Timestamp>,
) -> Vec<Prevention> {
    let Some(end) = end else {
        return vec![Prevention::from(format!(
            "the end of the run, or a report that it is still in progress, before {}: its process has died or hangs, or its report did not \
             reach the server",
            time_in(deadline, zone)
        ))];
    };
    let begin = truncate_to_minute(last_report);
    let runtime = least_minutes(begin, end);
    let mut found = Vec::new();
    if runtime <= i64::from(MAX_MAX_RUNTIME) {
        found.push(Prevention {
            text: format!(
                "a `max_runtime` of {} or more: the run ended {} after its last report",
                count(runtime, "minute"),
                span(end.duration_since(last_report))
            ),
            setting: Some(Setting { name: "max_runtime", at_least: runtime }),
        });
    }
    found.push(Prevention::from(format!(
        "`keep_alive = true` on the job, which reports a run in progress again before {} have passed",
        count(minutes(begin, deadline), "minute")
    )));
    found
}
