//! Explains the answer to a probe: what the server is, and whether it takes check-ins.

use crons_runtime::__doctor::{Reply, rate_limit};
use crons_server::quoted;
use crons_types::{ACCEPTED_BUT, Dsn};
use serde_json::Value;

use super::finding::Finding;
use crate::output::Span;

const SUBJECT: &str = "probe";
/// The subject of a finding about `--monitor`, when the server itself is well.
const MONITOR: &str = "monitor";
/// The beginning of the reason for which a crons server refuses a check-in without a monitor.
const NO_MONITOR: &str = "MONITOR_NOT_FOUND";

/// The check-in that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    /// The start of a run of a monitor that nobody knows.
    Unknown,
    /// A report about a monitor that exists.
    Known,
}

/// Hides the keys of the DSN in an answer, which may repeat the request.
pub(super) fn hide_keys(mut reply: Reply, dsn: &Dsn) -> Reply {
    let hide = |text: &str| {
        let keys = [Some(dsn.public_key()), dsn.secret_key()];
        keys.into_iter().flatten().fold(text.to_owned(), |text, key| text.replace(key, "***"))
    };
    for (_, value) in &mut reply.response.headers {
        *value = hide(value);
    }
    reply.body = hide(&String::from_utf8_lossy(&reply.body)).into_bytes();
    reply
}

/// The first header of this name, which is in lower case.
pub(super) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.response.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

/// Explains the answer to a probe.
pub(super) fn explain(reply: &Reply, probe: Probe) -> Finding {
    let status = reply.response.status;
    match status {
        200..=299 => taken(reply, probe),
        // Pages of other refusals come from proxies and web servers, and their status says more than the page.
        401 | 403 | 404 | 405 | 410 if is_page(reply) => page(status),
        _ => {
            let (meaning, advice) = refusal(reply, status);
            Finding::fault(SUBJECT, format!("HTTP {status}: {meaning}{}", reason(reply)), advice)
        }
    }
}

fn page(status: u16) -> Finding {
    Finding::fault(
        SUBJECT,
        format!("HTTP {status} with a web page: a proxy or a sign-in page answers, and not the server"),
        "let check-ins pass without a sign-in, exclude the host by NO_PROXY, or correct the address in the DSN",
    )
}

/// Explains an answer of success.
fn taken(reply: &Reply, probe: Probe) -> Finding {
    let status = reply.response.status;
    if is_page(reply) {
        return page(status);
    }
    if !is_sentry(reply) {
        return Finding::fault(
            SUBJECT,
            format!("HTTP {status}, but what answers is no Sentry and no crons server: {}", beginning(reply)),
            "correct the address in the DSN",
        );
    }
    if let Some(wait) = rate_limit(&reply.response, reply.received) {
        let limits = header(reply, "x-sentry-rate-limits").unwrap_or_default();
        return Finding::fault(
            SUBJECT,
            format!(
                "HTTP {status}, but the server takes no more check-ins for {} (X-Sentry-Rate-Limits: {})",
                Span::of(wait),
                quoted(limits)
            ),
            "look at the quota of the project and its client keys; until then the client reports no runs",
        );
    }
    let said = header(reply, "x-sentry-error");
    match (probe, said) {
        (Probe::Unknown, Some(said)) if said.starts_with(NO_MONITOR) => Finding::ok(
            SUBJECT,
            format!("HTTP {status}: the server has read a check-in, and made no monitor of it"),
        ),
        // The server is reached, and takes the check-ins of other monitors.
        (Probe::Known, Some(said)) if said.starts_with(NO_MONITOR) => Finding::misleading(
            MONITOR,
            format!("HTTP {status}: the server has read a check-in, but has no monitor of this slug"),
            "correct --monitor; the first check-in with a schedule makes a monitor",
        ),
        (_, Some(said)) => match said.strip_prefix(ACCEPTED_BUT) {
            Some(remark) => Finding::warning(
                SUBJECT,
                format!(
                    "HTTP {status}: the server has accepted a check-in, but not as it was sent: {}",
                    quoted(remark)
                ),
                "correct what the message names",
            ),
            None if probe == Probe::Known => Finding::misleading(
                MONITOR,
                format!("HTTP {status}, but the server refuses a check-in of this monitor: {}", quoted(said)),
                "correct what the message names",
            ),
            None => Finding::fault(
                SUBJECT,
                format!("HTTP {status}, but the server refuses the check-in: {}", quoted(said)),
                "correct what the message names",
            ),
        },
        (Probe::Unknown, None) => Finding::ok(
            SUBJECT,
            format!("HTTP {status}: the server has taken a check-in; of an unknown monitor it makes nothing"),
        ),
        (Probe::Known, None) => {
            Finding::ok(SUBJECT, format!("HTTP {status}: the server has taken a check-in of this monitor"))
        }
    }
}

/// The meaning of a status that is no success, and what to do.
fn refusal(reply: &Reply, status: u16) -> (String, &'static str) {
    let meaning = |text: &str| text.to_owned();
    match status {
        300..=399 => (
            format!(
                "the server redirects to {}",
                quoted(header(reply, "location").unwrap_or("another address"))
            ),
            "write the address in the DSN that it redirects to, such as https:// for http://; the client does not follow redirects",
        ),
        400 => (
            meaning(
                "the server could not read the check-in; many that speak HTTPS answer plain HTTP like this",
            ),
            "write https:// in the DSN if the server speaks it; else the reason names the fault",
        ),
        401 | 403 => (
            meaning("the server does not know this key, or the key is not for this project"),
            "copy the DSN again from the client keys of the project; a key may have been disabled",
        ),
        404 => (
            meaning("there is no such project at this address"),
            "correct the project, the last part of the DSN, and the path before it",
        ),
        405 | 410 => (meaning("no server takes check-ins at this address"), "correct the address in the DSN"),
        407 => (
            meaning("the proxy asks for a user and a password"),
            "put them into the address of the proxy, such as http://user:password@proxy:3128",
        ),
        413 => (
            meaning(
                "a check-in is too large for the server or a proxy in front of it, though it has less than 1 kB",
            ),
            "raise the limit of the proxy in front of the server",
        ),
        429 => (
            match rate_limit(&reply.response, reply.received) {
                Some(wait) => {
                    format!(
                        "the server takes no more check-ins; the client reports no runs for {}",
                        Span::of(wait)
                    )
                }
                None => meaning("the server takes no more check-ins for now"),
            },
            "wait; then look at the quota of the project, or at a job that checks in more than six times a minute",
        ),
        502..=504 => (
            meaning("a proxy in front of the server gets no answer from it"),
            "start the server, or look at its log; `crons run` sends again what it has not delivered",
        ),
        500..=599 => (
            meaning("the server is in trouble"),
            "look at the server's log; `crons run` sends again what it has not delivered",
        ),
        _ => (meaning("no server of check-ins answers like this"), "correct the address in the DSN"),
    }
}

/// The server's own reason, in the header or in the body; empty if it gives none.
fn reason(reply: &Reply) -> String {
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let detail = body.as_ref().and_then(|body| body.get("detail")).and_then(Value::as_str);
    let said = header(reply, "x-sentry-error").or(detail);
    said.map(|said| format!("; it says {}", quoted(said))).unwrap_or_default()
}

/// Whether the answer is a web page.
fn is_page(reply: &Reply) -> bool {
    let is_html =
        header(reply, "content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let start = reply.body.trim_ascii_start();
    is_html
        || start.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"<html"))
        || start.starts_with(b"<!")
}

/// Whether the body is an answer of Sentry or of a crons server to an envelope: an object of these keys only.
fn is_sentry(reply: &Reply) -> bool {
    const KEYS: [&str; 4] = ["id", "detail", "discarded", "remarks"];
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let body = body.as_ref().and_then(Value::as_object);
    body.is_some_and(|body| body.keys().all(|key| KEYS.contains(&key.as_str())))
}

/// Whether the server is a crons server, by its answers to a probe and to `/health`.
pub(super) fn is_crons(probe: &Reply, health: Option<&Reply>) -> bool {
    let is_healthy = |reply: &Reply| {
        let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
        reply.response.status == 200 && body == Some(serde_json::json!({"status": "ok"}))
    };
    let knows_reason = header(probe, "x-sentry-error").is_some_and(|said| said.starts_with(NO_MONITOR));
    knows_reason || health.is_some_and(is_healthy)
}

fn beginning(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    if text.trim().is_empty() {
        "its answer is empty".to_owned()
    } else {
        format!("it says {}", quoted(text.trim()))
    }
}
