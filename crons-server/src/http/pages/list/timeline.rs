//! A timeline: the runs of a window as a drawing and in words.

use std::fmt::Write;

use crons_types::Timezone;
use jiff::Timestamp;
use maud::{Markup, html};

use super::slots::Slots;
use crate::domain::{Outage, Status};
use crate::http::pages::silenced::Band;
use crate::http::pages::words;
use crate::store::{Buckets, RunMark};

/// The width of a bucket in the drawing; the space between two of them is a quarter of it.
const BUCKET: u32 = 4;
const HEIGHT: u32 = 24;
/// The height of the bar of a silence.
const SILENCE: u32 = 3;
/// The most failures that the words name. If there are more, they say how many.
const NAMED: usize = 4;

/// The statuses by precedence, as at Sentry: a bucket shows the first one that it has, so that no number of successes hides a failure.
const PRIORITY: [Status; 6] =
    [Status::Unknown, Status::Error, Status::Timeout, Status::Missed, Status::Ok, Status::InProgress];

/// The content of a timeline.
pub(super) struct Timeline<'a> {
    pub buckets: Buckets,
    /// In the order of their starts.
    pub runs: Vec<RunMark>,
    pub slots: &'a Slots,
    pub outages: &'a [Outage],
    /// The times in which messages were kept back.
    pub silences: Vec<Band>,
    pub now: Timestamp,
    pub zone: Timezone,
    /// The length of the window in words.
    pub length: &'static str,
}

/// A run in the drawing, from its left edge to its right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bar {
    status: Status,
    left: u32,
    right: u32,
}

impl Timeline<'_> {
    /// The drawing, in attributes and classes: the content-security policy of the page allows no `style` of an element.
    pub(super) fn drawing(&self) -> Markup {
        let bars = self.bars();
        let path = |status: Status| -> String {
            let of_status = bars.iter().filter(|bar| bar.status == status);
            of_status.fold(String::new(), |mut path, Bar { left, right, .. }| {
                let width = right - left;
                // The edge of a dashed box is inside of it.
                let _ = match status {
                    Status::Missed => write!(path, "M{left} 3h{width}v17h-{width}z"),
                    _ => write!(path, "M{left} 2h{width}v19h-{width}z"),
                };
                path
            })
        };
        let kinds =
            [Status::Ok, Status::InProgress, Status::Missed, Status::Timeout, Status::Error, Status::Unknown];
        let (outages, silences) = (self.outage_path(), self.silence_path());
        html! {
            svg.line viewBox={ "0 0 " (self.width()) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
                @if !outages.is_empty() { path.outage fill="url(#hatch-outage)" d=(outages) {} }
                @if !silences.is_empty() { path.silence d=(silences) {} }
                path.slots d=(self.slot_path()) {}
                @for status in kinds {
                    @let path = path(status);
                    @if !path.is_empty() {
                        path class={ "run-" (status.as_str()) } fill=[(status == Status::Timeout).then_some("url(#hatch)")] d=(path) {}
                    }
                }
            }
        }
    }

    /// The timeline in words, for screen readers.
    pub(super) fn words(&self) -> String {
        let mut failures: Vec<(Status, Timestamp)> = Vec::new();
        let (mut well, mut running, mut unknown) = (false, false, 0_usize);
        for run in self.runs.iter().filter(|run| run.started >= self.buckets.since) {
            match run.status {
                Status::Error | Status::Timeout | Status::Missed => failures.push((run.status, run.started)),
                Status::Unknown => unknown += 1,
                Status::Ok => well = true,
                Status::InProgress => running = true,
            }
        }
        let mut parts: Vec<String> = Vec::new();
        let named = failures.len().saturating_sub(NAMED);
        for (status, at) in failures.iter().skip(named) {
            let what = match status {
                Status::Missed => "missed",
                Status::Timeout => "timed out",
                _ => "failed",
            };
            parts.push(format!("{what} at {}", words::clock(*at, self.zone, self.now)));
        }
        if named > 0 {
            parts.insert(0, format!("{named} earlier failures"));
        }
        if unknown > 0 {
            parts.push(format!("{unknown} unknown"));
        }
        // A silence is no exception to "every run was okay".
        let is_plain = parts.is_empty() && self.outages.is_empty();
        for outage in self.outages {
            parts.push(format!(
                "the server was not receiving from {} to {}",
                words::clock(outage.since, self.zone, self.now),
                words::clock(outage.until, self.zone, self.now)
            ));
        }
        let named = self.silences.len().saturating_sub(NAMED);
        if named > 0 {
            parts.push(format!("{named} earlier silences"));
        }
        for Band { since, until, by, why } in self.silences.iter().skip(named) {
            let (since, until) =
                (words::clock(*since, self.zone, self.now), words::clock(*until, self.zone, self.now));
            parts.push(format!("silenced from {since} to {until} by {by}: {why}"));
        }
        let rest = match (well, running, is_plain) {
            (true, _, true) => "every run was okay",
            (true, _, false) => "otherwise okay",
            (false, true, _) => "a run is in progress",
            (false, false, true) => "no run",
            (false, false, false) => "no other run",
        };
        parts.push(rest.to_owned());
        format!("Last {}, {}: {}.", self.length, words::place(self.zone), parts.join("; "))
    }

    fn width(&self) -> u32 {
        self.buckets.count * BUCKET
    }

    /// The place of an instant in the drawing; that of the nearest edge for one outside.
    fn position(&self, instant: Timestamp) -> u32 {
        let whole = self.buckets.until().duration_since(self.buckets.since).as_millis().max(1);
        let part = instant.duration_since(self.buckets.since).as_millis().clamp(0, whole);
        u32::try_from(part * i128::from(self.width()) / whole).unwrap_or_default()
    }

    /// The bars: one for each bucket that has runs, and one for the run that reaches into the first bucket.
    fn bars(&self) -> Vec<Bar> {
        let mut shown: Vec<Option<&RunMark>> = vec![None; self.buckets.count as usize];
        let mut bars = Vec::new();
        let place = |status: Status| PRIORITY.iter().position(|of| *of == status);
        for run in &self.runs {
            let Some(number) = self.buckets.number(run.started) else {
                if run.started < self.buckets.since {
                    bars.push(Bar { status: run.status, left: 0, right: self.end(run).max(BUCKET - 1) });
                }
                continue;
            };
            if let Some(bucket) = shown.get_mut(number as usize)
                && bucket.is_none_or(|other| place(run.status) < place(other.status))
            {
                *bucket = Some(run);
            }
        }
        bars.extend(shown.into_iter().zip(0..).filter_map(|(run, number)| {
            let (run, left): (&RunMark, u32) = (run?, number * BUCKET);
            Some(Bar { status: run.status, left, right: self.end(run).max(left + BUCKET - 1) })
        }));
        bars
    }

    /// The right edge of a run: it is as wide as it took.
    fn end(&self, run: &RunMark) -> u32 {
        match (run.ended, run.status) {
            (Some(ended), _) => self.position(ended),
            (None, Status::InProgress) => self.position(self.now),
            (None, _) => 0,
        }
    }

    fn slot_path(&self) -> String {
        match self.slots {
            Slots::Everywhere => format!("M0 22h{}", self.width()),
            Slots::At(slots) => slots.iter().fold(String::new(), |mut path, slot| {
                let _ = write!(path, "M{}.5 20v4", self.position(*slot));
                path
            }),
        }
    }

    /// The silences, as bars along the upper edge. Bars that touch are one.
    fn silence_path(&self) -> String {
        let mut bars: Vec<(u32, u32)> = Vec::new();
        for band in &self.silences {
            let left = self.position(band.since);
            let right = self.position(band.until.min(self.now)).max(left + 1);
            match bars.last_mut().filter(|(_, end)| left <= *end) {
                Some((_, end)) => *end = right.max(*end),
                None => bars.push((left, right)),
            }
        }
        bars.into_iter().fold(String::new(), |mut path, (left, right)| {
            let width = right - left;
            let _ = write!(path, "M{left} 0h{width}v{SILENCE}h-{width}z");
            path
        })
    }

    fn outage_path(&self) -> String {
        self.outages.iter().fold(String::new(), |mut path, outage| {
            let left = self.position(outage.since);
            let width = self.position(outage.until).saturating_sub(left).max(1);
            let _ = write!(path, "M{left} 0h{width}v{HEIGHT}h-{width}z");
            path
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::list::window::Window;

    fn instant(time: &str) -> Timestamp {
        format!("2024-06-03T{time}Z").parse().unwrap()
    }

    fn run(status: Status, started: &str, ended: Option<&str>) -> RunMark {
        RunMark { status, started: instant(started), ended: ended.map(instant) }
    }

    fn timeline(runs: Vec<RunMark>, outages: &[Outage]) -> Timeline<'_> {
        Timeline {
            buckets: Window::Day.buckets(instant("11:59:00")),
            runs,
            slots: &Slots::Everywhere,
            outages,
            silences: Vec::new(),
            now: instant("11:59:00"),
            zone: Timezone::default(),
            length: "24 hours",
        }
    }

    fn bars(runs: Vec<RunMark>) -> Vec<(Status, u32, u32)> {
        timeline(runs, &[]).bars().iter().map(|bar| (bar.status, bar.left, bar.right)).collect()
    }

    #[test]
    fn one_failure_is_not_hidden_by_any_other_run() {
        // 12:00 on the day before is the left edge, and 00:00 the middle.
        let all =
            [Status::InProgress, Status::Ok, Status::Missed, Status::Timeout, Status::Error, Status::Unknown];
        for (number, worst) in all.into_iter().enumerate() {
            let mut runs: Vec<_> =
                all[..=number].iter().map(|status| run(*status, "00:01:00", Some("00:02:00"))).collect();
            assert_eq!(bars(runs.clone()), [(worst, 288, 291)]);
            runs.reverse();
            assert_eq!(bars(runs), [(worst, 288, 291)], "in any order");
        }
    }

    #[test]
    fn a_run_is_as_wide_as_it_took() {
        let yesterday: Timestamp = "2024-06-02T09:00:00Z".parse().unwrap();
        for (mark, left, right) in [
            (run(Status::Ok, "00:00:00", Some("00:00:01")), 288, 291),
            (run(Status::Ok, "00:00:00", Some("06:00:00")), 288, 432),
            (run(Status::Timeout, "00:05:00", Some("01:05:00")), 288, 314),
            (run(Status::InProgress, "06:00:00", None), 432, 575),
            (run(Status::Missed, "06:00:00", None), 432, 435),
            (RunMark { started: yesterday, ..run(Status::Ok, "00:00:00", Some("00:00:00")) }, 0, 288),
        ] {
            assert_eq!(bars(vec![mark]), [(mark.status, left, right)], "{mark:?}");
        }
    }

    #[test]
    fn the_words_name_failures_and_outages_with_their_times() {
        let outage = [Outage { since: instant("03:00:00"), until: instant("03:20:00") }];
        for (runs, outages, expected) in [
            (vec![], &outage[..0], "no run."),
            (vec![run(Status::Ok, "01:00:00", None)], &outage[..0], "every run was okay."),
            (vec![run(Status::InProgress, "01:00:00", None)], &outage[..0], "a run is in progress."),
            (
                vec![
                    run(Status::Error, "01:00:00", None),
                    run(Status::Missed, "02:00:30", None),
                    run(Status::Ok, "04:00:00", None),
                ],
                &outage[..],
                "failed at 01:00; missed at 02:00:30; the server was not receiving from 03:00 to 03:20; otherwise okay.",
            ),
            (
                (0..6).map(|hour| run(Status::Timeout, &format!("0{hour}:00:00"), None)).collect(),
                &outage[..0],
                "2 earlier failures; timed out at 02:00; timed out at 03:00; timed out at 04:00; timed out at 05:00; no other run.",
            ),
        ] {
            assert_eq!(timeline(runs, outages).words(), format!("Last 24 hours, UTC: {expected}"));
        }
    }

    #[test]
    fn a_silence_is_a_bar_of_its_own_and_is_said_in_words() {
        let band = |since: &str, until: &str| Band {
            since: instant(since),
            until: instant(until),
            by: "ana".to_owned(),
            why: "migration".to_owned(),
        };
        let outage = [Outage { since: instant("03:00:00"), until: instant("03:20:00") }];
        let mut shown = timeline(vec![run(Status::Ok, "01:00:00", None)], &[]);
        shown.silences = vec![band("00:00:00", "06:00:00"), band("11:00:00", "13:00:00")];
        assert_eq!(
            shown.words(),
            "Last 24 hours, UTC: silenced from 00:00 to 06:00 by ana: migration; silenced from 11:00 to 13:00 by ana: migration; every run \
             was okay."
        );
        let drawing = shown.drawing().into_string();
        // A silence that goes on ends at the present.
        assert!(drawing.contains("class=\"silence\" d=\"M288 0h144v3h-144zM552 0h23v3h-23z\""), "{drawing}");
        shown.silences =
            vec![band("01:00:00", "02:00:00"), band("01:30:00", "03:00:00"), band("03:00:00", "04:00:00")];
        let drawing = shown.drawing().into_string();
        assert!(
            drawing.contains("class=\"silence\" d=\"M312 0h72v3h-72z\""),
            "bars that touch are one: {drawing}"
        );
        shown.outages = &outage;
        shown.silences.clear();
        assert!(!shown.drawing().into_string().contains("silence"));
    }

    #[test]
    fn a_drawing_has_no_style_and_tells_a_timeout_by_its_pattern() {
        let outage = [Outage { since: instant("03:00:00"), until: instant("03:20:00") }];
        let runs = vec![run(Status::Error, "01:00:00", None), run(Status::Timeout, "02:00:00", None)];
        let drawing = timeline(runs, &outage).drawing().into_string();
        assert!(!drawing.contains("style="), "{drawing}");
        assert!(drawing.contains("class=\"run-timeout\" fill=\"url(#hatch)\""), "{drawing}");
        assert!(drawing.contains("class=\"run-error\" d=\"M312 2h3v19h-3z\""), "{drawing}");
        assert!(drawing.contains("class=\"outage\""), "{drawing}");
    }
}
