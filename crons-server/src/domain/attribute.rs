//! The attribute line of a job that brings a configuration.

use std::fmt::Write;

use crons_types::Schedule;

use super::model::Config;

/// Renders the `#[crons::monitor(..)]` attribute for a configuration, a key on each line. Keys that were not given are left out.
pub fn attribute(slug: &str, config: &Config, owner: Option<&str>) -> String {
    let (key, schedule) = match &config.schedule {
        Schedule::Crontab(crontab) => ("schedule", crontab.as_str().to_owned()),
        Schedule::Interval(interval) => ("interval", interval.to_string()),
    };
    let mut line = format!("#[crons::monitor(\n    slug = {slug:?},\n    {key} = {schedule:?},\n");
    let quoted = |text: &str| format!("{text:?}");
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    for (key, value) in [
        ("timezone", config.timezone.map(|zone| quoted(zone.as_str()))),
        ("checkin_margin", number(config.checkin_margin)),
        ("max_runtime", number(config.max_runtime)),
        ("failure_issue_threshold", number(config.failure_issue_threshold)),
        ("recovery_threshold", number(config.recovery_threshold)),
        ("owner", owner.map(quoted)),
    ] {
        if let Some(value) = value {
            // A write to a string does not fail.
            let _ = writeln!(line, "    {key} = {value},");
        }
    }
    line.push_str(")]");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_what_was_given_and_nothing_else() {
        let mut config = Config {
            schedule: Schedule::crontab("0 3 * * MON-FRI").unwrap(),
            checkin_margin: None,
            max_runtime: None,
            timezone: None,
            failure_issue_threshold: None,
            recovery_threshold: None,
        };
        let bare = "#[crons::monitor(\n    slug = \"backup\",\n    schedule = \"0 3 * * MON-FRI\",\n)]";
        assert_eq!(attribute("backup", &config, None), bare);
        config.schedule = Schedule::interval("90 minutes").unwrap();
        (config.checkin_margin, config.max_runtime) = (Some(10), Some(120));
        (config.failure_issue_threshold, config.recovery_threshold) = (Some(2), Some(1));
        config.timezone = Some("Europe/Vienna".parse().unwrap());
        let full = "#[crons::monitor(\n    slug = \"backup\",\n    interval = \"90 minutes\",\n    timezone = \"Europe/Vienna\",\n    \
            checkin_margin = 10,\n    max_runtime = 120,\n    failure_issue_threshold = 2,\n    recovery_threshold = 1,\n    \
            owner = \"team:\\\"ops\\\"\",\n)]";
        assert_eq!(attribute("backup", &config, Some("team:\"ops\"")), full);
    }
}
