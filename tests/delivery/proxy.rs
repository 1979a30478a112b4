//! Tests of proxies of the environment, each in a process of its own.

use std::time::Duration;

use crons::{ClientOptions, monitor};

use crate::proxy_server::Proxy;
use crate::support::{self, Behaviour, DEADLINE, Sink, child, statuses};
use crate::tls_server::{Authority, TlsServer};

/// A name that only a proxy can resolve.
const DSN: &str = "http://key@sentry.test/1";
const ANSWERED: Behaviour = Behaviour::Answer(200);

fn line_of(proxy: &Proxy) -> String {
    proxy.asked().first().map(|(line, _)| line.clone()).unwrap_or_default()
}

#[test]
fn plain_http_goes_through_the_proxy_for_it() {
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let sink = Sink::start(|_| ANSWERED);
        let proxy = Proxy::start(sink.address);
        let address = format!("http://{}", proxy.address);
        let said = child::run("child", &[("SENTRY_DSN", DSN), (variable, &address)]);
        assert!(said.contains("delivered: true"), "{variable}: {said}");
        assert_eq!(line_of(&proxy), "POST http://sentry.test/api/1/envelope/ HTTP/1.1", "{variable}");
        assert_eq!(statuses(&sink.check_ins(), "job").last(), Some(&"ok"), "{variable}");
    }
}

#[test]
fn tls_goes_through_a_tunnel_that_the_proxy_cannot_look_into() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ours.pem");
    let authority = Authority::new("ours");
    std::fs::write(&file, &authority.pem).unwrap();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let server = TlsServer::start(authority.sign("sentry.test", 2100));
        let proxy = Proxy::start(server.address);
        // The credentials are for the proxy alone.
        let address = format!("http://grace:h%40pper@{}", proxy.address);
        let variables = [
            ("SENTRY_DSN", "https://key@sentry.test/1"),
            ("SSL_CERT_FILE", file.to_str().unwrap()),
            (variable, &*address),
            // A proxy of the other kind, which must not be used.
            ("HTTP_PROXY", "http://127.0.0.1:9"),
        ];
        let said = child::run("child", &variables);
        assert!(said.contains("delivered: true"), "{variable}: {said}");
        let who = Some("Basic Z3JhY2U6aEBwcGVy".to_owned());
        assert_eq!(proxy.asked()[0], ("CONNECT sentry.test:443 HTTP/1.1".to_owned(), who), "{variable}");
        assert!(server.bodies().iter().any(|body| body.contains("\"ok\"")), "{variable}");
        assert!(!server.headers().iter().any(|name| name.starts_with("proxy-")), "{variable}");
    }
}

#[test]
fn a_proxy_may_be_reached_by_tls() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ours.pem");
    let authority = Authority::new("ours");
    std::fs::write(&file, &authority.pem).unwrap();
    // Forwards nothing, and answers itself.
    let proxy = TlsServer::start(authority.sign("localhost", 2100));
    let address = format!("https://grace:hopper@localhost:{}", proxy.address.port());
    let variables =
        [("SENTRY_DSN", DSN), ("HTTP_PROXY", &*address), ("SSL_CERT_FILE", file.to_str().unwrap())];
    let said = child::run("child", &variables);
    assert!(said.contains("delivered: true"), "{said}");
    assert!(proxy.bodies().iter().any(|body| body.contains("\"ok\"")));
    assert!(proxy.headers().iter().any(|name| name == "proxy-authorization"), "{:?}", proxy.headers());
}

#[test]
fn a_proxy_for_plain_http_is_told_who_asks() {
    let sink = Sink::start(|_| ANSWERED);
    let proxy = Proxy::start(sink.address);
    let address = format!("http://grace:h%40pper@{}", proxy.address);
    let said = child::run("child", &[("SENTRY_DSN", DSN), ("HTTP_PROXY", &address)]);
    assert!(said.contains("delivered: true"), "{said}");
    assert_eq!(proxy.asked()[0].1.as_deref(), Some("Basic Z3JhY2U6aEBwcGVy"));
}

#[test]
fn what_no_proxy_names_is_reached_directly() {
    let sink = Sink::start(|_| ANSWERED);
    let proxy = Proxy::start(sink.address);
    let address = format!("http://{}", proxy.address);
    // The address is this machine's, in a form that is not recognised as such.
    let direct = format!("http://key@0.0.0.0:{}/1", sink.address.port());
    for (dsn, exceptions, delivered) in [
        (&*direct, "example.com, 0.0.0.0", true),
        (&*direct, "*", true),
        // The name resolves only through the proxy.
        (DSN, "sentry.test", false),
        (DSN, ".test", false),
    ] {
        let variables =
            [("SENTRY_DSN", dsn), ("HTTP_PROXY", &address), ("NO_PROXY", exceptions), ("UNREACHABLE", "1")];
        let said = child::run("child", &variables[..if delivered { 3 } else { 4 }]);
        assert!(said.contains(&format!("delivered: {delivered}")), "{dsn} {exceptions}: {said}");
        assert_eq!(proxy.asked(), [], "{dsn} {exceptions}");
    }
    let variables = [("SENTRY_DSN", &*direct), ("HTTP_PROXY", &address), ("no_proxy", "example.com")];
    let said = child::run("child", &variables);
    assert!(said.contains("delivered: true") && !proxy.asked().is_empty(), "{said}");
}

#[test]
fn a_server_on_this_machine_is_reached_without_a_proxy() {
    let sink = Sink::start(|_| ANSWERED);
    let proxy = Proxy::start(sink.address);
    let address = format!("http://{}", proxy.address);
    for host in ["127.0.0.1", "localhost"] {
        let dsn = format!("http://key@{host}:{}/1", sink.address.port());
        let said =
            child::run("child", &[("SENTRY_DSN", &dsn), ("HTTP_PROXY", &address), ("ALL_PROXY", &address)]);
        assert!(said.contains("delivered: true"), "{host}: {said}");
    }
    assert_eq!(proxy.asked(), []);
}

#[test]
fn a_dead_proxy_delays_nothing_and_its_password_is_hidden() {
    let gone = "http://grace:hopper@127.0.0.1:9";
    let said = child::run("child", &[("SENTRY_DSN", DSN), ("HTTP_PROXY", gone), ("UNREACHABLE", "1")]);
    assert!(said.contains("delivered: false") && said.contains("no answer from the server"), "{said}");
    assert!(!said.contains("hopper"), "{said}");
}

#[test]
fn a_store_of_certificates_that_is_gone_matters_to_tls_alone() {
    let sink = Sink::start(|_| ANSWERED);
    let proxy = Proxy::start(sink.address);
    // The address is this machine's, in a form that is not recognised as such.
    let direct = format!("http://key@0.0.0.0:{}/1", sink.address.port());
    let plain = format!("http://{}", proxy.address);
    for store in [("SSL_CERT_FILE", "/gone/ours.pem"), ("SSL_CERT_DIR", "/gone")] {
        for variables in [
            &[("SENTRY_DSN", &*direct)][..],
            &[("SENTRY_DSN", DSN), ("HTTP_PROXY", &*plain)],
            &[("SENTRY_DSN", DSN), ("all_proxy", &*plain)],
            // A proxy of the other kind, which must not be used.
            &[("SENTRY_DSN", DSN), ("HTTP_PROXY", &*plain), ("HTTPS_PROXY", "https://proxy.test")],
        ] {
            let said = child::run("child", &[variables, &[store]].concat());
            assert!(
                said.contains("delivered: true") && !said.contains("disabled"),
                "{store:?} {variables:?}: {said}"
            );
        }
        // The server, or the way to it, cannot be trusted without.
        for variables in [
            &[("SENTRY_DSN", "https://key@sentry.test/1")][..],
            &[("SENTRY_DSN", DSN), ("HTTP_PROXY", "https://proxy.test")],
            &[("SENTRY_DSN", DSN), ("ALL_PROXY", "HTTPS://proxy.test")],
        ] {
            let said = child::run("child", &[variables, &[store]].concat());
            let refused =
                said.contains("crons is disabled") && said.contains(store.0) && said.contains("gone");
            assert!(refused, "{store:?} {variables:?}: {said}");
        }
    }
}

/// The program that the others run.
#[test]
fn child() {
    if !child::is_child() {
        return;
    }
    tracing_subscriber::fmt().with_ansi(false).init();
    let crons = crons::init(ClientOptions::new());
    monitor("job").run(|| ());
    if std::env::var_os("UNREACHABLE").is_some() {
        support::until(|| crons::stats().retried > 0, || "it was reached".to_owned());
        println!("delivered: {}", crons.close(Duration::ZERO).sent > 0);
    } else {
        println!("delivered: {}", crons.flush(DEADLINE));
    }
}
