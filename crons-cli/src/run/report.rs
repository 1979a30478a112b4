//! The report of the run to the server.

use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use crons_runtime::{CheckInGuard, Client, ClientOptions, InitError};
use crons_types::{CheckInId, Dsn, Environment};

use super::log::Log;
use super::plan::Plan;
use super::signals::Event;

/// The environment of the run, and whether and where it is reported.
pub(super) struct Destination {
    pub(super) environment: Environment,
    /// `None` if it is not reported on purpose; `Err` if it cannot be.
    pub(super) options: Result<Option<ClientOptions>, String>,
}

impl Destination {
    /// Finds the destination by the flags and the variables, without asking the network.
    pub(super) fn find(plan: &Plan, spool: Option<&Path>) -> Self {
        let (environment, refused) = match environment(plan) {
            Ok(environment) => (environment, None),
            Err(refused) => (Environment::default(), Some(refused)),
        };
        let options = match refused {
            _ if is_switched_off() => Ok(None),
            Some(refused) => Err(refused),
            None => dsn(plan).map(|dsn| Some(options(dsn, &environment, spool))),
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

/// Returns the DSN, which is valid.
fn dsn(plan: &Plan) -> Result<String, String> {
    let (dsn, origin) = match &plan.dsn {
        Some(dsn) => (Some(dsn.clone()), "--dsn"),
        None => (variable("SENTRY_DSN")?, "SENTRY_DSN"),
    };
    let dsn = dsn.filter(|dsn| !dsn.trim().is_empty());
    let dsn = dsn.ok_or("there is no DSN: set SENTRY_DSN, or add --dsn")?;
    match dsn.parse::<Dsn>() {
        Ok(_) => Ok(dsn),
        Err(refused) => Err(format!("{origin}: {refused}")),
    }
}

/// Whether `SENTRY_CRONS` switches reports off. The client refuses what is neither on nor off.
fn is_switched_off() -> bool {
    let value = std::env::var("SENTRY_CRONS").unwrap_or_default().trim().to_ascii_lowercase();
    ["off", "0", "false", "no"].contains(&&*value)
}

fn variable(name: &str) -> Result<Option<String>, String> {
    let Some(value) = std::env::var_os(name) else { return Ok(None) };
    let value =
        value.into_string().map_err(|_| format!("{name} is not UTF-8; set it to plain text or unset it"))?;
    Ok(Some(value).filter(|value| !value.trim().is_empty()))
}

fn options(dsn: String, environment: &Environment, spool: Option<&Path>) -> ClientOptions {
    ClientOptions::new()
        .dsn(dsn)
        .environment(environment.as_str())
        // At the exit; `deliver` waits before it.
        .shutdown_timeout(Duration::ZERO)
        // The next run delivers what a server that is down has not taken.
        .retry_server_errors(true)
        .spool(spool.unwrap_or(Path::new("")))
}

/// A run that is reported, or not.
pub(super) struct Report {
    client: Option<Client>,
    guard: Option<CheckInGuard>,
}

impl Report {
    /// Starts the client.
    ///
    /// # Errors
    /// If it cannot be started: the reason.
    pub(super) fn connect(options: ClientOptions) -> Result<Self, InitError> {
        Client::new(options).map(|client| Self { client: Some(client), guard: None })
    }

    /// A run that is not reported.
    pub(super) fn none() -> Self {
        Self { client: None, guard: None }
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

    /// Reports how the run ended.
    pub(super) fn end(&mut self, ok: bool) {
        match self.guard.take() {
            Some(guard) if ok => guard.ok(),
            Some(guard) => guard.error(),
            None => {}
        }
    }

    /// Starts to deliver what is left, for at most `flush`. Returns whether an event will say when that is done.
    ///
    /// The client is left to the exit hook of the process, which has it record what is undelivered, and does not wait for the server.
    pub(super) fn deliver(self, flush: Duration, events: &Sender<Event>, log: &Log) -> bool {
        // Dropped, it would wait for the server.
        let Some(client) = self.client.map(ManuallyDrop::new) else { return false };
        let events = events.clone();
        let deliver = move || {
            client.flush(flush);
            // Fails if nobody waits any longer.
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
