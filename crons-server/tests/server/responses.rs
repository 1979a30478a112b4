//! The link of a message by which a person acknowledges its incident or mutes its environment without signing in.

use crate::harness::browser::{ACCEPT, Page, get, post};
use crate::harness::{API, Harness, id, with};
use crate::mail::MailServer;
use crate::receiver::{Mode, Receiver, eventually};
use crons_server::Settings;
use serde_json::{Value, json};

const TOKEN: &str = "open-sesame-0123456789";
const BEARER: (&str, &str) = ("authorization", "Bearer open-sesame-0123456789");
const PUBLIC: &str = "https://crons.example";

/// A server with an admin token, whose messages go to the receiver.
fn server(receiver: &Receiver) -> Harness {
    let rule = json!({"on": ["opened", "resolved"], "to": ["ops"], "group_wait": "off"});
    guarded(json!({"webhook": {"ops": {"url": receiver.url("/")}}, "alert": [rule]}))
}

/// A server with an admin token and these targets and rules.
fn guarded(alerts: Value) -> Harness {
    let settings = Settings {
        alerts: serde_json::from_value(alerts).unwrap(),
        admin_token: Some(TOKEN.parse().unwrap()),
        public_url: Some(PUBLIC.parse().unwrap()),
        ..Settings::default()
    };
    Harness::with("10:00:00", settings)
}

fn check_in(slug: &str, letter: char, status: &str) -> Value {
    let mut check_in =
        with(&id(letter), status, &json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}));
    check_in["monitor_slug"] = json!(slug);
    check_in
}

/// Lets a job fail. Returns the path of the link in the message about it, with its key.
fn failure(server: &Harness, receiver: &Receiver, slug: &str, letter: char) -> String {
    server.send("10:00:01", &check_in(slug, letter, "error"));
    let message = || receiver.received().into_iter().find(|message| message.body["monitor"]["slug"] == slug);
    eventually("the message has come", || message().is_some());
    let body = message().unwrap().body;
    let link = body["links"]["acknowledge"].as_str().unwrap();
    link.strip_prefix(PUBLIC).unwrap().to_owned()
}

/// The incident of a job, as the API has it.
fn incident(server: &Harness, slug: &str) -> Value {
    let answer = get(server, &format!("{API}/monitors/{slug}/incidents/"), &[BEARER]);
    serde_json::from_str::<Value>(&answer.body).unwrap()[0].clone()
}

/// Whether the environment of a job is muted.
fn is_muted(server: &Harness, slug: &str) -> bool {
    let answer = get(server, &format!("{API}/monitors/{slug}/"), &[BEARER]);
    let monitor: Value = serde_json::from_str(&answer.body).unwrap();
    monitor["environments"][0]["isMuted"].as_bool().unwrap()
}

fn is_sign_in(page: &Page) -> bool {
    page.status == 401 && page.body.contains("action=\"/sign-in\"")
}

#[test]
fn a_link_opens_the_page_of_its_incident_and_nothing_else() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let mut server = server(&receiver);
    let link = failure(&server, &receiver, "job", 'a');
    let other = failure(&server, &receiver, "other", 'b');
    let (path, key) = link.split_once("?key=").unwrap();
    let (other_path, other_key) = other.split_once("?key=").unwrap();
    assert_eq!(key.len(), 32);

    // A browser that comes from a mail sends no cookie.
    let from_mail = [ACCEPT, ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")];
    let page = get(&server, &link, &from_mail);
    assert_eq!(page.status, 200, "{}", page.body);
    for shown in
        ["<b>job</b>", "<b>production</b>", "1 failed", "Nobody has acknowledged it.", "2024-06-03 10:00:01"]
    {
        assert!(page.body.contains(shown), "{shown}: {}", page.body);
    }
    assert!(!page.body.contains("other"), "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "same-origin");

    for path in [
        path.to_owned(),
        format!("{path}?key="),
        format!("{path}?key={}", "0".repeat(32)),
        format!("{path}?key={}", key[..31].to_owned()),
        format!("{path}?key={key}&key={other_key}"),
        format!("{path}?key={other_key}"),
        format!("{other_path}?key={key}"),
        format!("/incidents/{}/respond?key={key}", "0".repeat(32)),
        format!("/incidents/nothing/respond?key={key}"),
        format!("/monitors/job?key={key}"),
        format!("/?key={key}"),
    ] {
        assert!(is_sign_in(&get(&server, &path, &from_mail)), "{path}");
        let refused = post(&server, &path, &[ACCEPT], &[("do", "acknowledge"), ("by", "Eve")]);
        assert!(is_sign_in(&refused), "{path}");
        assert_eq!(get(&server, &path, &[]).status, 401, "{path}");
    }
    assert_eq!(get(&server, &format!("{API}/incidents/?key={key}"), &[]).status, 401);
    assert!(
        incident(&server, "job")["acknowledged"].is_null()
            && incident(&server, "other")["acknowledged"].is_null()
    );

    assert_eq!(get(&server, path, &[BEARER, ACCEPT]).status, 200, "the admin token opens it, too");
    let missing = get(&server, &format!("/incidents/{}/respond", "0".repeat(32)), &[BEARER, ACCEPT]);
    assert_eq!(missing.status, 404);
    server.start("10:01:00");
    assert_eq!(get(&server, &link, &from_mail).status, 200, "after a restart");
}

#[test]
fn a_program_that_follows_the_link_changes_nothing() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = server(&receiver);
    let link = failure(&server, &receiver, "job", 'a');
    for query in ["", "&do=acknowledge&by=Scanner", "&do=mute", "&utm_source=mail"] {
        assert_eq!(get(&server, &format!("{link}{query}"), &[ACCEPT]).status, 200, "{query}");
        let head = server.agent.head(server.url(&format!("{link}{query}"))).call().unwrap();
        assert_eq!(head.status().as_u16(), 200, "{query}");
    }
    assert!(incident(&server, "job")["acknowledged"].is_null());
    assert!(!is_muted(&server, "job"));
}

#[test]
fn a_person_acknowledges_and_mutes_by_the_link() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = server(&receiver);
    let link = failure(&server, &receiver, "job", 'a');
    let (acknowledge, mute) = (("do", "acknowledge"), ("do", "mute"));
    let own = server.url("");
    // The form of the page has this origin, whatever site linked to the page.
    let origin = [ACCEPT, ("origin", own.as_str())];

    let elsewhere = [ACCEPT, ("origin", "https://evil.example")];
    assert_eq!(post(&server, &link, &elsewhere, &[acknowledge, ("by", "Eve")]).status, 403);
    for (form, expected) in [
        (vec![acknowledge], "by: "),
        (vec![acknowledge, ("by", "  ")], "by: "),
        (vec![("do", "unmute")], "allowed are `acknowledge`, `mute`"),
        (vec![("do", "mute"), ("environment", "other")], "environment"),
        (vec![], "allowed are `acknowledge`, `mute`"),
    ] {
        let refused = post(&server, &link, &origin, &form);
        assert!(refused.status == 400 && refused.body.contains(expected), "{form:?}: {}", refused.body);
    }
    assert!(incident(&server, "job")["acknowledged"].is_null() && !is_muted(&server, "job"));

    let page = get(&server, &link, &[ACCEPT]);
    assert!(
        page.body.contains("name=\"by\" required") && page.body.contains("value=\"mute\""),
        "{}",
        page.body
    );
    let done = post(&server, &link, &origin, &[acknowledge, ("by", "Ada <ops>")]);
    assert_eq!(done.redirect(), (303, link.as_str()), "{}", done.body);
    assert_eq!(done.header("cache-control"), "no-store");
    assert_eq!(incident(&server, "job")["acknowledged"]["by"], "Ada <ops>");
    let page = get(&server, &link, &[ACCEPT]);
    assert!(page.body.contains("Acknowledged by <b>Ada &lt;ops&gt;</b>"), "{}", page.body);
    assert!(
        !page.body.contains("value=\"acknowledge\"") && page.body.contains("value=\"mute\""),
        "{}",
        page.body
    );

    assert_eq!(post(&server, &link, &origin, &[mute]).redirect(), (303, link.as_str()));
    assert!(is_muted(&server, "job"));
    let page = get(&server, &link, &[ACCEPT]);
    assert!(page.body.contains("are muted") && !page.body.contains("<form"), "{}", page.body);
}

#[test]
fn the_page_shows_whether_its_environment_is_muted_whatever_the_monitor_is() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = server(&receiver);
    let run_in = |environment: &str, letter, status| {
        let mut run = check_in("job", letter, status);
        run["environment"] = json!(environment);
        run
    };
    server.send("10:00:01", &run_in("production", 'a', "ok"));
    server.send("10:00:02", &run_in("staging", 'b', "ok"));
    let put = |path: &str, muted: bool| {
        let request = server.agent.put(server.url(&format!("{API}/monitors/job/{path}")));
        let body = json!({"isMuted": muted}).to_string();
        assert!(request.header(BEARER.0, BEARER.1).send(body).unwrap().status().is_success(), "{path}");
    };
    put("", true);
    put("environments/production/", false);
    server.send("10:01:00", &run_in("production", 'c', "error"));
    server.send("10:01:01", &run_in("staging", 'd', "error"));
    eventually("production tells of its failure", || !receiver.received().is_empty());
    let body = receiver.received()[0].body.clone();
    assert_eq!(body["environment"], "production");
    let link = body["links"]["acknowledge"].as_str().unwrap().strip_prefix(PUBLIC).unwrap().to_owned();
    let shown = |link: &str| get(&server, link, &[ACCEPT, BEARER]).body;
    let page = shown(&link);
    assert!(!page.contains("are muted") && page.contains("value=\"mute\""), "{page}");

    // Nobody has a link of the other one, and the admin token opens its page.
    let incidents = get(&server, &format!("{API}/incidents/"), &[BEARER]).body;
    let incidents: Value = serde_json::from_str(&incidents).unwrap();
    let staging = incidents.as_array().unwrap().iter().find(|each| each["environment"] == "staging").unwrap();
    let page = shown(&format!("/incidents/{}/respond", staging["id"].as_str().unwrap()));
    assert!(page.contains("are muted") && !page.contains("value=\"mute\""), "{page}");

    // The other way round: the environment alone is muted.
    put("", false);
    put("environments/production/", true);
    let page = shown(&link);
    assert!(page.contains("are muted") && !page.contains("value=\"mute\""), "{page}");
}

#[test]
fn the_link_of_an_incident_that_is_over_shows_it_and_does_nothing() {
    let receiver = Receiver::in_mode(Mode::Answer(200));
    let server = server(&receiver);
    let link = failure(&server, &receiver, "job", 'a');
    server.send("10:20:00", &check_in("job", 'b', "ok"));
    eventually("the recovery is told", || receiver.received().len() == 2);
    assert_eq!(receiver.received()[1].body["links"]["acknowledge"], Value::Null);
    // The job fails again: the old link is about the old incident.
    server.send("10:30:00", &check_in("job", 'c', "error"));
    let page = get(&server, &link, &[ACCEPT]);
    assert!(page.status == 200 && page.body.contains("The incident is over"), "{}", page.body);
    assert!(page.body.contains("2024-06-03 10:20:00") && !page.body.contains("<form"), "{}", page.body);
    for form in [vec![("do", "acknowledge"), ("by", "Ada")], vec![("do", "mute")]] {
        let refused = post(&server, &link, &[ACCEPT], &form);
        assert!(refused.status == 409 && refused.body.contains("is over"), "{form:?}: {}", refused.body);
    }
    assert!(!is_muted(&server, "job") && incident(&server, "job")["acknowledged"].is_null());
    let deleted =
        server.agent.delete(server.url(&format!("{API}/monitors/job/"))).header(BEARER.0, BEARER.1).call();
    assert!(deleted.unwrap().status().is_success());
    assert_eq!(get(&server, &link, &[ACCEPT]).status, 404, "the key opens nothing any more");
}

#[test]
#[cfg(unix)]
fn people_get_the_link_by_every_target_and_no_answer_repeats_its_key() {
    let receiver = Receiver::in_mode(Mode::Repeat);
    let mail = MailServer::start();
    let folder = tempfile::tempdir().unwrap();
    let script = r#"printf %s "$CRONS_ACKNOWLEDGE_URL" > "$1/url"; echo "paged: $CRONS_ACKNOWLEDGE_URL""#;
    let slow = format!("{script}; sleep 1000");
    let command =
        |script: &str| json!({"run": ["/bin/sh", "-c", script, "alert", folder.path()], "timeout": "1s"});
    let email = json!({"url": format!("smtp://{}", mail.address), "starttls": false, "from": "crons@a.example", "to": ["ops@b.example"]});
    let names = ["hook", "chat", "oncall", "mail", "pager", "slow"];
    let server = guarded(json!({
        "webhook": {"hook": {"url": receiver.url("/hook")}},
        "slack": {"chat": {"url": receiver.url("/chat")}},
        "pagerduty": {"oncall": {"url": receiver.url(""), "routing_key": "secret"}},
        "email": {"mail": email},
        "command": {"pager": command(script), "slow": command(&slow)},
        "alert": [{"on": ["opened"], "to": names, "group_wait": "off"}],
    }));
    server.send("10:00:01", &check_in("job", 'a', "error"));
    let answers = || -> Vec<Value> {
        let alerts: Value =
            serde_json::from_str(&get(&server, &format!("{API}/alerts/"), &[BEARER]).body).unwrap();
        alerts.as_array().unwrap().iter().map(|alert| alert["lastAnswer"].clone()).collect()
    };
    eventually("all have answered", || answers().len() == names.len() && !answers().contains(&Value::Null));

    let address = std::fs::read_to_string(folder.path().join("url")).unwrap();
    assert_eq!(get(&server, address.strip_prefix(PUBLIC).unwrap(), &[ACCEPT]).status, 200);
    let line = format!("Acknowledge or mute: {address}");
    let sent_to =
        |path: &str| receiver.received().into_iter().find(|message| message.path == path).unwrap().body;
    assert_eq!(sent_to("/hook")["links"]["acknowledge"], address);
    assert!(sent_to("/chat")["text"].as_str().unwrap().lines().any(|there| there == line));
    assert_eq!(sent_to("/v2/enqueue")["links"][0], json!({"href": address, "text": "Acknowledge or mute"}));
    // The line is longer than those of quoted-printable.
    let text = mail.mails()[0].data.replace("=\r\n", "").replace("=3D", "=");
    assert!(text.lines().any(|there| there == line), "{text}");

    let (_, key) = address.split_once("?key=").unwrap();
    let shown = answers().iter().map(|answer| answer.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let repeats = |start: &str| shown.iter().filter(|answer| answer.starts_with(start)).count();
    assert_eq!(
        repeats("HTTP 404: Cannot POST ") + repeats("exit code 0: ") + repeats("\"/bin/sh\" did not end"),
        5,
        "{shown:#?}"
    );
    assert!(shown.iter().filter(|answer| answer.contains("respond?key=…")).count() >= 3, "{shown:#?}");
    let page = get(&server, "/", &[BEARER, ACCEPT]).body;
    for start in 0..=key.len() - 8 {
        let part = &key[start..start + 8];
        assert!(shown.iter().chain([&page]).all(|text| !text.contains(part)), "{shown:#?}");
    }
}
