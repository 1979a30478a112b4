//! Sentry's JSON for the types that cannot derive it: minutes are integers.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::{
    CheckInId, CheckInStatus, Crontab, Environment, Interval, IntervalUnit, InvalidMonitorConfig, Minutes,
    MonitorConfig, Owner, Schedule, Slug, Timezone,
};

/// Types whose wire form is what they display and parse.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text!(Slug, Timezone, Crontab, CheckInId, Environment, Owner);

impl Serialize for CheckInStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for CheckInStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        [Self::InProgress, Self::Ok, Self::Error]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| D::Error::custom(format!("status: {text:?} is none of in_progress, ok, error")))
    }
}

impl Serialize for Minutes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.get())
    }
}

impl<'de> Deserialize<'de> for Minutes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(u32::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for IntervalUnit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for IntervalUnit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| {
            D::Error::custom(format!("unit: {name:?} is none of minute, hour, day, week, month, year"))
        })
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct IntervalWire {
    value: u32,
    unit: IntervalUnit,
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        IntervalWire { value: self.value(), unit: self.unit() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let IntervalWire { value, unit } = IntervalWire::deserialize(deserializer)?;
        Self::new(value, unit).map_err(D::Error::custom)
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ScheduleWire {
    Crontab { value: Crontab },
    Interval(Interval),
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let wire = match self {
            Self::Crontab(crontab) => ScheduleWire::Crontab { value: crontab.clone() },
            Self::Interval(interval) => ScheduleWire::Interval(*interval),
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match ScheduleWire::deserialize(deserializer)? {
            ScheduleWire::Crontab { value } => Self::Crontab(value),
            ScheduleWire::Interval(interval) => Self::Interval(interval),
        })
    }
}

/// A configuration as read, before its setters have validated it.
#[derive(serde::Deserialize)]
struct ConfigWire {
    schedule: Schedule,
    timezone: Option<Timezone>,
    checkin_margin: Option<Minutes>,
    max_runtime: Option<Minutes>,
    failure_issue_threshold: Option<u32>,
    recovery_threshold: Option<u32>,
    owner: Option<Owner>,
}

impl TryFrom<ConfigWire> for MonitorConfig {
    type Error = InvalidMonitorConfig;

    fn try_from(read: ConfigWire) -> Result<Self, InvalidMonitorConfig> {
        let mut config = Self::new(read.schedule);
        if let Some(timezone) = read.timezone {
            config = config.timezone(timezone)?;
        }
        if let Some(margin) = read.checkin_margin {
            config = config.checkin_margin(margin.get())?;
        }
        if let Some(runtime) = read.max_runtime {
            config = config.max_runtime(runtime.get())?;
        }
        if let Some(failures) = read.failure_issue_threshold {
            config = config.failure_issue_threshold(failures)?;
        }
        if let Some(successes) = read.recovery_threshold {
            config = config.recovery_threshold(successes)?;
        }
        match read.owner {
            Some(owner) => config.owner(owner.as_str()),
            None => Ok(config),
        }
    }
}

impl<'de> Deserialize<'de> for MonitorConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ConfigWire::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}
