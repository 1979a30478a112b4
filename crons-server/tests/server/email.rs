//! Alerts by e-mail, to a mail server that is down, refuses, greylists or says nothing.

use std::process::Command;

use crate::certificate::certificate;
use crate::harness::{Harness, id, with};
use crate::mail::MailServer;
use crate::receiver::eventually;
use crons_server::{Alerts, PrivateTargets};
use serde_json::{Value, json};

fn server(mail: &MailServer) -> Harness {
    server_for(mail, &["ops@b.example", "boss@b.example"])
}

fn server_for(mail: &MailServer, to: &[&str]) -> Harness {
    let email = json!({"url": format!("smtp://{}", mail.address), "starttls": false, "from": "crons <crons@a.example>",
        "to": to, "timeout": "1s"});
    let rule = json!({"on": ["opened", "failure", "resolved"], "to": ["ops"], "group_wait": "off"});
    Harness::with_alerts("10:00:00", json!({"email": {"ops": email}, "alert": [rule]}))
}

fn check_in(letter: char, status: &str) -> Value {
    with(&id(letter), status, &json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}))
}

fn answer(harness: &Harness) -> String {
    harness.alerts()[0]["lastAnswer"].as_str().unwrap_or_default().to_owned()
}

fn attempts(harness: &Harness, alert: usize) -> u64 {
    harness.alerts()[alert]["attempts"].as_u64().unwrap()
}

fn delivered(harness: &Harness) -> bool {
    harness.alerts().iter().all(|alert| alert["status"] == "delivered")
}

#[test]
fn a_mail_has_its_facts_and_is_one_conversation_with_those_of_its_incident() {
    let mail = MailServer::start();
    let harness = server(&mail);
    let mut failed = check_in('a', "error");
    failed["environment"] = json!("caf\u{e9}\u{202e} & <b>");
    failed["note"] = json!("first\r\n.\r\nQUIT\r\nBcc: x@y.example");
    harness.send("10:00:01", &failed);
    let mut well = check_in('b', "ok");
    well["environment"] = failed["environment"].clone();
    harness.send("10:20:00", &well);
    eventually("both are delivered", || mail.mails().len() == 2 && delivered(&harness));
    let [failing, recovered] = <[crate::mail::Mail; 2]>::try_from(mail.mails()).unwrap();
    assert_eq!(
        (failing.from.as_str(), failing.to.as_slice()),
        ("crons@a.example", &["ops@b.example".to_owned(), "boss@b.example".to_owned()][..])
    );
    assert_eq!(failing.header("Auto-Submitted"), "auto-generated");
    let alert = &harness.alerts()[0];
    assert_eq!(failing.header("Message-ID"), format!("<{}@a.example>", alert["id"].as_str().unwrap()));
    assert_eq!(
        failing.header("References"),
        format!("<incident.{}@a.example>", alert["incident"].as_str().unwrap())
    );
    assert_eq!(failing.header("References"), recovered.header("References"));
    assert!(failing.data.is_ascii() && failing.header("Bcc").is_empty(), "{}", failing.data);
    assert!(failing.header("Subject").starts_with("FAILING: job in"), "{}", failing.data);
    assert!(
        failing.data.contains("| Bcc: x@y.example\r\n") && failing.data.contains("| .\r\n"),
        "{}",
        failing.data
    );
    assert!(recovered.header("Subject").starts_with("RECOVERED: job in"), "{}", recovered.data);
    assert!(!failing.encrypted && failing.auth.is_empty());
}

#[test]
fn a_mail_server_that_is_down_for_an_hour_gets_every_mail_in_order() {
    let mail = MailServer::down();
    let harness = server(&mail);
    harness.send("10:00:01", &check_in('a', "error"));
    eventually("it is tried", || answer(&harness).contains("Connection refused"));
    harness.send("10:00:02", &check_in('b', "ok"));
    let mut now = crate::harness::instant("10:00:02");
    while now < crate::harness::instant("11:00:02") {
        let before = attempts(&harness, 0);
        now += jiff::SignedDuration::from_mins(1);
        harness.advance(&now.to_string());
        eventually("it is tried each minute", || attempts(&harness, 0) > before);
    }
    assert_eq!(attempts(&harness, 1), 0, "the second waits for its turn");
    mail.up();
    harness.advance("11:02:00");
    eventually("both are delivered", || delivered(&harness));
    let subjects: Vec<_> = mail.mails().iter().map(|mail| mail.header("Subject")[..6].to_owned()).collect();
    assert_eq!(subjects, ["FAILIN", "RECOVE"]);
}

#[test]
fn a_temporary_refusal_holds_mails_back_in_order_and_a_lasting_one_lets_them_pass() {
    for (answers, passes, expected) in [
        (vec![("RCPT", "451 4.7.1 greylisted, try again")], false, "SMTP 451"),
        (vec![("", "421 too busy")], false, "SMTP 421"),
        (vec![("RCPT", "550 5.1.1 no such user")], true, "SMTP 550"),
        (vec![(".", "554 5.6.0 looks like spam")], true, "SMTP 554"),
        // The connection, and not the mail.
        (vec![("", "554 go away")], false, "SMTP 554"),
        // The mail is tried again, as a greylisted recipient may be accepted later.
        (vec![("RCPT TO:<ops", "550 no such user"), ("RCPT", "451 greylisted")], false, "SMTP 451"),
    ] {
        let mail = MailServer::start();
        mail.answer(answers.clone());
        let harness = server(&mail);
        harness.send("10:00:01", &check_in('a', "error"));
        eventually("the first is answered", || attempts(&harness, 0) > 0);
        assert!(answer(&harness).starts_with(expected), "{answers:?}: {}", answer(&harness));
        harness.send("10:00:01", &check_in('b', "ok"));
        if passes {
            eventually("the second is tried", || attempts(&harness, 1) > 0);
        } else {
            harness.advance("10:02:00");
            eventually("the first is tried again", || attempts(&harness, 0) > 1);
            assert_eq!(attempts(&harness, 1), 0, "{answers:?}");
        }
        assert!(mail.mails().is_empty());
        mail.answer(Vec::new());
        harness.advance("10:05:00");
        eventually("both are delivered", || delivered(&harness));
        assert_eq!(mail.mails().len(), 2, "{answers:?}");
    }
}

#[test]
fn a_recipient_that_is_refused_keeps_the_mail_from_nobody_else() {
    let mail = MailServer::start();
    mail.answer(vec![("RCPT TO:<ops", "550 5.1.1 no such user")]);
    let harness = server(&mail);
    harness.send("10:00:01", &check_in('a', "error"));
    eventually("it is delivered", || delivered(&harness) && !mail.mails().is_empty());
    assert_eq!(mail.mails()[0].to, ["boss@b.example"]);
    assert!(
        answer(&harness).contains("not sent to ops@b.example: permanent error (550): "),
        "{}",
        answer(&harness)
    );
}

#[test]
fn a_mail_server_that_says_nothing_is_given_up_after_the_timeout() {
    let mail = MailServer::start();
    mail.be_silent(true);
    let harness = server(&mail);
    harness.send("10:00:01", &check_in('a', "error"));
    eventually("its time is over", || answer(&harness).contains("gave no answer within 1 s"));
    mail.be_silent(false);
    harness.advance("10:05:00");
    eventually("it is delivered", || delivered(&harness));
}

#[test]
fn a_mail_server_that_scans_the_mail_for_longer_than_the_timeout_gets_it_once() {
    let (scanner, silent) = (MailServer::start(), MailServer::start());
    scanner.hold(true);
    silent.be_silent(true);
    let email = |mail: &MailServer, timeout: &str| {
        json!({"url": format!("smtp://{}", mail.address), "starttls": false, "from": "crons@a.example", "to": ["ops@b.example"],
            "timeout": timeout})
    };
    let alerts = json!({"email": {"ops": email(&scanner, "1s"), "silent": email(&silent, "2s")},
        "alert": [{"on": ["opened"], "to": ["ops", "silent"], "group_wait": "off"}]});
    let harness = Harness::with_alerts("10:00:00", alerts);
    harness.send("10:00:01", &check_in('a', "error"));
    eventually("the mail is scanned", || scanner.held() == 1);
    let of = |target: &str| harness.alerts().into_iter().find(|alert| alert["target"] == target).unwrap();
    // Two seconds are over.
    eventually("the other gives up", || of("silent")["attempts"] == json!(1));
    assert_eq!(of("ops")["attempts"], 0);
    scanner.hold(false);
    eventually("it is delivered", || of("ops")["status"] == "delivered");
    assert_eq!((scanner.mails().len(), scanner.connections()), (1, 1));
}

#[test]
fn a_recipient_who_is_greylisted_gets_the_mail_later_and_nobody_gets_it_twice() {
    let mail = MailServer::start();
    mail.answer(vec![("RCPT TO:<boss", "451 4.7.1 greylisted, try again")]);
    let harness = server(&mail);
    harness.send("10:00:01", &check_in('a', "error"));
    eventually("it is tried", || attempts(&harness, 0) == 1);
    assert!(
        answer(&harness).starts_with("SMTP 451: not sent to boss@b.example: transient error (451): "),
        "{}",
        answer(&harness)
    );
    harness.send("10:00:02", &check_in('b', "ok"));
    eventually("the next one does not wait", || attempts(&harness, 1) == 1);
    harness.advance("10:02:00");
    eventually("both are tried again", || (0..2).all(|alert| attempts(&harness, alert) >= 2));
    assert_eq!(mail.mails().iter().map(|mail| mail.to.join(" ")).collect::<Vec<_>>(), ["ops@b.example"; 2]);
    mail.answer(Vec::new());
    harness.advance("10:05:00");
    eventually("both are delivered", || delivered(&harness));
    let mut got: Vec<_> = mail
        .mails()
        .iter()
        .map(|mail| format!("{} {}", mail.to.join(" "), &mail.header("Subject")[..6]))
        .collect();
    got.sort();
    assert_eq!(
        got,
        ["boss@b.example FAILIN", "boss@b.example RECOVE", "ops@b.example FAILIN", "ops@b.example RECOVE"]
    );
}

#[test]
fn recipients_who_are_refused_after_others_got_the_mail_are_named_and_nobody_gets_it_twice() {
    let mail = MailServer::start();
    let (greylisted, unknown) = ("451 4.7.1 greylisted", "550 5.1.1 no such user");
    mail.answer(vec![("RCPT TO:<boss", greylisted), ("RCPT TO:<kate", unknown)]);
    let harness = server_for(&mail, &["ops@b.example", "boss@b.example", "kate@b.example"]);
    harness.send("10:00:01", &check_in('a', "error"));
    let both = "not sent to boss@b.example: transient error (451): 4.7.1 greylisted\nnot sent to kate@b.example: permanent error (550): 5.1.1 no such user";
    let refusals = [
        // The server takes the mail for the first recipient.
        (None, 451, both),
        // The server takes the mail for neither of those that lack it; one may be taken later.
        (Some(vec![("RCPT TO:<boss", greylisted), ("RCPT TO:<kate", unknown)]), 451, both),
        (
            Some(vec![("MAIL", "421 4.3.2 closing")]),
            421,
            "not sent to boss@b.example, kate@b.example: transient error (421): 4.3.2 closing",
        ),
        (
            Some(vec![("", "554 5.3.2 go away")]),
            554,
            "not sent to boss@b.example, kate@b.example: permanent error (554): 5.3.2 go away",
        ),
        // The server takes the mail for neither of those that lack it, for good.
        (
            Some(vec![("RCPT", unknown)]),
            550,
            "not sent to boss@b.example, kate@b.example: permanent error (550): 5.1.1 no such user",
        ),
    ];
    for (minute, (answers, code, named)) in refusals.into_iter().enumerate() {
        if let Some(answers) = answers {
            mail.answer(answers);
            harness.advance(&format!("10:{:02}:00", 2 * minute));
        }
        let (expected, tried) = (format!("SMTP {code}: {named}"), minute as u64 + 1);
        eventually("the recipients are named", || {
            attempts(&harness, 0) == tried && answer(&harness) == expected
        });
    }
    assert!(delivered(&harness), "the refused recipients are not tried again");
    assert_eq!(mail.mails().iter().map(|mail| mail.to.join(" ")).collect::<Vec<_>>(), ["ops@b.example"]);
}

#[test]
fn each_recipient_that_is_refused_is_named_when_there_is_no_other() {
    let mail = MailServer::start();
    mail.answer(vec![("RCPT TO:<ops", "550 5.1.1 no such user"), ("RCPT", "551 5.1.6 moved")]);
    let harness = server(&mail);
    harness.send("10:00:01", &check_in('a', "error"));
    eventually("it is tried", || attempts(&harness, 0) == 1);
    assert_eq!(
        answer(&harness),
        "SMTP 551: not sent to ops@b.example: permanent error (550): 5.1.1 no such user\nnot sent to boss@b.example: permanent error (551): 5.1.6 moved"
    );
}

#[test]
fn a_connection_that_fails_after_others_got_the_mail_names_those_that_lack_it() {
    let mail = MailServer::start();
    mail.answer(vec![("RCPT TO:<boss", "451 4.7.1 greylisted")]);
    let harness = server(&mail);
    harness.send("10:00:01", &check_in('a', "error"));
    eventually("one has it", || attempts(&harness, 0) == 1);
    mail.be_silent(true);
    harness.advance("10:02:00");
    eventually("its time is over", || {
        let answer = answer(&harness);
        answer.starts_with("not sent to boss@b.example: smtp://127.0.0.1:")
            && answer.contains("gave no answer within 1 s")
    });
}

/// Sends a test mail in a process that trusts the certificates of this file. Returns its lines.
fn send_in_a_child(email: &Value, certificates: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trusted.pem");
    std::fs::write(&path, certificates).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "email::in_a_child"])
        .env("SSL_CERT_FILE", path)
        .env("CRONS_TEST_EMAIL", email.to_string())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn sign_in_data_is_sent_over_tls_to_a_trusted_server_only() {
    let (config, pem) = certificate();
    let (_, stranger) = certificate();
    let mail = MailServer::with_tls(config);
    let mut email = json!({"url": format!("smtp://localhost:{}", mail.address.port()), "from": "crons@a.example",
        "to": ["ops@b.example"], "username": "crons", "password": "hunter2"});
    let sent = send_in_a_child(&email, &pem);
    assert!(sent.contains("true SMTP 250: taken"), "{sent}");
    let taken = mail.mails();
    // `\0crons\0hunter2` in base64.
    assert_eq!((taken[0].encrypted, taken[0].auth.as_str()), (true, "AUTH PLAIN AGNyb25zAGh1bnRlcjI="));
    let distrusted = send_in_a_child(&email, &stranger);
    assert!(distrusted.contains("invalid peer certificate"), "{distrusted}");
    mail.answer(vec![("AUTH", "535 5.7.8 wrong password")]);
    let refused = send_in_a_child(&email, &pem);
    assert!(refused.contains("false SMTP 535: ") && !refused.contains("hunter2"), "{refused}");

    let plain = MailServer::start();
    email["url"] = json!(format!("smtp://localhost:{}", plain.address.port()));
    let refused = send_in_a_child(&email, &pem);
    assert!(refused.contains("STARTTLS is not supported"), "{refused}");
    assert_eq!((mail.mails().len(), plain.mails().len()), (1, 0));
}

#[test]
fn a_mail_over_smtps_is_encrypted_from_the_first_byte_to_a_trusted_server_only() {
    let (config, pem) = certificate();
    let (_, stranger) = certificate();
    let mail = MailServer::with_implicit_tls(config);
    let email = |host: &str, port: u16| {
        json!({"url": format!("smtps://{host}:{port}"), "from": "crons@a.example", "to": ["ops@b.example"],
            "username": "crons", "password": "hunter2"})
    };
    let port = mail.address.port();
    let sent = send_in_a_child(&email("localhost", port), &pem);
    assert!(sent.contains("true SMTP 250: taken"), "{sent}");
    let taken = mail.mails();
    assert_eq!((taken[0].encrypted, taken[0].auth.as_str()), (true, "AUTH PLAIN AGNyb25zAGh1bnRlcjI="));
    assert_eq!(taken[0].to, ["ops@b.example"]);

    let distrusted = send_in_a_child(&email("localhost", port), &stranger);
    assert!(
        distrusted.contains("no answer: ") && distrusted.contains("invalid peer certificate"),
        "{distrusted}"
    );
    // The certificate is for another name.
    let misnamed = send_in_a_child(&email("127.0.0.1", port), &pem);
    assert!(misnamed.contains("no answer: ") && misnamed.contains("invalid peer certificate"), "{misnamed}");
    assert_eq!(mail.mails().len(), 1, "nothing was sent without trust");
    mail.answer(vec![("AUTH", "535 5.7.8 wrong password")]);
    let refused = send_in_a_child(&email("localhost", port), &pem);
    assert!(refused.contains("false SMTP 535: ") && !refused.contains("hunter2"), "{refused}");

    // A server that is plain at first gets not one byte of mail or sign-in data.
    let plain = MailServer::start();
    let refused = send_in_a_child(&email("localhost", plain.address.port()), &pem);
    assert!(refused.contains("no answer: ") && refused.contains("corrupt message"), "{refused}");
    assert_eq!((mail.mails().len(), plain.mails().len()), (1, 0));
}

/// Sends a mail for a test above, which runs this in a child process.
#[test]
fn in_a_child() {
    let Ok(email) = std::env::var("CRONS_TEST_EMAIL") else { return };
    let email: Value = serde_json::from_str(&email).unwrap();
    let alerts: Alerts = serde_json::from_value(json!({"email": {"ops": email}})).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (name, target) in alerts.targets() {
        match runtime.block_on(target.test(name, PrivateTargets::Loopback)) {
            Ok(answer) => println!("{} {}: {}", answer.is_success(), answer.status(), answer.body()),
            Err(error) => println!("no answer: {error}"),
        }
    }
}
