//! Reports the run to the server.

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use crons_runtime::__run::is_switched_off;
use crons_runtime::{CheckInGuard, Client, ClientOptions, InitError};
use crons_types::{CheckInId, Dsn, Environment};

use super::log::Log;
use super::plan::Plan;
use super::signals::Event;

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
        let (environment, refused) = match environment(plan) {
            Ok(environment) => (environment, None),
            Err(refused) => (Environment::default(), Some(refused)),
        };
        let options = match (is_switched_off(), refused) {
            (Ok(true), _) => Ok(None),
            (Err(error), _) => Err(error.to_string()),
            (Ok(false), Some(refused)) => Err(refused),
            (Ok(false), None) => dsn(plan).map(|dsn| Some(options(dsn, &environment, spool))),
        };
        Self { environment, options }
    }
}

fn environment(plan: &Plan) -> Result<Environment, String> {
    if let Some(environment) = &plan.environment {
        return Ok(environment.clone());
    }
    match variable("SENTRY_ENVIRONMENT")? {
        Some(name) => Environment::parse(&name).map_err(|refused| format!("SENTRY_ENVIRONMENT: {refused}")),
        None => Ok(Environment::default()),
    }
}

/// Returns the DSN as written, and its host.
fn dsn(plan: &Plan) -> Result<(String, String), String> {
    let (dsn, origin) = match &plan.dsn {
        Some(dsn) => (Some(dsn.clone()), "--dsn"),
        None => (variable("SENTRY_DSN")?, "SENTRY_DSN"),
    };
    let dsn = dsn.filter(|dsn| !dsn.trim().is_empty());
    let dsn = dsn.ok_or("there is no DSN: set SENTRY_DSN, or add --dsn")?;
    match dsn.parse::<Dsn>() {
        Ok(parsed) => Ok((dsn, parsed.host().to_ascii_lowercase())),
        Err(refused) => Err(format!("{origin}: {refused}")),
    }
}

fn variable(name: &str) -> Result<Option<String>, String> {
    let Some(value) = std::env::var_os(name) else { return Ok(None) };
    let value =
        value.into_string().map_err(|_| format!("{name} is not UTF-8; set it to plain text or unset it"))?;
    Ok(Some(value).filter(|value| !value.trim().is_empty()))
}

fn options((dsn, host): (String, String), environment: &Environment, spool: Option<&Path>) -> Options {
    let client = ClientOptions::new()
        .dsn(dsn)
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
    host != "sentry.io" && !host.ends_with(".sentry.io")
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
