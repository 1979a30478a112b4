//! The way to the server: the proxy, the addresses of the first host, and the certificate authorities that are trusted.

use std::io::ErrorKind;
use std::net::IpAddr;

use crons_runtime::__doctor::{DiagnosticClient, Route, TrustedRoots};
use crons_types::Dsn;

use super::finding::Finding;

/// Describes the way to the server.
pub(super) fn path(client: &DiagnosticClient, dsn: &Dsn) -> Vec<Finding> {
    let mut findings = vec![proxy(client.route(), dsn)];
    findings.push(match client.trusted_roots() {
        Some(roots) => certificates(roots),
        None => plain(dsn),
    });
    findings.extend(address(client, dsn));
    findings
}

fn proxy(route: &Route, dsn: &Dsn) -> Finding {
    const SUBJECT: &str = "proxy";
    let host = dsn.host();
    match route {
        Route::Loopback => Finding::ok(SUBJECT, format!("none: {host} is this machine")),
        Route::Direct => Finding::ok(SUBJECT, "none: no variable names one"),
        Route::Excluded => Finding::ok(SUBJECT, format!("none: NO_PROXY excludes {host}")),
        Route::Proxy(proxy) => Finding::ok(SUBJECT, format!("{proxy}, by the variables of the environment")),
    }
}

fn certificates(roots: &TrustedRoots) -> Finding {
    const SUBJECT: &str = "certificates";
    let TrustedRoots { variable, store, built_in, faults } = roots;
    if let Some(variable) = variable {
        return Finding::ok(SUBJECT, format!("{store} authorities, all from {variable}"));
    }
    let text =
        format!("{store} authorities of this machine, {built_in} of Mozilla's list, which is compiled in");
    match faults.first() {
        None => Finding::ok(SUBJECT, text),
        Some(fault) => Finding::warning(
            SUBJECT,
            format!("{text}; part of the machine's store cannot be read: {fault}"),
            "if the server's certificate is of a private authority, name its file by SSL_CERT_FILE",
        ),
    }
}

fn plain(dsn: &Dsn) -> Finding {
    const SUBJECT: &str = "certificates";
    if dsn.is_loopback() {
        return Finding::ok(SUBJECT, "none are needed: the DSN begins with http://");
    }
    Finding::warning(
        SUBJECT,
        "none are needed: the DSN begins with http://, so everybody on the way to the server can read the key",
        "write https:// in the DSN if the server speaks it",
    )
}

/// Looks up the first host on the way; `None` if the DSN has its address.
fn address(client: &DiagnosticClient, dsn: &Dsn) -> Option<Finding> {
    const SUBJECT: &str = "address";
    let first = match client.route() {
        Route::Proxy(proxy) => format!("the proxy {proxy}"),
        _ if dsn.host().parse::<IpAddr>().is_ok() => return None,
        _ => format!("the server {}", dsn.host()),
    };
    Some(match client.look_up() {
        Ok(addresses) if !addresses.is_empty() => {
            let shown: Vec<String> = addresses.iter().take(4).map(ToString::to_string).collect();
            let more = if addresses.len() > 4 { ", .." } else { "" };
            Finding::ok(SUBJECT, format!("{first} is {}{more}", shown.join(", ")))
        }
        Ok(_) => Finding::fault(SUBJECT, format!("{first} has no address"), ADVICE),
        Err(error) => {
            let reason = match error.kind() {
                ErrorKind::TimedOut => "no answer within 5 s".to_owned(),
                _ => error.to_string(),
            };
            Finding::fault(SUBJECT, format!("{first} cannot be found: {reason}"), ADVICE)
        }
    })
}

const ADVICE: &str = "check the host in the DSN or the proxy, and the name servers in /etc/resolv.conf";
