//! Timers: the schedule of a monitor, and the delay with which systemd may start the job.

use crons_types::{Schedule, Timezone};
use jiff::SignedDuration;

use super::on_calendar::OnCalendar;
use super::time_span::time_span;
use super::unit_file::UnitFile;
use crate::import::interval::interval;

/// The default of `AccuracySec=`: systemd may start a job this much later.
const ACCURACY: SignedDuration = SignedDuration::from_mins(1);

/// The settings that start a service. An empty value of any of them takes back those before it.
const TRIGGERS: [&str; 6] =
    ["OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec", "OnCalendar"];

/// A timer in the terms of a monitor.
pub(super) struct Timer {
    pub(super) schedule: Schedule,
    /// `None`: the zone of the machine.
    pub(super) timezone: Option<Timezone>,
    /// The longest delay with which systemd starts the service.
    pub(super) lateness: SignedDuration,
    /// The schedule as the unit has it.
    pub(super) written: String,
}

impl Timer {
    /// Reads the settings of a timer.
    ///
    /// # Errors
    /// If a monitor has no such schedule: the reason.
    pub(super) fn read(unit: &UnitFile) -> Result<Self, String> {
        let triggers = unit.assignments("Timer", &TRIGGERS);
        let of =
            |key: &str| triggers.iter().filter(|(name, _)| *name == key).map(|(_, value)| *value).collect();
        let (calendars, active, inactive): (Vec<&str>, Vec<&str>, Vec<&str>) =
            (of("OnCalendar"), of("OnUnitActiveSec"), of("OnUnitInactiveSec"));
        let delay = delay(unit)?;
        match (&calendars[..], &active[..], &inactive[..]) {
            ([calendar], [], []) => {
                let OnCalendar { schedule, timezone, seconds } = OnCalendar::parse(calendar)?;
                Ok(Self { schedule, timezone, lateness: seconds + delay, written: (*calendar).to_owned() })
            }
            ([], [text], []) => {
                let length = time_span("OnUnitActiveSec", text)?;
                let schedule = Schedule::Interval(interval(text, length)?);
                Ok(Self { schedule, timezone: None, lateness: delay, written: "an interval".to_owned() })
            }
            ([], [], [_]) => Err(
                "OnUnitInactiveSec= counts from the end of a run, and the interval of a monitor from its start, so none fits; write \
                 OnUnitActiveSec= or OnCalendar="
                    .to_owned(),
            ),
            ([], [], []) => Err(
                "it has no OnCalendar= or OnUnitActiveSec=, so no run is expected at any time".to_owned(),
            ),
            _ => Err("it has several schedules; a monitor has one: give each a timer and a service of its own".to_owned()),
        }
    }
}

/// The delay by the accuracy and by the random part of a timer.
fn delay(unit: &UnitFile) -> Result<SignedDuration, String> {
    let setting = |key: &str, default| match unit.value("Timer", key) {
        Some(text) => time_span(key, text)?.ok_or_else(|| format!("{key}=infinity: its runs have no time")),
        None => Ok(default),
    };
    Ok(setting("AccuracySec", ACCURACY)? + setting("RandomizedDelaySec", SignedDuration::ZERO)?)
}
