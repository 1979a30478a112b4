//! Sends the probe, and reports on the server and its clock.

use crons_runtime::__doctor::{DiagnosticClient, Reply};
use crons_runtime::new_check_in_id;
use crons_types::{CheckIn, Dsn, Slug};

use super::answer::{Probe, explain, hide_keys, is_crons};
use super::clock;
use super::finding::{Finding, State};
use super::no_reply;
use crate::sentry_variables::is_sentry_io;

/// Sends the probe: reports on a run of `monitor` that succeeds, or the start of a run of a monitor that nobody knows.
pub(super) fn probe(client: &DiagnosticClient, dsn: &Dsn, monitor: Option<&Slug>) -> Vec<Finding> {
    let id = new_check_in_id();
    let (kind, slug) = match monitor {
        Some(slug) => (Probe::Known, slug.clone()),
        None => match Slug::parse(&format!("crons-doctor-{id}")) {
            Ok(slug) => (Probe::Unknown, slug),
            Err(error) => {
                return vec![Finding::fault("probe", error.to_string(), "report this as a bug of crons")];
            }
        },
    };
    let start = CheckIn::in_progress(slug.clone()).check_in_id(id);
    let first = match client.check_in(start) {
        Ok(reply) => hide_keys(reply, dsn),
        Err(error) => return vec![no_reply::explain(&error, client.route(), dsn)],
    };
    let mut finding = explain(&first, kind);
    // Sentry's own hosts have no `/health`.
    let health = if is_sentry_io(&dsn.host().to_ascii_lowercase()) { None } else { client.health().ok() };
    let server = server(dsn, &first, health.as_ref(), &finding);
    if kind == Probe::Known && matches!(finding.state, State::Ok | State::Warning) {
        let end = CheckIn::ok(slug).check_in_id(id).duration(std::time::Duration::ZERO);
        match client.check_in(end) {
            Ok(reply) => finding = explain(&hide_keys(reply, dsn), kind),
            Err(error) => finding = no_reply::explain(&error, client.route(), dsn),
        }
    }
    // The second request needs no new connection, so its round trip is short.
    let clock = clock::compare(health.as_ref().unwrap_or(&first));
    [server, Some(clock), Some(finding)].into_iter().flatten().collect()
}

/// The kind of the server; `None` if its answer does not tell.
fn server(dsn: &Dsn, first: &Reply, health: Option<&Reply>, finding: &Finding) -> Option<Finding> {
    let text = if is_sentry_io(&dsn.host().to_ascii_lowercase()) {
        "Sentry's own; its relay answers before it looks at the monitor"
    } else if is_crons(first, health) {
        "a crons server"
    } else if finding.state != State::Fault {
        "Sentry, by its answer; its relay answers before it looks at the monitor"
    } else {
        return None;
    };
    Some(Finding::ok("server", text))
}
