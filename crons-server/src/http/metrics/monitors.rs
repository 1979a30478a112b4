//! The figures of monitors, one series for each environment.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::domain::EnvironmentStatus;
use crate::http::pages::Health;
use crate::store::{EnvironmentSummary, MonitorSummary};

/// Writes the figures of all monitors.
#[derive(Debug)]
pub(super) struct MonitorFigures {
    pub(super) monitors: Vec<MonitorSummary>,
    /// Milliseconds by slug and environment.
    pub(super) durations: HashMap<(String, String), i64>,
    pub(super) now: Timestamp,
}

impl MonitorFigures {
    fn environments(&self) -> impl Iterator<Item = (&MonitorSummary, &EnvironmentSummary)> {
        self.monitors.iter().flat_map(|monitor| monitor.environments.iter().map(move |row| (monitor, row)))
    }

    /// Writes a gauge of each environment for which `value` returns a number.
    fn gauge(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help, unit): (&str, &str, Option<&Unit>),
        value: impl Fn(&MonitorSummary, &EnvironmentSummary) -> Option<f64>,
    ) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        for (monitor, environment) in self.environments() {
            if let Some(value) = value(monitor, environment) {
                let labels = [("monitor", monitor.slug.as_str()), ("environment", &environment.name)];
                metric.encode_family(&labels)?.encode_gauge(&value)?;
            }
        }
        Ok(())
    }
}

impl Collector for MonitorFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let truth = |is: bool| Some(f64::from(u8::from(is)));
        let help = "1 for the state of the environment: ok, failed, missed, timeout, in_progress, unknown or disabled";
        let mut metric = encoder.encode_descriptor("monitor_state", help, None, MetricType::Gauge)?;
        for (monitor, environment) in self.environments() {
            let EnvironmentSummary { name, status, newest, failing, .. } = environment;
            let health = Health::of_environment(*status, *newest, *failing);
            let state = if monitor.enabled { health } else { Health::Disabled };
            let labels = [("monitor", monitor.slug.as_str()), ("environment", name), ("state", state.key())];
            metric.encode_family(&labels)?.encode_gauge(&1)?;
        }
        let up = ("monitor_up", "0 while the environment has an open incident, else 1", None);
        self.gauge(encoder, up, |_, environment| truth(environment.status != EnvironmentStatus::Error))?;
        let muted =
            ("monitor_muted", "1 while the environment is muted, so that no alert is sent, else 0", None);
        self.gauge(encoder, muted, |_, environment| truth(environment.muted))?;
        let enabled = ("monitor_enabled", "1 while deadlines of the monitor are evaluated, else 0", None);
        self.gauge(encoder, enabled, |monitor, _| truth(monitor.enabled))?;
        let duration =
            ("monitor_last_duration", "Duration of the newest run that reported one", Some(&Unit::Seconds));
        self.gauge(encoder, duration, |monitor, environment| {
            let duration = self.durations.get(&(monitor.slug.clone(), environment.name.clone()))?;
            // The duration has at most 31 bits.
            Some(f64::from(u32::try_from(*duration).ok()?) / 1_000.0)
        })?;
        let help = "Time until the next run counts as missed; negative until that is evaluated";
        let until = ("monitor_until_missed", help, Some(&Unit::Seconds));
        self.gauge(encoder, until, |monitor, environment| {
            let deadline = environment.next_check_in_latest.filter(|_| monitor.enabled)?;
            Some(deadline.duration_since(self.now).as_secs_f64())
        })
    }
}
