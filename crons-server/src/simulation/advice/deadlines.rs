//! Values of `checkin_margin` and `max_runtime` that fit the runs.

use crons_types::MonitorConfig;
use serde_json::json;

use super::proof::{Advice, Proof};
use crate::domain::Config;

/// Advice for the least margin that would have avoided nine of ten misses; if so many cannot be avoided, the most that can.
pub(super) fn margin(proof: &Proof<'_>) -> Option<Advice> {
    let config = proof.config();
    // A margin as long as the time between two runs would hide that one of them is missing.
    let longest = i64::try_from(config.schedule.min_gap().as_secs() / 60).ok()? - 1;
    let longest = longest.min(i64::from(MonitorConfig::MAX_CHECKIN_MARGIN));
    let needed = proof.today.missed.iter().filter_map(|expected| {
        let following = crons_types::calendar::next_after(&config.schedule, &config.zone(), *expected);
        let place = proof.starts.partition_point(|start| start.at < *expected);
        let start =
            proof.starts.get(place).filter(|start| following.is_none_or(|following| start.at < following))?;
        // The deadlines of a minute are evaluated before the reports in it.
        let minutes = start.at.as_second().div_euclid(60) - expected.as_second().div_euclid(60) + 1;
        (minutes <= longest).then_some(minutes)
    });
    let mut needed: Vec<i64> = needed.collect();
    needed.sort_unstable();
    let wanted = (proof.today.missed.len() * 9).div_ceil(10);
    let minutes = *needed.get(wanted - 1).or(needed.last())?;
    let minutes = u32::try_from(minutes).ok().filter(|minutes| *minutes > config.margin())?;
    let wanted = Config { checkin_margin: Some(minutes), ..config.clone() };
    let after = proof.removes_misses(&wanted, &proof.reports)?;
    let text = format!(
        "The runs begin later than `checkin_margin` allows, which is {}. With {} {after} of {} runs would have been missed, instead of {}.",
        in_words(config.margin()),
        in_words(minutes),
        proof.slots,
        proof.today.missed.len(),
    );
    let mut advice = proof.advice("margin", text, after);
    advice.settings.insert("checkin_margin".to_owned(), json!(minutes));
    advice.attribute = Some(proof.attribute(&wanted));
    Some(advice)
}

/// Advice for a run time in which 99 of 100 runs would have ended, if too many time out.
pub(super) fn max_runtime(proof: &Proof<'_>) -> Option<Advice> {
    if !proof.has_timeouts() {
        return None;
    }
    let config = proof.config();
    let mut runtimes = proof.history.runtimes();
    runtimes.sort_unstable();
    let rank = (runtimes.len() * 99).div_ceil(100);
    let minutes = u32::try_from(*runtimes.get(rank.checked_sub(1)?)?).ok()?;
    let minutes = Some(minutes)
        .filter(|minutes| (config.runtime() + 1..=MonitorConfig::MAX_MAX_RUNTIME).contains(minutes))?;
    let wanted = Config { max_runtime: Some(minutes), ..config.clone() };
    let (before, after) = (proof.today.timed_out.len(), proof.with(&wanted, &proof.reports)?.timed_out.len());
    if 3 * after > before {
        return None;
    }
    let text = format!(
        "The runs take longer than `max_runtime`, which is {}. 99 of 100 end within {}. With that {after} runs would have timed out, instead of \
         {before}.",
        in_words(config.runtime()),
        in_words(minutes),
    );
    let mut advice = proof.advice("max_runtime", text, after);
    (advice.failure, advice.before) = ("timeout", before);
    advice.settings.insert("max_runtime".to_owned(), json!(minutes));
    advice.attribute = Some(proof.attribute(&wanted));
    Some(advice)
}

fn in_words(minutes: u32) -> String {
    format!("{minutes} minute{}", if minutes == 1 { "" } else { "s" })
}
