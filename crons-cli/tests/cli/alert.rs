//! Tests of `crons alert test` against real receivers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Output;
use std::thread::JoinHandle;

use super::support::crons;

/// A server that answers one request with `answer`; its thread returns the request.
fn receiver(answer: &'static str) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        // The body is a JSON object and ends the request.
        while !request.ends_with(b"}") {
            let mut part = [0; 4096];
            let read = socket.read(&mut part).unwrap();
            request.extend_from_slice(&part[..read]);
        }
        write!(socket, "HTTP/1.1 {answer}").unwrap();
        String::from_utf8(request).unwrap()
    });
    (address, thread)
}

fn test(config: &str, name: &[&str]) -> (Output, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("crons.toml"), config).unwrap();
    let output = crons(&["alert", "test"]).args(name).current_dir(folder.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output, stdout, stderr)
}

#[test]
fn the_answer_of_the_target_is_printed() {
    let (address, thread) = receiver("200 OK\r\ncontent-length: 9\r\n\r\nthank you");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let config = format!(
        "listen = \"127.0.0.1:9170\"\n[webhook.ops]\nurl = \"http://{address}/topsecret\"\nsecret = \"{secret}\"\n"
    );
    let (output, stdout, _) = test(&config, &[]);
    assert!(output.status.success(), "{stdout}");
    assert!(stdout.starts_with(&format!("ops (http://{address}): HTTP 200 after ")), "{stdout}");
    assert!(stdout.contains("\n    thank you\n") && !stdout.contains("topsecret"), "{stdout}");
    let request = thread.join().unwrap();
    assert!(request.starts_with("POST /topsecret HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nwebhook-signature: v1,"), "{request}");
    assert!(request.contains("\"event\":\"test\"") && request.contains("This is a test"), "{request}");
}

#[test]
fn an_answer_other_than_2xx_fails_and_says_what_to_do() {
    let (wrong, thread) = receiver("401 Unauthorized\r\ncontent-length: 8\r\n\r\nno entry");
    let down = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config =
        format!("[webhook.a]\nurl = \"http://{wrong}/\"\n[webhook.b]\nurl = \"http://{down}/topsecret\"\n");
    let (output, stdout, _) = test(&config, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout.contains("HTTP 401") && stdout.contains("no entry"), "{stdout}");
    assert!(
        stdout.contains("not delivered: the receiver refuses the signature or the address; compare `secret`"),
        "{stdout}"
    );
    assert!(
        stdout.contains(&format!("b (http://{down}): not delivered: cannot send to http://{down}: ")),
        "{stdout}"
    );
    assert!(stdout.contains("Connection refused") && !stdout.contains("topsecret"), "{stdout}");
    thread.join().unwrap();
}

#[test]
fn one_webhook_can_be_selected_by_name() {
    let (address, thread) = receiver("204 No Content\r\n\r\n");
    let config =
        format!("[webhook.a]\nurl = \"http://{address}/\"\n[webhook.b]\nurl = \"http://{address}/\"\n");
    let (output, stdout, _) = test(&config, &["b"]);
    assert!(output.status.success() && stdout.starts_with("b (") && stdout.lines().count() == 1, "{stdout}");
    thread.join().unwrap();
}

#[test]
fn mistakes_are_named_without_secrets() {
    for (config, name, expected) in [
        ("", &[][..], "crons.toml has no webhooks; add [webhook.ops] with url"),
        (
            "[webhook.ops]\nurl = \"https://a.example\"",
            &["opps"],
            "crons.toml has no webhook \"opps\"; write one of \"ops\"",
        ),
        (
            "\n[webhook.ops]\nurl = \"a.example/topsecret\"",
            &[],
            "crons.toml, line 2: webhook.ops: url: it is not a URL",
        ),
        (
            "[webhook.ops]\nurl = \"https://a.example\"\nsecret = \"topsecret\"",
            &[],
            "crons.toml, line 1: webhook.ops: secret: it must be `whsec_`",
        ),
        (
            "[[alert]]\non = [\"opened\"]\nto = [\"ops\"]",
            &[],
            "crons.toml, line 1: alert 1: there is no webhook \"ops\"",
        ),
        (
            "[[alert]]\non = [\"opened\"]\nto = [\"ops\"]\ntags = [{ key = \"slug\", match = \"eq\", value = \"a\" }]",
            &[],
            "key: events have no tag \"slug\"",
        ),
    ] {
        let (output, _, stderr) = test(config, name);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.contains(expected) && !stderr.contains("topsecret"), "{stderr}");
    }
}
