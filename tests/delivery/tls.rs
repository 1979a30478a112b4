//! Tests of delivery over TLS: to a server with a trusted certificate, and to no other; the job goes on either way.

use std::fs;
use std::time::Duration;

use crons::{ClientOptions, InitError, monitor};

use crate::support;
use crate::support::child;
use crate::support::log::Log;
use crate::support::{DEADLINE, one_at_a_time};
use crate::tls_server::{Authority, TlsServer};

/// A year that no test will see the end of.
const VALID: i32 = 2100;

fn dsn(server: &TlsServer) -> String {
    format!("https://key@localhost:{}/1", server.address.port())
}

#[test]
fn a_private_authority_is_believed_once_it_is_named() {
    let _one = one_at_a_time();
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let server = TlsServer::start(ours.sign("localhost", VALID));
    // The file has several certificates with text around them, as such files have.
    let bundle = format!("# Of the other site\n{}\n# Ours\n{}", other.pem, ours.pem);
    let crons = crons::init(ClientOptions::new().dsn(dsn(&server)).ca_certificates(bundle));
    monitor("job").run(|| ());
    assert!(crons.flush(DEADLINE));
    assert!(crons.close(DEADLINE).all_delivered());
    assert!(server.bodies().iter().all(|body| body.contains("\"monitor_slug\":\"job\"")));
    assert!(!server.bodies().is_empty());
}

#[test]
fn an_untrusted_server_gets_nothing_and_the_log_says_why() {
    if !child::is_alone() {
        return;
    }
    let _one = one_at_a_time();
    let log = Log::install();
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    for (config, reason) in [
        (other.sign("localhost", VALID), "UnknownIssuer"),
        (Authority::new("ours").sign("localhost", VALID), "BadSignature"),
        (ours.sign("sentry.example", VALID), "not valid for name"),
        (ours.sign("localhost", 2021), "expired"),
    ] {
        let server = TlsServer::start(config);
        let crons = crons::init(ClientOptions::new().dsn(dsn(&server)).ca_certificates(ours.pem.as_str()));
        assert_eq!(monitor("job").run(|| Ok::<_, ()>("Hello, Grace")), Ok("Hello, Grace"));
        support::until(|| log.text().contains(reason), || log.text());
        let stats = crons.close(Duration::ZERO);
        assert_eq!((stats.sent, server.bodies().len()), (0, 0), "{stats:?}");
    }
    let text = log.text();
    let advised = text.lines().filter(|line| line.contains("ClientOptions::ca_certificates")).count();
    assert_eq!(advised, 2, "advice that fits two of the four:\n{text}");
    assert!(!text.contains("key@"), "{text}");
}

#[test]
fn what_is_no_certificate_is_refused_by_name() {
    let _one = one_at_a_time();
    let cut = Authority::new("ours").pem.replace("-----END CERTIFICATE-----", "");
    let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (pem, reason) in [
        ("", "no certificate"),
        ("not PEM", "no certificate"),
        (&*cut, "section end"),
        ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "base64"),
        (hollow, "certificate 1: "),
    ] {
        // The error comes without TLS, too: later it would be found too late.
        for dsn in ["https://key@sentry.example/1", "http://key@127.0.0.1:9/1"] {
            let error = crons::try_init(ClientOptions::new().dsn(dsn).ca_certificates(pem)).unwrap_err();
            assert!(matches!(error, InitError::Certificates { .. }));
            let text = error.to_string();
            assert!(text.starts_with("ClientOptions::ca_certificates: "), "{text}");
            assert!(text.contains(reason), "{pem:?}: {text}");
        }
    }
}

#[test]
fn authorities_can_be_named_by_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new("ours");
    let server = TlsServer::start(ours.sign("localhost", VALID));
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("ours.pem"), &ours.pem).unwrap();
    fs::write(path("empty.pem"), "").unwrap();
    let dsn = dsn(&server);
    let said = child::run("child", &[("SENTRY_DSN", &dsn), ("SSL_CERT_FILE", &path("ours.pem"))]);
    assert!(said.contains("delivered: true") && !server.bodies().is_empty(), "{said}");
    for (variable, file, reason) in [
        ("SSL_CERT_FILE", "gone.pem", "gone.pem"),
        ("SSL_CERT_FILE", "empty.pem", "no usable certificate"),
        ("SSL_CERT_DIR", "gone", "gone"),
    ] {
        let said = child::run("child", &[("SENTRY_DSN", &dsn), (variable, &path(file))]);
        let (_, line) = said.split_once("error: ").expect(&said);
        assert!(line.contains(variable) && line.contains(reason), "{line}");
    }
}

/// The program that the test above runs.
#[test]
fn child() {
    if !child::is_child() {
        return;
    }
    let crons = crons::init(ClientOptions::new());
    if let Some(error) = crons.error() {
        return println!("error: {error}");
    }
    monitor("job").run(|| ());
    println!("delivered: {}", crons.flush(DEADLINE));
}

/// Tests a port that speaks the other of the two protocols, and the advice in the log.
#[test]
fn the_log_tells_https_to_a_plain_port_from_the_reverse() {
    if !child::is_child() {
        child::run("the_log_tells_https_to_a_plain_port_from_the_reverse", &[]);
        return;
    }
    let log = Log::install();
    let says = |dsn: String, advice: &str| {
        let crons = crons::init(ClientOptions::new().dsn(dsn).shutdown_timeout(Duration::ZERO));
        monitor("job").run(|| ());
        support::until(|| log.text().contains(advice), || log.text());
        drop(crons);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = crons_server::Settings {
        database: crons_server::Database::sqlite(folder.path().join("crons.db")),
        ..crons_server::Settings::default()
    };
    let _within = runtime.enter();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let plain = crons_server::Server::start(&settings, listener).unwrap();
    says(plain.dsn().replace("http://", "https://"), "if it speaks plain HTTP, write http:// in the DSN");

    let tls = TlsServer::start(Authority::new("ours").sign("localhost", VALID));
    says(dsn(&tls).replace("https://", "http://"), "if it speaks HTTPS, write https:// in the DSN");
    runtime.block_on(plain.shutdown()).unwrap();
}
