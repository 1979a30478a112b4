//! The rule that decides which check-ins carry the configuration of their monitor.

use std::collections::HashMap;

use crons_types::{CheckIn, MonitorConfig, Slug};

use crate::record::monitor::MonitorInfo;
use crate::record::queued::QueuedCheckIn;
use crate::wire::transport::Response;

/// The check-ins that carry the configuration of their monitor, which creates the monitor or updates it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Upsert {
    /// Every check-in carries it: whatever else changes the monitor, the code wins at the next run.
    #[default]
    Always,
    /// Check-ins carry it until the server has taken it: what is changed on the server stays until the program starts anew.
    OncePerProcess,
    /// No check-in carries it: monitors are created on the server, which refuses check-ins of others.
    Never,
}

/// The configurations that the server has taken.
#[derive(Debug)]
pub(crate) struct Upserts {
    upsert: Upsert,
    known: HashMap<Slug, MonitorConfig>,
}

impl Upserts {
    pub(crate) fn new(upsert: Upsert) -> Self {
        Self { upsert, known: HashMap::new() }
    }

    /// Returns whether the configuration need not be sent.
    fn is_known(&self, monitor: &MonitorInfo) -> bool {
        match self.upsert {
            Upsert::Always => false,
            Upsert::OncePerProcess => {
                monitor.config.is_some() && self.known.get(&monitor.slug) == monitor.config.as_ref()
            }
            Upsert::Never => true,
        }
    }

    /// The check-in of `record`, with its configuration if that has to be sent.
    pub(crate) fn check_in(&self, record: &QueuedCheckIn) -> CheckIn {
        let mut check_in = record.to_check_in();
        if self.is_known(&record.monitor) {
            check_in.monitor_config = None;
        }
        check_in
    }

    /// Remembers a configuration that the server has taken with a check-in.
    pub(crate) fn answered(&mut self, monitor: &MonitorInfo, response: &Response) {
        let taken = self.upsert == Upsert::OncePerProcess
            && response.is_success()
            && response.reason().is_none()
            && !self.is_known(monitor);
        if let (true, Some(config)) = (taken, &monitor.config) {
            self.known.insert(monitor.slug.clone(), config.clone());
        }
    }
}
