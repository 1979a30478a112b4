//! The effect of a run on incidents, in words.

use std::fmt::Write;

use super::explanation::FollowUp;
use super::words::{count, time_in};
use crate::domain::decision::Consequence;
use crate::domain::model::{CheckIn, Incident, Status};
use crate::domain::silenced::Silenced;

/// The effect of a run on incidents; `None` if it has had none. `incident` is the row of the incident that it belongs to, if there still is
/// one.
pub(super) fn follow_up(run: &CheckIn, incident: Option<&Incident>) -> Option<FollowUp> {
    let zone = run.config.zone();
    if run.status == Status::Ok {
        let incident = incident.filter(|incident| incident.resolving_check_in == Some(run.guid))?;
        return Some(FollowUp {
            name: "resolved",
            text: format!(
                "the run resolved the incident that began at {}",
                time_in(incident.started_at, zone)
            ),
            incident: Some(incident.guid),
            muted: false,
        });
    }
    let decision = run.decision.as_deref()?;
    let (name, mut text) = match decision.consequence.as_ref()? {
        Consequence::Opened { threshold, .. } => {
            let failures = count(i64::from(*threshold), "failure");
            let are = if *threshold == 1 { "is" } else { "in a row are" };
            (
                "opened",
                format!("the run opened an incident: {failures} {are} as many as `failure_issue_threshold`"),
            )
        }
        Consequence::Further { .. } => {
            let since = incident
                .map_or(String::new(), |incident| format!(" since {}", time_in(incident.started_at, zone)));
            ("further", format!("no new incident: one was open{since}, and counts this failure"))
        }
        Consequence::BelowThreshold { failures, threshold, last_ok } => {
            let before = match last_ok {
                Some(run) => format!("the run of {} was ok", time_in(run.began, zone)),
                None => "there are no more finished runs before it".to_owned(),
            };
            let failures = count(i64::from(*failures), "failure");
            let text = format!(
                "no incident: {failures} in a row, and `failure_issue_threshold` is {threshold}; {before}"
            );
            ("below_threshold", text)
        }
        Consequence::Superseded { by } => {
            let began = time_in(by.began, zone);
            let text = format!(
                "no incident: a later run, of {began}, had already ended, so this failure is out of date"
            );
            ("superseded", text)
        }
    };
    let incident = run.incident();
    let muted = decision.muted && incident.is_some();
    if muted {
        text.push_str("; nobody was notified, as the environment was muted");
    }
    if let Some(Silenced { until, by, why }) = decision.silenced.as_ref().filter(|_| incident.is_some()) {
        let until = time_in(*until, zone);
        // Writing to a string does not fail.
        let _ =
            write!(text, "; the message about it was kept back by a silence until {until}, by {by}: {why}");
    }
    Some(FollowUp { name, text, incident, muted })
}
