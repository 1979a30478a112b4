//! The annotated monitors as a list, for a deploy step or for people.

use std::fmt;
use std::ops::Deref;

use crons_types::{MonitorConfig, Slug, Timezone};
use serde_json::{Value, json};

use super::registry::MONITORS;

/// Returns the monitors of all annotated functions of this program, sorted by slug.
///
/// The linker collects them from all crates of the program, on Linux, Android, macOS, iOS and Windows; elsewhere the list is empty.
/// Monitors made at run time by [`monitor`](fn@crate::monitor) are not in it.
///
/// ```
/// # use crons_runtime as crons;
/// // for people: `my-program --monitors` ..
/// println!("{}", crons::monitors());
/// // .. and for a deploy step that compares them with the server
/// println!("{}", crons::monitors().to_json());
///
/// for monitor in crons::monitors().iter() {
///     println!("{} stands at {}:{}", monitor.slug(), monitor.file(), monitor.line());
/// }
/// ```
///
/// ```text
/// SLUG            SCHEDULE         TIMEZONE       AT
/// nightly-backup  0 3 * * MON-FRI  Europe/Vienna  src/jobs.rs:12
/// rotate-logs     10 minutes       -              src/jobs.rs:31
/// sync            -                -              src/sync.rs:7
/// ```
pub fn monitors() -> AnnotatedMonitors {
    let mut monitors: Vec<_> = MONITORS
        .iter()
        .filter_map(|definition| {
            let monitor = definition.resolve()?;
            let place = definition.place();
            Some(AnnotatedMonitor {
                slug: &monitor.slug,
                config: monitor.config.as_ref(),
                file: place.file(),
                line: place.line(),
            })
        })
        .collect();
    monitors.sort_by_key(|monitor| (monitor.slug, monitor.file, monitor.line));
    AnnotatedMonitors(monitors)
}

/// The annotated monitors of this program: a slice that prints as a table, and as JSON. Made by [`monitors`].
#[derive(Clone, Debug)]
pub struct AnnotatedMonitors(Vec<AnnotatedMonitor>);

/// A monitor that an annotated function reports to.
#[derive(Clone, Copy, Debug)]
pub struct AnnotatedMonitor {
    slug: &'static Slug,
    config: Option<&'static MonitorConfig>,
    file: &'static str,
    line: u32,
}

impl AnnotatedMonitors {
    /// The list as JSON: of each monitor its `slug`, the `monitor_config` as it goes to the server (or `null`), `file` and
    /// `line`.
    ///
    /// ```
    /// # use crons_runtime as crons;
    /// assert_eq!(crons::monitors().to_json(), "[]"); // nothing is annotated here
    /// ```
    pub fn to_json(&self) -> String {
        let monitors = self.iter().map(|monitor| {
            let AnnotatedMonitor { slug, config, file, line } = monitor;
            json!({"slug": slug.as_str(), "monitor_config": config, "file": file, "line": line})
        });
        format!("{:#}", monitors.collect::<Value>())
    }
}

impl Deref for AnnotatedMonitors {
    type Target = [AnnotatedMonitor];

    fn deref(&self) -> &[AnnotatedMonitor] {
        &self.0
    }
}

impl IntoIterator for AnnotatedMonitors {
    type Item = AnnotatedMonitor;
    type IntoIter = std::vec::IntoIter<AnnotatedMonitor>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a AnnotatedMonitors {
    type Item = &'a AnnotatedMonitor;
    type IntoIter = std::slice::Iter<'a, AnnotatedMonitor>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A table with a header line.
impl fmt::Display for AnnotatedMonitors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = ["SLUG", "SCHEDULE", "TIMEZONE", "AT"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(heads).chain(self.iter().map(AnnotatedMonitor::row)).collect();
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let [slugs, schedules, timezones] = [0, 1, 2].map(width);
        for (number, [slug, schedule, timezone, at]) in rows.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{slug:slugs$}  {schedule:schedules$}  {timezone:timezones$}  {at}")?;
        }
        Ok(())
    }
}

impl AnnotatedMonitor {
    /// The slug, as the server stores it.
    pub fn slug(&self) -> &'static str {
        self.slug.as_str()
    }

    /// The configuration that is sent with check-ins, if there is one.
    pub fn monitor_config(&self) -> Option<&'static MonitorConfig> {
        self.config
    }

    /// The schedule as text: a crontab, or an interval in words. `None` without a configuration.
    pub fn schedule(&self) -> Option<String> {
        self.config.map(|config| config.get_schedule().to_string())
    }

    /// The time zone of the schedule, if there is one.
    pub fn timezone(&self) -> Option<&'static str> {
        self.config?.get_timezone().map(Timezone::as_str)
    }

    /// The source file of the function, as its path was passed to the compiler.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// The line of the attribute.
    pub fn line(&self) -> u32 {
        self.line
    }

    fn row(&self) -> [String; 4] {
        let absent = || "-".to_owned();
        [
            self.slug().to_owned(),
            self.schedule().unwrap_or_else(absent),
            self.timezone().map_or_else(absent, str::to_owned),
            format!("{}:{}", self.file, self.line),
        ]
    }
}
