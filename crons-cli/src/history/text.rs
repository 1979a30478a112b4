//! The comparison in words.

use std::fmt::Write;

use crons_server::AdviceRow;
use crons_types::Slug;
use jiff::Timestamp;

use super::comparison::{Comparison, Incident};
use super::imported::History;
use crate::output::{Painter, Table, Tone, minute};

/// The most misses that are listed.
const MOST_MISSES: usize = 100;

/// The data of the text.
pub(super) struct Summary<'a> {
    pub(super) slug: &'a Slug,
    pub(super) history: &'a History,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) comparison: &'a Comparison,
    pub(super) advice: &'a [AdviceRow],
    /// Whether the file has the misses that the service has seen.
    pub(super) knows_misses: bool,
}

impl Summary<'_> {
    pub(super) fn render(&self, painter: Painter) -> String {
        let Comparison { yours, others, misses } = self.comparison;
        let mut text = self.head();
        if !yours.is_empty() || !others.is_empty() {
            text.push('\n');
            let mut table = Table::new(&["INCIDENT", "BEGAN", "ENDED", "ENVIRONMENT"]);
            let rows = yours.iter().map(|(incident, opens)| {
                let (tone, state) =
                    if *opens { (Tone::Plain, "yours") } else { (Tone::Good, "yours, not opened here") };
                (incident, tone, state)
            });
            let mut rows: Vec<(&Incident, Tone, &str)> = rows.collect();
            rows.extend(others.iter().map(|incident| (incident, Tone::Warning, "opened here only")));
            rows.sort_by_key(|(incident, ..)| incident.started_at);
            for (incident, tone, state) in rows {
                let plain = |text: String| (Tone::Plain, text);
                let ended = incident.resolved_at.map_or("open at the end".to_owned(), minute);
                table.row(vec![
                    (tone, state.to_owned()),
                    plain(minute(incident.started_at)),
                    plain(ended),
                    plain(incident.environment.clone()),
                ]);
            }
            text.push_str(&table.render(painter));
        }
        if !misses.is_empty() {
            text.push('\n');
            let mut table = Table::new(&["MISSED RUN", "ENVIRONMENT"]);
            for miss in misses.iter().take(MOST_MISSES) {
                table.row(vec![
                    (Tone::Plain, minute(miss.expected_at)),
                    (Tone::Plain, miss.environment.clone()),
                ]);
            }
            text.push_str(&table.render(painter));
            if misses.len() > MOST_MISSES {
                _ = writeln!(text, "and {} more; --json lists all", misses.len() - MOST_MISSES);
            }
        }
        for advice in self.advice {
            _ = writeln!(text, "\nAdvice for {}: {}", advice.environment, advice.text);
            for reading in &advice.readings {
                _ = writeln!(text, "  - {reading}");
            }
            if let Some(attribute) = &advice.attribute {
                _ = writeln!(text, "\n{attribute}");
            }
        }
        text
    }

    /// The first lines: the numbers.
    fn head(&self) -> String {
        let Self { slug, history, since, until, comparison, knows_misses, .. } = self;
        let Comparison { yours, others, misses } = comparison;
        let mut text = format!(
            "{slug}: {} from {} to {}",
            counted(history.runs.len(), "run", "runs"),
            minute(*since),
            minute(*until)
        );
        if history.repeated > 0 {
            _ = write!(text, "; {} in the file twice", counted(history.repeated, "row is", "rows are"));
        }
        text.push_str(".\n");
        match history.without_time() {
            0 => {}
            1 => text.push_str("1 row has no time that can be read: its run may be counted as missed.\n"),
            rows => {
                _ = writeln!(
                    text,
                    "{rows} rows have no time that can be read: their runs may be counted as missed."
                );
            }
        }
        let not_opened = match (yours.len(), comparison.not_opened()) {
            (0, _) => "You had no incident.".to_owned(),
            (1, 0) => "Your only incident would have opened, too.".to_owned(),
            (1, _) => "Your only incident would not have opened.".to_owned(),
            (all, 0) => format!("All your {all} incidents would have opened, too."),
            (all, number) if all == number => format!("None of your {all} incidents would have opened."),
            (all, number) => format!("Of your {all} incidents {number} would not have opened."),
        };
        text.push_str(&not_opened);
        match others.len() {
            0 => {}
            1 => text.push_str(" 1 other would have opened."),
            number => _ = write!(text, " {number} others would have opened."),
        }
        match (misses.len(), knows_misses) {
            (0, true) => text.push_str(" There is no miss that you never saw."),
            (0, false) => text.push_str(" No run was missed."),
            (number, true) => _ = write!(text, " {} you never saw.", counted(number, "miss", "misses")),
            (number, false) => {
                _ = write!(
                    text,
                    " {} missed; pings do not tell whether Healthchecks has reported that.",
                    counted(number, "run was", "runs were")
                );
            }
        }
        text.push('\n');
        text
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
