//! Explains why a request had no answer.

use crons_runtime::__doctor::{Cause, NoReply, Route};
use crons_types::Dsn;

use super::finding::Finding;

/// Explains the lack of an answer to a probe.
pub(super) fn explain(error: &NoReply, route: &Route, dsn: &Dsn) -> Finding {
    let end = match route {
        Route::Proxy(proxy) => format!("the proxy {proxy}"),
        _ => dsn.authority().to_owned(),
    };
    let host = dsn.host();
    let (text, advice) = match error.cause {
        Cause::Refused => (
            format!("{end} refuses the connection: nothing listens on this port"),
            "start the server, or correct the port in the DSN or the proxy".to_owned(),
        ),
        Cause::Unreachable => {
            (format!("no network leads to {end}"), "check the network, the route and the firewall".to_owned())
        }
        Cause::ConnectTimeout => (
            format!("no connection to {end} in time; a firewall may drop what is sent to it"),
            "allow this machine to connect to it, or name a proxy by HTTPS_PROXY".to_owned(),
        ),
        Cause::HandshakeTimeout if matches!(route, Route::Proxy(_)) => (
            format!("{end} takes the connection, but opens no way to {host} in time"),
            "ask who runs the proxy whether it reaches this host, or exclude the host by NO_PROXY; --timeout waits longer, but for a \
             connection 5 s at most"
                .to_owned(),
        ),
        Cause::HandshakeTimeout => (
            format!("{end} takes the connection, but TLS does not come about in time"),
            "look at the server's log and load; if what listens there speaks plain HTTP, write http:// in the DSN; a firewall may drop what \
             follows the first packets"
                .to_owned(),
        ),
        Cause::AnswerTimeout => (
            format!("{end} takes the connection, but does not answer in time"),
            "look at the server's log and load; what listens there may be no web server; --timeout waits longer".to_owned(),
        ),
        Cause::Closed => (
            format!("{end} closes the connection without an answer"),
            "look at the server's log; what listens there may be no web server".to_owned(),
        ),
        Cause::UnknownAuthority => (
            "the server's certificate is signed by an authority that is not known here".to_owned(),
            "if that is a private one, name its file by SSL_CERT_FILE; the file then replaces all others".to_owned(),
        ),
        Cause::Expired => (
            "the server's certificate has expired, by the clock of this machine".to_owned(),
            "renew it at the server, or set this clock if it is wrong".to_owned(),
        ),
        Cause::NotYetValid => (
            "the server's certificate is not valid yet, by the clock of this machine".to_owned(),
            "set this clock, which is probably slow".to_owned(),
        ),
        Cause::WrongName => (
            format!("the server's certificate is not for {host}"),
            "write the name in the DSN that the certificate has".to_owned(),
        ),
        Cause::NotTls => (
            "what answers does not speak TLS".to_owned(),
            "if it speaks plain HTTP, write http:// in the DSN".to_owned(),
        ),
        Cause::NotHttp => (
            "what answers does not speak HTTP".to_owned(),
            "if it speaks HTTPS, write https:// in the DSN; else correct the port".to_owned(),
        ),
        Cause::Tls => (
            "TLS fails".to_owned(),
            "the message names the reason; the server may speak a version or ciphers that are too old".to_owned(),
        ),
        Cause::Other if matches!(route, Route::Proxy(_)) => (
            format!("there is no way through {end}"),
            "ask who runs the proxy to allow this host, put user and password into its address, or exclude the host by NO_PROXY"
                .to_owned(),
        ),
        Cause::Other => ("there is no answer".to_owned(), "the end of the message names the cause".to_owned()),
    };
    Finding::fault("probe", format!("{text} ({error})"), advice)
}
