//! Tests that webhooks trust the certificates that the client trusts: those that the environment names, or this machine's store
//! and Mozilla's list. Variables of the environment belong to a process, so each case runs in one of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod certificate;
#[path = "../../tests/support/network_variables.rs"]
mod network_variables;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use certificate::certificate;
use crons_server::{Database, PrivateTargets, Server, Settings, Target, Webhook};
use network_variables::NETWORK_VARIABLES;
use rustls::{ServerConnection, StreamOwned};
use serde_json::json;

/// A receiver on `localhost` that answers 200 by TLS, and the PEM of the authority that signed for it, which only this test knows.
fn receiver() -> (u16, String) {
    let (config, pem) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, socket);
            // A client that does not trust this server ends the connection.
            if stream.read(&mut [0; 8192]).is_ok() {
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (port, pem)
}

/// The lines that the child prints with just these variables.
fn child(variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--nocapture", "in_a_child"]);
    for name in NETWORK_VARIABLES {
        child.env_remove(name);
    }
    let output = child.env("CRONS_TEST_CHILD", "1").envs(variables.iter().copied()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_private_authority_is_trusted_if_the_environment_names_it_and_not_otherwise() {
    let (port, pem) = receiver();
    let (_, stranger) = receiver();
    let folder = tempfile::tempdir().unwrap();
    let [ours, other] = [("ours.pem", pem), ("other.pem", stranger)].map(|(name, pem)| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let url = format!("https://localhost:{port}/");
    let said = |variables: &[(&str, &str)]| child(&[variables, &[("SEND", &*url)]].concat());
    let trusted = said(&[("SSL_CERT_FILE", &ours)]);
    assert!(trusted.contains("sent: 200"), "{trusted}");
    for variables in [&[][..], &[("SSL_CERT_FILE", &*other)]] {
        let refused = said(variables);
        assert!(
            refused.contains("refused: ") && refused.contains("invalid peer certificate"),
            "{variables:?}: {refused}"
        );
    }
}

#[test]
fn a_store_of_certificates_that_is_gone_stops_the_start_only_if_a_webhook_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for store in [
        ("SSL_CERT_FILE", "/gone/ours.pem"),
        ("SSL_CERT_DIR", "/gone"),
        ("SSL_CERT_FILE", empty.to_str().unwrap()),
    ] {
        for (webhook, variables) in [
            ("https://localhost:9/", &[][..]),
            ("https://hooks.example/", &[]),
            ("http://hooks.example/", &[("HTTP_PROXY", "https://proxy.test")]),
        ] {
            let said = child(&[variables, &[store, ("START", webhook)]].concat());
            assert!(said.contains("refused: ") && said.contains(store.0), "{store:?} {webhook}: {said}");
        }
        for webhook in ["http://localhost:9/", "http://hooks.example/", ""] {
            let said = child(&[store, ("START", webhook), ("HTTPS_PROXY", "https://proxy.test")]);
            assert!(said.contains("started"), "{store:?} {webhook}: {said}");
        }
    }
}

#[test]
fn a_proxy_on_this_machine_is_used_though_targets_on_it_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let request = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = vec![0; 8192];
        let length = socket.read(&mut request).unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    // No proxy is used for this machine, so this is the target itself.
    let refused = child(&[("HTTP_PROXY", &proxy), ("SEND_CHECKED", &proxy)]);
    assert!(refused.contains("refused: ") && refused.contains("allow_private_targets"), "{refused}");
    let sent = child(&[("HTTP_PROXY", &proxy), ("SEND_CHECKED", "http://hooks.example/ops")]);
    assert!(sent.contains("sent: HTTP 200"), "{sent}");
    assert!(request.join().unwrap().starts_with("POST http://hooks.example/ops HTTP/1.1\r\n"));
}

/// Does the work of a child process; the other tests run it.
#[test]
fn in_a_child() {
    if std::env::var_os("CRONS_TEST_CHILD").is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    if let Ok(url) = std::env::var("SEND") {
        match runtime.block_on(Webhook::new(&url).unwrap().test("ops")) {
            Ok(answer) => println!("sent: {}", answer.status),
            Err(error) => println!("refused: {error}"),
        }
    }
    if let Ok(url) = std::env::var("SEND_CHECKED") {
        let target = Target::from(Webhook::new(&url).unwrap());
        match runtime.block_on(target.test("ops", PrivateTargets::Refused)) {
            Ok(answer) => println!("sent: {}", answer.status()),
            Err(error) => println!("refused: {error}"),
        }
    }
    if let Ok(url) = std::env::var("START") {
        let folder = tempfile::tempdir().unwrap();
        let alerts = if url.is_empty() { json!({}) } else { json!({"webhook": {"ops": {"url": url}}}) };
        let settings = Settings {
            database: Database::sqlite(folder.path().join("crons.db")),
            alerts: serde_json::from_value(alerts).unwrap(),
            ..Settings::default()
        };
        let started = runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            Server::start(&settings, listener).map(drop)
        });
        match started {
            Ok(()) => println!("started"),
            Err(error) => println!("refused: {error}"),
        }
    }
}
