//! The schedule of a payload. The kind of its value depends on its type.

use crons_types::IntervalUnit;
use serde::Deserialize;
use serde_json::Value;

use crate::quote;

/// A schedule as it is written.
#[derive(Deserialize)]
pub(crate) struct RawSchedule {
    r#type: ScheduleType,
    value: Value,
    unit: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScheduleType {
    Crontab,
    Interval,
}

/// A schedule of the right shape, which is not validated yet.
pub(crate) enum UnvalidatedSchedule {
    Crontab(String),
    Interval(u64, IntervalUnit),
}

impl RawSchedule {
    /// The type in the word of the payload.
    pub(super) fn type_name(&self) -> &'static str {
        match self.r#type {
            ScheduleType::Crontab => "crontab",
            ScheduleType::Interval => "interval",
        }
    }

    /// The unit beside a crontab, which has no meaning. `None` for an interval, and without a unit.
    pub(super) fn unused_unit(&self) -> Option<&Value> {
        self.unit.as_ref().filter(|unit| !unit.is_null() && matches!(self.r#type, ScheduleType::Crontab))
    }

    /// Takes the value out.
    ///
    /// # Errors
    /// If the value or the unit does not fit the type: the field, its value, and what is allowed.
    pub(super) fn take(&mut self) -> Result<UnvalidatedSchedule, String> {
        self.take_of("monitor_config.schedule")
    }

    /// Takes the value out, for a schedule that stands at `path`.
    ///
    /// # Errors
    /// If the value or the unit does not fit the type, as for [`take`](Self::take).
    pub(crate) fn take_of(&mut self, path: &str) -> Result<UnvalidatedSchedule, String> {
        const UNITS: &str = "minute, hour, day, week, month or year";
        let shown = quote::shown_value;
        let field = |name: &str, problem: &str| format!("{path}.{name}: {problem}");
        match (&self.r#type, self.value.take()) {
            (ScheduleType::Crontab, Value::String(crontab)) => Ok(UnvalidatedSchedule::Crontab(crontab)),
            (ScheduleType::Crontab, value) => {
                let problem =
                    format!("{} is not a crontab; write a string such as \"0 * * * *\"", shown(&value));
                Err(field("value", &problem))
            }
            (ScheduleType::Interval, value) => {
                let unit = self.unit.as_ref().filter(|unit| !unit.is_null());
                let unit = unit.ok_or_else(|| field("unit", &format!("it is missing; write {UNITS}")))?;
                let unit = unit.as_str().and_then(IntervalUnit::from_name).ok_or_else(|| {
                    field("unit", &format!("{} is not a unit of an interval; write {UNITS}", shown(unit)))
                })?;
                let whole = value.as_u64().ok_or_else(|| {
                    let problem = format!(
                        "{} is not a whole number of {unit}s; write 1 or more, without quotes",
                        shown(&value),
                        unit = unit.as_str()
                    );
                    field("value", &problem)
                })?;
                Ok(UnvalidatedSchedule::Interval(whole, unit))
            }
        }
    }
}
