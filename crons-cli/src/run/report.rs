//! Reports the run to the server.

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use crons_runtime::__run::is_switched_off;
use crons_runtime::{CheckInGuard, Client, ClientOptions, InitError};
use crons_types::{CheckInId, Environment};

use super::log::Log;
use super::plan::Plan;
use super::signals::Event;
use crate::sentry_variables::{self, FoundDsn};

/// The environment of the run, and whether and where it is reported.
pub(super) struct Destination {
    pub(super) environment: Environment,
    /// The way to report the run. `None`: it is switched off; `Err`: it is not possible, for this reason.
    pub(super) options: Result<Option<Options>, String>,
}

/// The client of the run, and what it sends.
#[derive(Clone)]
pub(super) struct Options {
    client: ClientOptions,
    takes_notes: bool,
}

impl Destination {
    /// Finds the destination by the flags and the variables, without asking the network.
    pub(super) fn find(plan: &Plan, spool: Option<&Path>) -> Self {
        let (environment, refused) = match sentry_variables::environment(plan.environment.as_ref()) {
            Ok(environment) => (environment, None),
            Err(refused) => (Environment::default(), Some(refused)),
        };
        let options = match (is_switched_off(), refused) {
            (Ok(true), _) => Ok(None),
            (Err(error), _) => Err(error.to_string()),
            (Ok(false), Some(refused)) => Err(refused),
            (Ok(false), None) => sentry_variables::dsn(plan.dsn.as_deref())
                .map(|found| Some(options(found, &environment, spool))),
        };
        Self { environment, options }
    }
}

fn options(found: FoundDsn, environment: &Environment, spool: Option<&Path>) -> Options {
    let host = found.dsn.host().to_ascii_lowercase();
    let client = ClientOptions::new()
        .dsn(found.written)
        .environment(environment.as_str())
        // At the exit; `deliver` waits before it.
        .shutdown_timeout(Duration::ZERO)
        // The next run delivers what a server that is down has not taken.
        .retry_server_errors(true)
        .spool(spool.unwrap_or(Path::new("")));
    Options { client, takes_notes: takes_notes(&host) }
}

/// Returns whether the output of the job may go to this host, given in lower case: Sentry ignores notes.
fn takes_notes(host: &str) -> bool {
    !sentry_variables::is_sentry_io(host)
}

/// A run that is reported, or not.
pub(super) struct Report {
    client: Option<Client>,
    guard: Option<CheckInGuard>,
    /// See [`takes_notes`].
    takes_notes: bool,
}

impl Report {
    /// Starts the client.
    ///
    /// # Errors
    /// If it cannot be started: the reason.
    pub(super) fn connect(options: Options) -> Result<Self, InitError> {
        let Options { client, takes_notes } = options;
        Client::new(client).map(|client| Self { client: Some(client), guard: None, takes_notes })
    }

    /// A run that is not reported.
    pub(super) fn none() -> Self {
        Self { client: None, guard: None, takes_notes: false }
    }

    /// Reports that the run began.
    pub(super) fn start(&mut self, plan: &Plan, id: CheckInId, started: Instant) {
        let (Some(client), Some(slug)) = (&self.client, &plan.slug) else { return };
        let mut monitor = client.monitor(slug).keep_alive(plan.keep_alive);
        if let Some(config) = &plan.config {
            monitor = monitor.monitor_config(config.clone());
        }
        self.guard = Some(monitor.start_as(id, started));
    }

    /// Reports the end of the run, with a note if the server takes notes.
    pub(super) fn end(&mut self, ok: bool, note: Option<&str>) {
        let Some(mut guard) = self.guard.take() else { return };
        if let Some(note) = note.filter(|_| self.takes_notes) {
            guard.note(note);
        }
        if ok { guard.ok() } else { guard.error() }
    }

    /// Starts to deliver what is left, for at most `flush`. Returns `true` if [`Event::Delivered`] will follow.
    ///
    /// The client is left to the exit hook of the process, which has it record what is undelivered, and does not wait for the server.
    pub(super) fn deliver(self, flush: Duration, events: &Sender<Event>, log: &Log) -> bool {
        // A client that is dropped waits for the server.
        let Some(client) = self.client.map(ManuallyDrop::new) else { return false };
        let events = events.clone();
        let deliver = move || {
            client.flush(flush);
            // Fails if the wait has been given up.
            let _ = events.send(Event::Delivered);
        };
        match std::thread::Builder::new().name("crons-flush".to_owned()).spawn(deliver) {
            Ok(_) => true,
            Err(error) => {
                log.say(&format!(
                    "the end of the run is left to the spool: no thread to deliver it: {error}"
                ));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_does_not_go_to_sentry() {
        for (host, expected) in [
            ("sentry.io", false),
            ("o1.ingest.us.sentry.io", false),
            ("localhost", true),
            ("notsentry.io", true),
            ("sentry.io.example.com", true),
        ] {
            assert_eq!(takes_notes(host), expected, "{host}");
        }
    }
}
