//! Runs that begin a little before their time: the clock of the job's machine is ahead.

use jiff::SignedDuration;

use super::proof::{Advice, Proof};
use crate::domain::JobReport;

/// The most that a clock is taken to be ahead.
const MOST: SignedDuration = SignedDuration::from_secs(90);

/// Advice to set the clock, if runs that begin later by the most that one is early are not missed.
pub(super) fn early(proof: &Proof<'_>) -> Option<Advice> {
    let early = |start: &super::history::Start| {
        let by = start.after?.duration_since(start.at);
        // A run far from both expected times around it could be for either.
        let is_near = start.before.is_none_or(|before| start.at.duration_since(before) > by * 4);
        (by <= MOST && is_near).then_some(by)
    };
    let early: Vec<SignedDuration> = proof.starts.iter().filter_map(early).collect();
    let (least, most) = (early.iter().min()?, early.iter().max()?);
    if early.len() * 3 < proof.starts.len() {
        return None;
    }
    // The report arrives a little later than the job begins, and the clock is a little further ahead.
    let shift = SignedDuration::from_secs(most.as_secs() + 1);
    let shifted = proof
        .reports
        .iter()
        .map(|report| Some(JobReport { at: report.at.checked_add(shift).ok()?, ..*report }));
    let shifted: Vec<JobReport> = shifted.collect::<Option<_>>()?;
    let after = proof.removes_misses(proof.config(), &shifted)?;
    let seconds = |span: &SignedDuration| (span.as_millis() + 999) / 1_000;
    let range = match (seconds(least), seconds(most)) {
        (1, 1) => "1 second".to_owned(),
        (least, most) if least == most => format!("{most} seconds"),
        (least, most) => format!("{least} to {most} seconds"),
    };
    let text = format!(
        "The clock of the job's machine is ahead: {} of {} runs began {range} before their time, and a report counts for the time before \
         which it arrives. Set that clock (NTP), or let the job begin {} seconds later. Then {after} of {} runs would have been \
         missed, instead of {}.",
        early.len(),
        proof.starts.len(),
        shift.as_secs(),
        proof.slots,
        proof.today.missed.len(),
    );
    Some(proof.advice("clock", text, after))
}
