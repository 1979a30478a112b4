//! `crons doctor` against faults of the network: of connections, of certificates and of proxies.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::tls::{Authority, tls_listener};
use super::{doctor, examine};
use crate::listener::Listener;

/// A listener whose queue of connections is full, so that further ones are not answered at all; with the connections that fill it.
fn full_listener() -> (SocketAddr, impl Sized) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let _entered = runtime.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap().into_std().unwrap();
    let address = listener.local_addr().unwrap();
    let fill = || TcpStream::connect_timeout(&address, Duration::from_millis(500));
    let waiting: Vec<TcpStream> = std::iter::from_fn(|| fill().ok()).take(64).collect();
    assert!(waiting.len() < 64, "the queue has no limit");
    (address, (listener, waiting))
}

#[test]
fn a_server_that_cannot_be_reached_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    // A port on which nothing listens any more.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dsn = |address: &str| format!("http://key@{address}/1");
    let found = examine(doctor(&dsn(&closed.to_string()), folder.path(), &[]));
    found.is_fault("probe", &["refuses the connection", "start the server"]);

    // The server takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let found = examine(doctor(&dsn(&address), folder.path(), &["--timeout", "300ms"]));
    found.is_fault("probe", &["does not answer in time", "within 300ms"]);
    // The limit for connecting ends the first attempt, that of the command the second.
    let secure = dsn(&address).replace("http://", "https://");
    for timeout in ["10s", "300ms"] {
        let found = examine(doctor(&secure, folder.path(), &["--timeout", timeout]));
        found.is_fault("probe", &["takes the connection", "TLS does not come about in time", "http://"]);
        let mut tunnel = doctor("https://key@sentry.test/1", folder.path(), &["--timeout", timeout]);
        tunnel.env("HTTPS_PROXY", format!("http://{address}"));
        examine(tunnel).is_fault("probe", &["the proxy", "opens no way to sentry.test in time"]);
    }

    // The system takes no more connections, as behind a firewall that drops packets.
    let (address, _full) = full_listener();
    for scheme in ["http", "https"] {
        let dsn = format!("{scheme}://key@{address}/1");
        let found = examine(doctor(&dsn, folder.path(), &["--timeout", "300ms"]));
        found.is_fault("probe", &["no connection to", "firewall"]);
    }

    let found = examine(doctor("http://key@no-such-host.invalid/1", folder.path(), &[]));
    found.is_fault("address", &["no-such-host.invalid", "cannot be found"]);
    assert_eq!(found.of("probe")["state"], "skipped");

    let noise = Listener::start("SSH-2.0-OpenSSH_9.9\r\n");
    examine(doctor(&noise.dsn(), folder.path(), &[])).is_fault("probe", &["does not speak HTTP"]);
    let secure = noise.dsn().replace("http://", "https://");
    examine(doctor(&secure, folder.path(), &[])).is_fault("probe", &["does not speak TLS"]);
    let mute = Listener::start("");
    examine(doctor(&mute.dsn(), folder.path(), &[])).is_fault("probe", &["closes the connection"]);
}

#[test]
fn faults_of_certificates_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new();
    let file = folder.path().join("ours.pem");
    std::fs::write(&file, ours.pem()).unwrap();
    for (host, until, trusts, words) in [
        ("localhost", 2100, false, "an authority that is not known here"),
        ("localhost", 2021, true, "has expired"),
        ("other.example", 2100, true, "is not for localhost"),
    ] {
        let address = tls_listener(ours.sign(host, until));
        let mut command = doctor(&format!("https://key@localhost:{}/1", address.port()), folder.path(), &[]);
        if trusts {
            command.env("SSL_CERT_FILE", &file);
        }
        let found = examine(command);
        found.is_fault("probe", &[words]);
        let certificates = found.of("certificates")["finding"].as_str().unwrap();
        assert_eq!(certificates.contains("1 authorities, all from SSL_CERT_FILE"), trusts, "{certificates}");
    }
    let address = tls_listener(ours.sign("localhost", 2100));
    let dsn = format!("https://key@localhost:{}/1", address.port());
    let mut command = doctor(&dsn, folder.path(), &[]);
    command.env("SSL_CERT_FILE", &file);
    let found = examine(command);
    assert!(found.is_success, "{:#?}", found.findings);

    let mut gone = doctor(&dsn, folder.path(), &[]);
    gone.env("SSL_CERT_FILE", folder.path().join("gone.pem"));
    examine(gone).is_fault("certificates", &["SSL_CERT_FILE", "gone.pem"]);
}

#[test]
fn the_proxy_that_applies_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let proxy =
        Listener::start("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
    let with = |variables: &[(&str, &str)]| {
        let mut command = doctor("http://key@sentry.test/1", folder.path(), &[]);
        command.envs(variables.iter().copied());
        examine(command)
    };
    let address = format!("http://grace:hopper@{}", proxy.address);
    let found = with(&[("HTTP_PROXY", &address)]);
    let text = found.of("proxy")["finding"].as_str().unwrap();
    assert!(text.contains(&proxy.address.to_string()) && !text.contains("hopper"), "{text}");
    assert!(
        found.is_success && proxy.asked().starts_with("post http://sentry.test/api/1/envelope/"),
        "{:#?}",
        found.findings
    );
    assert!(found.of("certificates")["finding"].as_str().unwrap().contains("can read the key"));

    let found = with(&[("HTTP_PROXY", &address), ("NO_PROXY", "sentry.test")]);
    assert_eq!(found.of("proxy")["finding"], "none: NO_PROXY excludes sentry.test");

    // The proxy refuses to open a tunnel.
    let refusing = Listener::start("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let mut command = doctor("https://key@sentry.test/1", folder.path(), &[]);
    command.env("HTTPS_PROXY", format!("http://grace:hopper@{}", refusing.address));
    let found = examine(command);
    found.is_fault(
        "probe",
        &["no way through the proxy", &refusing.address.to_string(), "proxy auth", "NO_PROXY"],
    );
    assert!(!format!("{:?}", found.findings).contains("hopper"), "{:#?}", found.findings);
}
