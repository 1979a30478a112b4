//! The monitor of a check-in, with a note about its run where there is one.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crons_types::{Environment, Minutes, MonitorConfig, Slug};

use crate::record::event::RunEvent;
use crate::record::note::Note;

/// The monitor of a check-in, shared by all its check-ins, so that queueing one copies nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MonitorInfo {
    pub(crate) slug: Slug,
    pub(crate) config: Option<MonitorConfig>,
    /// Overrides the environment of the client.
    pub(crate) environment: Option<Environment>,
    /// Overrides the release of the client.
    pub(crate) release: Option<String>,
    /// Whether each run is a trace of its own, which has the id of the run.
    traced: bool,
    /// Whether runs are kept alive: reported as in progress again while they are, so that the server does not time them out.
    pub(crate) keep_alive: bool,
}

impl MonitorInfo {
    /// A monitor whose runs are reported by a guard.
    pub(crate) fn new(slug: Slug, config: Option<MonitorConfig>) -> Self {
        Self { slug, config, environment: None, release: None, traced: true, keep_alive: false }
    }

    /// Returns whether its runs are reported by guards, and not by hand.
    pub(crate) fn is_traced(&self) -> bool {
        self.traced
    }

    /// Sets whether its runs are reported by guards.
    pub(crate) fn traced(mut self, traced: bool) -> Self {
        self.traced = traced;
        self
    }

    /// Returns how long an event is worth sending: a start for the margin of its monitor, anything else for the longest run.
    pub(super) fn lifetime(&self, event: RunEvent) -> Duration {
        if event != RunEvent::InProgress {
            return minutes(self.max_runtime());
        }
        let margin = self.config.as_ref().and_then(MonitorConfig::get_checkin_margin);
        minutes(margin.map_or(MonitorConfig::DEFAULT_CHECKIN_MARGIN, Minutes::get))
    }

    /// Returns how many minutes a run may take before the server counts it as timed out.
    pub(crate) fn max_runtime(&self) -> u32 {
        let given = self.config.as_ref().and_then(MonitorConfig::get_max_runtime);
        given.map_or(MonitorConfig::DEFAULT_MAX_RUNTIME, Minutes::get)
    }
}

fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

/// A reference to a monitor. An annotated function has a static one: a reference count would be contended by job threads and worker.
#[derive(Clone, Debug)]
pub(crate) enum MonitorRef {
    Annotated(&'static MonitorInfo),
    Made(Arc<MonitorInfo>),
    /// A monitor, and a note about the run of this check-in. Few check-ins have one, so it takes no room in the others.
    Noted(Arc<Noted>),
}

/// A monitor, and a note about one run of it.
#[derive(Debug)]
pub(crate) struct Noted {
    monitor: MonitorRef,
    note: Note,
}

impl MonitorRef {
    /// Adds a note, or replaces it. Returns the monitor as it was if there is no room for the note.
    pub(crate) fn noted(self, note: &str) -> Self {
        match Note::new(note) {
            Some(note) => Self::Noted(Arc::new(Noted { monitor: self.without_note(), note })),
            None => self,
        }
    }

    /// Returns the note; `None` if there is none.
    pub(crate) fn note(&self) -> Option<&str> {
        match self {
            Self::Noted(noted) => Some(noted.note.as_str()),
            Self::Annotated(_) | Self::Made(_) => None,
        }
    }

    /// Returns the monitor without a note.
    pub(crate) fn without_note(&self) -> Self {
        match self {
            Self::Noted(noted) => noted.monitor.clone(),
            monitor => monitor.clone(),
        }
    }
}

impl Deref for MonitorRef {
    type Target = MonitorInfo;

    fn deref(&self) -> &MonitorInfo {
        match self {
            Self::Annotated(monitor) => monitor,
            Self::Made(monitor) => monitor,
            Self::Noted(noted) => &noted.monitor,
        }
    }
}
