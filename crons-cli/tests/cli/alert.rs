//! Tests of `crons alert` against real receivers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Output;
use std::thread::JoinHandle;

use serde_json::json;

use super::listener::Listener;
use super::support::{Server, crons, run, serve};

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
    test_with(config, name, &[])
}

/// Runs `crons alert test` with these variables.
fn test_with(config: &str, name: &[&str], variables: &[(&str, &str)]) -> (Output, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("crons.toml"), config).unwrap();
    let mut command = crons(&["alert", "test"]);
    let output =
        command.args(name).envs(variables.iter().copied()).current_dir(folder.path()).output().unwrap();
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
        stdout.contains(
            "not delivered: the receiver refuses the signature or the address; compare the secrets"
        ),
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
fn one_target_can_be_selected_by_name() {
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
        ("", &[][..], "crons.toml has no targets; add a table such as [webhook.ops] with url"),
        (
            "[webhook.ops]\nurl = \"https://a.example\"",
            &["opps"],
            "crons.toml has no target \"opps\"; write one of \"ops\"",
        ),
        (
            "\n[webhook.ops]\nurl = \"a.example/topsecret\"",
            &[],
            "crons.toml, line 3: webhook.ops.url: it is not a URL",
        ),
        (
            "[webhook.ops]\nurl = \"https://a.example\"\nsecret = \"topsecret\"",
            &[],
            "crons.toml, line 3: webhook.ops.secret: it must be `whsec_`",
        ),
        (
            "[telegram.team]\ntoken = \"topsecret\"\nchat = 7",
            &[],
            "crons.toml, line 1: telegram.team: the key `chat_id` is missing",
        ),
        (
            "[slack.team]\nurl = \"https://a.example/topsecret\"\nsecret = \"topsecret\"",
            &[],
            "crons.toml, line 3: slack.team: there is no key `secret`; allowed are `url`, `url_file`, `url_env`, `timeout`",
        ),
        (
            "[ntfy.phone]\ntopic = [\"a\"]",
            &[],
            "crons.toml, line 2: ntfy.phone.topic: this is a list, and must be a text in quotes",
        ),
        (
            "[pagerduty.ops]\nrouting_key = \"topsecret\"\nseverity = \"bad\"",
            &[],
            "pagerduty.ops.severity: \"bad\" is not allowed; write one of critical, error, warning, info",
        ),
        (
            "[[alert]]\non = [\"opened\"]\nto = [\"ops\"]",
            &[],
            "crons.toml, line 3: alert.to: there is no target \"ops\"",
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

#[test]
fn a_secret_in_a_variable_is_used_and_a_variable_without_one_is_named_with_its_target() {
    let (address, thread) = receiver("200 OK\r\ncontent-length: 9\r\n\r\ntopsecret");
    let config = format!("[gotify.phone]\nurl = \"http://{address}\"\ntoken_env = \"CRONS_TEST_TOKEN\"\n");
    let (output, stdout, stderr) = test_with(&config, &[], &[("CRONS_TEST_TOKEN", "topsecret")]);
    assert!(
        output.status.success() && !format!("{stdout}{stderr}").contains("topsecret"),
        "{stdout}{stderr}"
    );
    let request = thread.join().unwrap().to_lowercase();
    assert!(request.contains("x-gotify-key: topsecret\r\n"), "{request}");

    for (kind, keys, variables, expected) in [
        (
            "slack.team",
            "url_env = \"CRONS_TEST_URL\"",
            &[][..],
            "slack.team.url_env: the environment variable CRONS_TEST_URL is not set; set it",
        ),
        (
            "webhook.ops",
            "url = \"https://a.example/topsecret\"\nsecret_env = \"CRONS_TEST_SECRET\"",
            &[("CRONS_TEST_SECRET", "")],
            "webhook.ops.secret_env: the environment variable CRONS_TEST_SECRET is empty; set it",
        ),
        (
            "webhook.ops",
            "url_env = \"CRONS_TEST_URL\"",
            &[("CRONS_TEST_URL", "topsecret")],
            "webhook.ops.url: it is not a URL",
        ),
        (
            "email.ops",
            "url = \"smtp://a.example\"\nusername = \"crons\"\npassword_env = \"CRONS_TEST_PASSWORD\"\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]",
            &[],
            "email.ops.password_env: the environment variable CRONS_TEST_PASSWORD is not set; set it",
        ),
        (
            "pushover.phone",
            "token = \"topsecret\"\ntoken_env = \"CRONS_TEST_TOKEN\"\nuser = \"topsecret\"",
            &[("CRONS_TEST_TOKEN", "topsecret")],
            "pushover.phone.token_env: `token` is written, too; leave one of them out",
        ),
    ] {
        let (output, _, stderr) = test_with(&format!("[{kind}]\n{keys}\n"), &[], variables);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.contains(expected) && !stderr.contains("topsecret"), "{kind}: {stderr}");
    }
}

#[test]
fn every_kind_of_target_can_be_tested() {
    let (address, thread) = receiver("200 OK\r\ncontent-length: 2\r\n\r\nok");
    let (_, stdout, _) = test(&format!("[slack.team]\nurl = \"http://{address}/topsecret\"\n"), &[]);
    assert!(stdout.starts_with(&format!("team (http://{address}): HTTP 200 after ")), "{stdout}");
    let request = thread.join().unwrap();
    assert!(request.contains("Test of the target team"), "{request}");

    let (output, stdout, _) =
        test("[command.pager]\nrun = [\"sh\", \"-c\", \"echo $CRONS_EVENT; exit 3\"]\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout.starts_with("pager (sh): exit code 3 after ") && stdout.contains("\n    test\n"),
        "{stdout}"
    );
    assert!(stdout.contains("not delivered: the command has failed"), "{stdout}");

    let down = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let email =
        format!("[email.ops]\nurl = \"smtp://{down}\"\nfrom = \"a@b.example\"\nto = [\"c@d.example\"]\n");
    let (_, stdout, _) = test(&email, &[]);
    assert!(
        stdout.starts_with(&format!("ops (smtp://{down}): not delivered: cannot send to smtp://{down}: ")),
        "{stdout}"
    );
}

#[test]
fn a_test_of_pagerduty_calls_nobody() {
    let (address, thread) = receiver("202 Accepted\r\ncontent-length: 2\r\n\r\n{}");
    let config = format!("[pagerduty.oncall]\nrouting_key = \"topsecret\"\nurl = \"http://{address}\"\n");
    let (output, stdout, _) = test(&config, &[]);
    assert!(output.status.success(), "{stdout}");
    let request = thread.join().unwrap();
    assert!(request.contains(r#""event_action":"resolve""#), "{request}");
}

#[test]
fn a_drill_that_is_held_up_tells_the_answer_to_the_earlier_message() {
    let listener = Listener::json(|line| match line {
        line if line.starts_with("post") => json!({"id": "7f0c", "targets": 1}),
        line if line.contains("incident=") => json!([{"target": "ops", "status": "waiting", "attempts": 0}]),
        _ => json!([{"target": "ops", "status": "waiting", "attempts": 3, "lastAnswer": "HTTP 503"}]),
    });
    let url = format!("http://{}/", listener.address);
    let ended = run(&["alert", "drill", "--wait", "100ms", "--url", &url], "");
    assert!(!ended.success, "{}", ended.stdout);
    assert!(
        ended.stdout.starts_with("ops: not sent within 0.1 s, as an earlier message to it waits: HTTP 503;"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_command_inherits_no_secret_of_the_server() {
    let environment = [
        ("CRONS_TOKEN", "topsecret"),
        ("HOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("PGPASSWORD", "topsecret"),
        ("PAGER_ACCOUNT", "ops"),
    ];
    let command = "[command.pager]\nrun = [\"sh\", \"-c\", \"env | grep -e TOKEN= -e SECRET= -e PGPASSWORD -e PAGER_\"]\n";
    // A target's secret is withheld wherever the target is written.
    for hook in ["a_hook", "z_hook"] {
        let webhook =
            format!("[webhook.{hook}]\nurl = \"http://127.0.0.1:9/\"\nsecret_env = \"HOOK_SECRET\"\n");
        for targets in [format!("{command}{webhook}"), format!("{webhook}{command}")] {
            let (_, stdout, _) = test_with(&targets, &["pager"], &environment);
            assert!(stdout.contains("\n    PAGER_ACCOUNT=ops\n"), "{stdout}");
            let leaks = ["TOKEN=", "SECRET=", "PGPASSWORD"].into_iter().find(|name| stdout.contains(name));
            assert_eq!(leaks, None, "{stdout}");
        }
    }
}

#[test]
fn a_private_address_is_tested_as_the_server_would_send_to_it() {
    let target = "[slack.team]\nurl = \"http://127.0.0.1:9/\"\n";
    let (_, stdout, _) = test(&format!("listen = \"0.0.0.0:9170\"\n{target}"), &[]);
    assert!(
        stdout.contains("127.0.0.1 is an address of this machine; alerts go to such addresses only with"),
        "{stdout}"
    );
    let (_, stdout, _) =
        test(&format!("listen = \"0.0.0.0:9170\"\nallow_private_targets = true\n{target}"), &[]);
    assert!(stdout.contains("Connection refused"), "{stdout}");
    let reachable = ("CRONS_LISTEN", "0.0.0.0:9170");
    let (_, stdout, _) = test_with(target, &[], &[reachable]);
    assert!(stdout.contains("--allow-private-targets or CRONS_ALLOW_PRIVATE_TARGETS=true"), "{stdout}");
    let (_, stdout, _) = test_with(target, &[], &[reachable, ("CRONS_ALLOW_PRIVATE_TARGETS", "true")]);
    assert!(stdout.contains("Connection refused"), "{stdout}");
    let (_, _, stderr) = test_with(target, &[], &[("CRONS_LISTEN", "everywhere")]);
    assert!(
        stderr.contains("--listen or CRONS_LISTEN: listen: \"everywhere\" is not an address"),
        "{stderr}"
    );
}

/// Runs `crons alert drill` against a server with this configuration.
fn drill(config: &str, wait: &str) -> (bool, String, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("crons.toml"), config).unwrap();
    let mut command = serve(&folder.path().join("crons.db"));
    command.current_dir(folder.path()).stderr(std::process::Stdio::null());
    let mut server = Server::spawn(command);
    let ended = run(&["alert", "drill", "--wait", wait, "--url", &server.url("/")], "");
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    (ended.success, ended.stdout, ended.stderr)
}

#[test]
fn a_drill_prints_how_long_each_target_took() {
    let (address, thread) = receiver("204 No Content\r\ncontent-length: 0\r\n\r\n");
    let rule = "[[alert]]\non = [\"opened\"]\nto = [\"ops\"]\n";
    let config = format!("{rule}[webhook.ops]\nurl = \"http://{address}/topsecret\"\n");
    let (success, stdout, stderr) = drill(&config, "30s");
    assert!(success, "{stdout}{stderr}");
    assert!(stdout.starts_with("ops: delivered in ") && stdout.ends_with(" s\n"), "{stdout}");
    let request = thread.join().unwrap();
    assert!(request.contains("\"event\":\"drill\""), "{request}");
}

#[test]
fn a_drill_that_does_not_arrive_in_time_fails_with_the_reason() {
    let down = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rule = "[[alert]]\non = [\"opened\"]\nto = [\"ops\"]\n";
    let config = format!("{rule}[webhook.ops]\nurl = \"http://{down}/topsecret\"\n");
    let (success, stdout, stderr) = drill(&config, "2s");
    assert!(!success, "{stdout}");
    assert!(stdout.starts_with("ops: not delivered: cannot send to http://"), "{stdout}{stderr}");
    assert!(stdout.contains("Connection refused") && !stdout.contains("topsecret"), "{stdout}");
    let (success, _, stderr) = drill("", "2s");
    assert!(
        !success && stderr.contains("neither a rule nor the digest names a target, so nothing is ever sent"),
        "{stderr}"
    );
}

#[test]
fn a_drill_needs_evidence_of_each_message() {
    let begun = json!({"id": "7f0c", "targets": 2});
    let delivered = json!({"target": "ops", "status": "delivered"});
    for (posted, listed, expected) in [
        (json!({}), json!([]), "no id or no number of targets"),
        (json!([]), json!([]), "no id or no number of targets"),
        (json!({"id": "7f0c"}), json!([delivered]), "no id or no number of targets"),
        (json!({"id": "7f0c", "targets": 0}), json!([]), "no id or no number of targets"),
        (begun.clone(), json!({}), "is not the answer of a crons server"),
        (begun.clone(), json!([]), "2 of 2 messages are not listed"),
        (begun.clone(), json!([delivered]), "1 of 2 messages are not listed"),
    ] {
        let case = format!("{posted} {listed}");
        let answer = move |line: &str| if line.starts_with("post") { posted.clone() } else { listed.clone() };
        let url = format!("http://{}/", Listener::json(answer).address);
        let ended = run(&["alert", "drill", "--wait", "100ms", "--url", &url], "");
        assert!(!ended.success, "{case}: {}", ended.stdout);
        assert!(format!("{}{}", ended.stdout, ended.stderr).contains(expected), "{case}: {}", ended.stderr);
    }
    let both = move |line: &str| {
        if line.starts_with("post") { begun.clone() } else { json!([delivered, delivered]) }
    };
    let url = format!("http://{}/", Listener::json(both).address);
    let ended = run(&["alert", "drill", "--wait", "30s", "--url", &url], "");
    assert!(ended.success && !ended.stdout.contains("not listed"), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn answers_of_another_server_are_no_success() {
    for answer in [json!([]), json!({}), json!({"status": "ok"})] {
        let shown = answer.to_string();
        let is_list = answer.is_array();
        let url = format!("http://{}/", Listener::json(move |_| answer.clone()).address);
        let id = "0123456789abcdef0123456789abcdef";
        for (arguments, takes_lists) in [
            (&["ready"][..], false),
            (&["explain", id], false),
            (&["silence", "job", "--for", "1h", "--why", "x"], false),
            (&["token", "list"], true),
            (&["token", "revoke", id], false),
            (&["explain", "job"], true),
        ] {
            let ended = run(&[arguments, &["--url", &url]].concat(), "");
            assert_eq!(ended.success, takes_lists && is_list, "{arguments:?} {shown}: {}", ended.stdout);
        }
    }
    let ready = Listener::json(|_| json!({"status": "ready"}));
    assert!(run(&["ready", "--url", &format!("http://{}/", ready.address)], "").success);
}
