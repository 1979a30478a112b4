//! The chart of durations: the newest runs of one environment, with percentiles and the longest time that a run may take.

use maud::{Markup, html};

use crate::domain::{CheckIn, Config, Status};
use crate::http::pages::health::Health;
use crate::http::pages::list::percentile;
use crate::http::pages::words;
use crate::store::RunView;

/// The size of the chart in its own units.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 200.0;
/// The room for labels at the left, and for runs without a duration at the bottom.
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 22.0;

/// The durations of the horizontal lines, in milliseconds, with their labels.
const LINES: [(f64, &str); 10] = [
    (1.0, "1 ms"),
    (10.0, "10 ms"),
    (100.0, "100 ms"),
    (1e3, "1 s"),
    (1e4, "10 s"),
    (6e4, "1 min"),
    (6e5, "10 min"),
    (36e5, "1 h"),
    (36e6, "10 h"),
    (864e6, "10 d"),
];

/// The section with the chart. `runs` has the newest run first.
pub(super) fn durations(runs: &[RunView], environment: &str, config: &Config) -> Markup {
    let runs: Vec<&CheckIn> = runs.iter().rev().map(|view| &view.run.check_in).collect();
    let mut measured: Vec<i64> =
        runs.iter().filter(|run| run.status.is_reported_end()).filter_map(|run| run.duration_ms).collect();
    measured.sort_unstable();
    let longest_allowed = i64::from(config.runtime()) * 60_000;
    html! {
        section {
            h2 #durations { "Durations in " (environment) }
            @if let (Some(p50), Some(p95), Some(longest)) = (percentile(&measured, 50), percentile(&measured, 95), measured.last()) {
                p {
                    "Half of the newest " (measured.len()) " finished runs took " b { (words::duration(p50)) }
                    " or less (p50), 95 % took " b { (words::duration(p95)) } " or less (p95), the longest "
                    b { (words::duration(*longest)) } ". A run may take " b { (words::span(u64::from(config.runtime()) * 60)) } " ("
                    code { "max_runtime" } ")."
                }
                (chart(&runs, &measured, p50, p95, longest_allowed))
            } @else {
                p { "No run has ended yet with a duration." }
            }
        }
    }
}

/// A scale by the logarithm of the duration, from the shortest to the longest that is drawn: jobs take milliseconds, and may take hours.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn new(sorted: &[i64], longest_allowed: i64) -> Self {
        let first = sorted.first().copied().unwrap_or(1);
        let most = sorted.last().copied().unwrap_or(1).max(longest_allowed);
        Self { least: (float(first) * 0.7).max(0.7), most: float(most) * 1.4 }
    }

    /// The place from the top, with one digit behind the point.
    fn y(&self, milliseconds: f64) -> String {
        let part = (milliseconds.max(self.least) / self.least).ln() / (self.most / self.least).ln();
        let y = (HEIGHT - BOTTOM) * (1.0 - part.clamp(0.0, 1.0));
        format!("{y:.1}")
    }

    fn lines(&self) -> impl Iterator<Item = (f64, &'static str)> + '_ {
        LINES.into_iter().filter(|(length, _)| (self.least..self.most).contains(length))
    }
}

fn chart(runs: &[&CheckIn], sorted: &[i64], p50: i64, p95: i64, longest_allowed: i64) -> Markup {
    let scale = Scale::new(sorted, longest_allowed);
    let step = (WIDTH - LEFT) / float(i64::try_from(runs.len().max(1)).unwrap_or(i64::MAX));
    let x = |number: usize| LEFT + step * (float(i64::try_from(number).unwrap_or(i64::MAX)) + 0.5);
    let label = format!(
        "Durations of {} runs, the oldest at the left: p50 {}, p95 {}, max_runtime {}",
        runs.len(),
        words::duration(p50),
        words::duration(p95),
        words::duration(longest_allowed)
    );
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            @for (length, label) in scale.lines() {
                @let y = scale.y(length);
                path.grid d={ "M" (LEFT) " " (y) "H" (WIDTH) } {}
                text.axis x=(LEFT - 6.0) y=(y) text-anchor="end" dominant-baseline="middle" { (label) }
            }
            // The name of p50 stands below its line, since p95 is often close above it.
            @for (class, length, name, below) in [
                ("p50", p50, "p50", 12),
                ("p95", p95, "p95", -3),
                ("limit", longest_allowed, "max_runtime", -3),
            ] {
                @let y = scale.y(float(length));
                path.line.(class) d={ "M" (LEFT) " " (y) "H" (WIDTH) } {}
                text.line-name.(class) x=(WIDTH - 2.0) y=(y) dy=(below) text-anchor="end" { (name) }
            }
            @for (number, run) in runs.iter().enumerate() { (mark(run, x(number), &scale)) }
        }
    }
}

/// A run at its place. The shape tells the states apart, not the colour alone: a failure is a cross, a run that timed out a triangle;
/// one without a duration stands below the chart.
fn mark(run: &CheckIn, x: f64, scale: &Scale) -> Markup {
    let state = Health::of_run(run.status);
    let seconds = run.date_added.strftime("%Y-%m-%d %H:%M:%S");
    let took = run.duration_ms.map(|milliseconds| format!(", took {}", words::duration(milliseconds)));
    let title = format!("{seconds} UTC: {}{}", state.word(), took.unwrap_or_default());
    let y = match run.duration_ms {
        Some(milliseconds) => scale.y(float(milliseconds)),
        None => format!("{:.1}", HEIGHT - BOTTOM / 2.0),
    };
    let shape = match run.status {
        Status::Ok => "M-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0",
        Status::Error => "M-3.5-3.5L3.5 3.5M3.5-3.5L-3.5 3.5",
        Status::Timeout => "M0-4L4 3.5H-4Z",
        Status::Missed => "M-3-3H3V3H-3Z",
        Status::InProgress | Status::Unknown => "M-3 0H3",
    };
    html! {
        path.mark.(state.key()) d=(shape) transform={ "translate(" (format!("{x:.1}")) " " (y) ")" } { title { (title) } }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart shows no difference")]
fn float(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_run_stands_higher_and_all_are_in_the_chart() {
        for (sorted, allowed) in
            [(vec![0], 60_000), (vec![5, 80, 900], 60_000), (vec![60_000, 604_800_000], 60_000)]
        {
            let scale = Scale::new(&sorted, allowed);
            let mut lengths = sorted.clone();
            lengths.push(allowed);
            lengths.sort_unstable();
            let places: Vec<f64> =
                lengths.iter().map(|length| scale.y(float(*length)).parse().unwrap()).collect();
            assert!(places.is_sorted_by(|a, b| a >= b), "{lengths:?} at {places:?}");
            assert!(places.iter().all(|y| (0.0..=HEIGHT - BOTTOM).contains(y)), "{places:?}");
            assert!(scale.lines().next().is_some(), "{lengths:?}");
        }
    }
}
