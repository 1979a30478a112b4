//! The lines of a digest for people.

use super::digest_facts::{DigestFacts, FailedJob, IdleJob, QuietJob, Section, SlowJob};
use super::escape::Markup;
use super::lines::{fitting, length};
use super::words::{failures, minute, run_time, thousands};
use crate::domain::Failures;

/// Returns a digest in one line: `2 failed, 1 slow`, or that all jobs ran as expected.
pub(super) fn summary(facts: &DigestFacts) -> String {
    let DigestFacts { failed, slow, never_ran, muted, .. } = facts;
    let mut counts = vec![(failed.count, "failed"), (slow.count, "slow"), (never_ran.count, "never ran")];
    counts.extend(muted.by_reason().into_iter().map(|(word, count, _)| (count, word)));
    let parts = counts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, word)| format!("{} {word}", thousands(*count))).collect();
    match (facts.jobs, failed.count + slow.count + never_ran.count, parts.is_empty()) {
        (0, 0, true) => "there are no jobs".to_owned(),
        (1, 0, true) => "the only job ran as expected".to_owned(),
        (jobs, 0, true) => format!("all {} jobs ran as expected", thousands(jobs)),
        (_, 0, false) => format!("nothing failed, {}", parts.join(", ")),
        _ => parts.join(", "),
    }
}

/// Returns the sections of a digest that have jobs, a heading and a line for each job, of at most `limit` bytes with `line_break` between
/// them. Each section gets the same share of the room; one that needs more ends in the number of the others.
pub(super) fn sections(facts: &DigestFacts, markup: Markup, line_break: &str, limit: usize) -> Vec<String> {
    let DigestFacts { failed, slow, never_ran, muted, .. } = facts;
    let sections = [
        ("Failed", failed.count, lines(failed, |job| failed_line(job, markup))),
        ("Slow", slow.count, lines(slow, |job| slow_line(job, markup))),
        ("Never ran", never_ran.count, lines(never_ran, |job| idle_line(job, markup))),
        ("Muted, silenced or disabled", muted.count, lines(muted, |job| quiet_line(job, markup))),
    ];
    let sections: Vec<_> = sections.into_iter().filter(|(_, count, _)| *count > 0).collect();
    let (mut shown, mut left) = (Vec::new(), limit);
    for (place, (name, count, lines)) in sections.iter().enumerate() {
        let share = left / (sections.len() - place);
        let heading = format!("{name} ({}):", thousands(*count));
        let mut part = vec![heading];
        part.extend(fitting(
            lines,
            *count,
            line_break,
            share.saturating_sub(part[0].len() + line_break.len()),
        ));
        left = left.saturating_sub(length(&part, line_break));
        shown.extend(part);
    }
    shown
}

fn lines<T>(section: &Section<T>, line: impl Fn(&T) -> String) -> Vec<String> {
    section.jobs.iter().map(line).collect()
}

fn failed_line(job: &FailedJob, markup: Markup) -> String {
    let FailedJob { slug, environment, failures: counted, failing_since } = job;
    let counted = (*counted != Failures::default()).then(|| failures(*counted));
    let still = failing_since.map(|since| format!("still failing since {}", minute(since)));
    let what: Vec<_> = counted.into_iter().chain(still).collect();
    format!("{} in {}: {}", markup.escape(slug), markup.escape(environment), what.join(", "))
}

fn slow_line(job: &SlowJob, markup: Markup) -> String {
    let SlowJob { slug, environment, runs, started_at, duration_ms, median_ms } = job;
    let others = if *runs > 1 { format!(" ({} slow runs)", thousands(*runs)) } else { String::new() };
    format!(
        "{} in {}: {} from {} on, usually {}{others}",
        markup.escape(slug),
        markup.escape(environment),
        run_time(*duration_ms),
        minute(*started_at),
        run_time(*median_ms)
    )
}

fn idle_line(job: &IdleJob, markup: Markup) -> String {
    let IdleJob { slug, environment, missed, last_ok } = job;
    let slug = markup.escape(slug);
    let Some(environment) = environment else { return format!("{slug}: no check-in yet") };
    let missed = failures(Failures { missed: *missed, ..Failures::default() });
    let last_ok = last_ok.map_or_else(|| "never".to_owned(), minute);
    format!("{slug} in {}: {missed}, last success: {last_ok}", markup.escape(environment))
}

fn quiet_line(job: &QuietJob, markup: Markup) -> String {
    let QuietJob { slug, environment, reason, until, failing_since } = job;
    let place =
        environment.as_deref().map_or_else(String::new, |name| format!(" in {}", markup.escape(name)));
    let reason = reason.word();
    let until = until.map_or_else(String::new, |until| format!(" until {}", minute(until)));
    let failing =
        failing_since.map_or_else(String::new, |since| format!(", failing since {}", minute(since)));
    format!("{}{place}: {reason}{until}{failing}", markup.escape(slug))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::digest_facts::QuietReason;
    use crate::alerts::digest_facts::tests::{facts, nothing};

    #[test]
    fn a_digest_has_a_heading_and_a_line_for_each_job() {
        assert_eq!(
            sections(&facts(2), Markup::Plain, "\n", 4_000),
            [
                "Failed (2):",
                "job-0 in production: 2 runs missed, 1 failed, still failing since 2024-06-03 01:00 UTC",
                "job-1 in production: 2 runs missed, 1 failed",
                "Slow (1):",
                "a-job in pro_duction: 2 h 5 min from 2024-06-03 02:00 UTC on, usually 40 min (2 slow runs)",
                "Never ran (1):",
                "a-job: no check-in yet",
                "Muted, silenced or disabled (1):",
                "a-job in pro_duction: silenced until 2024-06-03 09:00 UTC",
            ]
        );
        let markdown = sections(&facts(0), Markup::Markdown, "\n", 4_000);
        assert!(markdown[1].starts_with("a-job in pro\\_duction: "), "{markdown:?}");
    }

    #[test]
    fn a_long_section_leaves_room_for_the_others() {
        for limit in [400, 1_000, 4_000] {
            let shown = sections(&facts(10_000), Markup::Plain, "\n", limit);
            assert!(length(&shown, "\n") <= limit, "{limit}: {shown:?}");
            assert_eq!(shown[0], "Failed (10,000):");
            let others = shown.iter().position(|line| line == "Slow (1):").unwrap();
            assert_eq!(shown[others - 1], format!("and {} more", thousands(10_000 - (others - 2))));
            assert_eq!(shown.len() - others, 6, "{shown:?}");
        }
    }

    /// A digest of jobs that nobody is told of, for these reasons.
    fn quiet(reasons: &[QuietReason]) -> DigestFacts {
        let job = facts(0).muted.jobs[0].clone();
        let jobs = reasons.iter().map(|reason| QuietJob { reason: *reason, ..job.clone() });
        DigestFacts { muted: Section::of(jobs.collect()), ..nothing(400) }
    }

    #[test]
    fn the_summary_counts_or_says_that_all_is_well() {
        let mut muted = facts(0);
        (muted.slow, muted.never_ran) = (Section::of(Vec::new()), Section::of(Vec::new()));
        for (facts, expected) in [
            (facts(1_000), "1,000 failed, 1 slow, 1 never ran, 1 silenced"),
            (facts(0), "1 slow, 1 never ran, 1 silenced"),
            (muted, "nothing failed, 1 silenced"),
            (
                quiet(&[QuietReason::Disabled, QuietReason::Muted, QuietReason::Disabled]),
                "nothing failed, 1 muted, 2 disabled",
            ),
            (quiet(&[QuietReason::Muted; 300]), "nothing failed, 300 without alerts"),
            (nothing(1_200), "all 1,200 jobs ran as expected"),
            (nothing(1), "the only job ran as expected"),
            (nothing(0), "there are no jobs"),
        ] {
            assert_eq!(summary(&facts), expected);
        }
        assert!(sections(&nothing(3), Markup::Plain, "\n", 100).is_empty());
    }
}
