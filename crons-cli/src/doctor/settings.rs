//! The settings of the client: the DSN, the environment, the release and the time zone, each with its origin.

use crons_runtime::__doctor::{is_switched_off, other_than_utc};
use crons_runtime::InitError;
use crons_types::{Environment, Timezone};

use super::finding::Finding;
use crate::sentry_variables::{self, FoundDsn};

/// Reads the switch `SENTRY_CRONS`; `None` if it is on.
pub(super) fn switch() -> Option<Finding> {
    match is_switched_off() {
        Ok(false) => None,
        Ok(true) => Some(Finding::fault(
            "switch",
            "SENTRY_CRONS switches the client off, so nothing is sent",
            "unset SENTRY_CRONS",
        )),
        Err(error) => Some(refused(&error)),
    }
}

/// The finding of an error that keeps the client from starting.
pub(super) fn refused(error: &InitError) -> Finding {
    let (subject, advice) = match error {
        InitError::Certificates { .. } => (
            "certificates",
            "let the variable name a file of certificates in PEM form that this user can read, or unset it",
        ),
        InitError::InvalidSwitch(_) => ("switch", "unset SENTRY_CRONS"),
        InitError::NotUnicode(_) => ("variables", "set it to plain text, or unset it"),
        _ => ("client", "correct the value that the message names"),
    };
    Finding::fault(subject, error.to_string(), advice)
}

/// Finds the DSN. Its keys are hidden.
pub(super) fn dsn(flag: Option<&str>) -> (Option<FoundDsn>, Finding) {
    match sentry_variables::dsn(flag) {
        Ok(found) => {
            let text = format!("{}, from {}", found.dsn.masked(), found.origin);
            (Some(found), Finding::ok("DSN", text))
        }
        Err(reason) => {
            let advice = "copy the DSN from the client keys of the project; `crons serve` prints its own";
            (None, Finding::fault("DSN", reason, advice))
        }
    }
}

/// Finds the environment of check-ins. Warns of the default if the probe is a run in it, of a monitor that exists.
pub(super) fn environment(flag: Option<&Environment>, is_run: bool) -> (Environment, Finding) {
    const SUBJECT: &str = "environment";
    match sentry_variables::environment(flag) {
        Ok(environment) => {
            let is_set = || matches!(sentry_variables::variable("SENTRY_ENVIRONMENT"), Ok(Some(_)));
            let origin = match flag {
                Some(_) => Some("from --environment"),
                None if is_set() => Some("from SENTRY_ENVIRONMENT"),
                None => None,
            };
            let finding = match (origin, is_run) {
                (Some(origin), _) => Finding::ok(SUBJECT, format!("{environment}, {origin}")),
                (None, false) => Finding::ok(
                    SUBJECT,
                    format!("{environment}, the default of `crons run` and of programs built for release"),
                ),
                (None, true) => Finding::warning(
                    SUBJECT,
                    format!(
                        "{environment}, the default: --monitor reports a run of this environment, and a monitor that has none of this name \
                         gets it, with runs that are expected from then on"
                    ),
                    "name the environment of the job by --environment; `crons delete SLUG --environment NAME` removes one that was made by \
                     mistake",
                ),
            };
            (environment, finding)
        }
        Err(reason) => {
            let advice = "write a name of at most 64 characters without slashes and line breaks";
            (Environment::default(), Finding::fault(SUBJECT, reason, advice))
        }
    }
}

/// Finds the release; `None` if there is none, which loses nothing.
pub(super) fn release() -> Option<Finding> {
    match sentry_variables::variable("SENTRY_RELEASE") {
        Ok(Some(release)) => Some(Finding::ok("release", format!("{release}, from SENTRY_RELEASE"))),
        Ok(None) => None,
        Err(reason) => Some(Finding::fault("release", reason, "set it to plain text, or unset it")),
    }
}

/// Checks the time zone of this machine and the one that was asked for.
pub(super) fn time_zones(asked: Option<&str>) -> Vec<Finding> {
    const SUBJECT: &str = "time zone";
    let machine = match other_than_utc() {
        None => Finding::ok(SUBJECT, "this machine is in UTC, as schedules without a zone are"),
        Some(name) => match Timezone::parse(&name) {
            Ok(zone) => Finding::ok(
                SUBJECT,
                format!(
                    "this machine is in {zone}, which the server knows; a schedule without a zone is in UTC"
                ),
            ),
            Err(error) => Finding::warning(
                SUBJECT,
                format!("this machine is in {name:?}, which is no name that the server knows: {error}"),
                "name a zone of the tz database in the schedule, such as --timezone Europe/Vienna",
            ),
        },
    };
    let asked = asked.map(|name| match Timezone::parse(name) {
        Ok(zone) => Finding::ok(SUBJECT, format!("{zone}, from --timezone, is one that the server knows")),
        Err(error) => Finding::misleading(
            SUBJECT,
            format!("--timezone: {error}"),
            "a schedule with this zone is refused; write a name of the tz database",
        ),
    });
    [Some(machine), asked].into_iter().flatten().collect()
}
