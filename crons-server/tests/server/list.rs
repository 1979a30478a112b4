//! Tests of the list of monitors, as a browser without a script shows it.

use crate::harness::browser::get;
use crate::harness::{API, Harness, NIL, check_in, hourly, id, with};
use serde_json::{Value, json};

/// The page at `path`.
fn page(server: &Harness, path: &str) -> String {
    get(server, path, &[]).body
}

/// The part of the page about a monitor, with all tags taken out.
fn row(server: &Harness, path: &str, slug: &str) -> String {
    let html = page(server, path);
    let start = html.find(&format!("id=\"monitor-{slug}\"")).unwrap();
    let end = html[start..].find("<li class=\"monitor ").map_or(html.len(), |end| start + end);
    text(&html[start..end])
}

fn text(html: &str) -> String {
    let parts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The slugs of the rows in their order.
fn slugs(server: &Harness, path: &str) -> Vec<String> {
    let html = page(server, path);
    let rows = html.split("id=\"monitor-").skip(1).map(|row| row.split('"').next().unwrap().to_owned());
    rows.collect()
}

/// The numbers of the filters by state.
fn counts(server: &Harness, path: &str) -> Vec<(String, u32)> {
    let html = page(server, path);
    let filters = html.split("id=\"filters\"").nth(1).unwrap().split("</nav>").next().unwrap();
    let links = filters.split("<a ").skip(1).map(|link| text(&format!("<{link}")));
    links
        .filter_map(|link| {
            let (state, count) = link.rsplit_once(' ').unwrap();
            Some((state.to_owned(), count.parse().unwrap())).filter(|(_, count)| *count > 0)
        })
        .collect()
}

fn send(server: &Harness, time: &str, slug: &str, environment: &str, check_in: Value) {
    let mut check_in = check_in;
    check_in["monitor_slug"] = json!(slug);
    check_in["environment"] = json!(environment);
    let answer = server.send(time, &check_in);
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// A monitor in each state, with names in reverse order of what the list shows.
fn server() -> Harness {
    let server = Harness::at("10:00:00");
    let run = |status: &str| with(NIL, status, &hourly(&json!({"owner": "team:ops"})));
    let open = |letter: char| with(&id(letter), "in_progress", &hourly(&json!({"max_runtime": 20})));
    send(&server, "10:00:00", "a-disabled", "production", run("error"));
    send(&server, "10:00:00", "b-muted", "production", run("error"));
    send(&server, "10:00:00", "c-okay", "production", run("ok"));
    send(&server, "10:00:00", "d-timeout", "production", open('d'));
    send(&server, "10:00:00", "e-missed", "production", run("ok"));
    send(&server, "10:00:00", "f-failed", "production", run("ok"));
    send(&server, "10:00:00", "f-failed", "staging", run("ok"));
    server.put(&format!("{API}/monitors/a-disabled/"), &json!({"status": "disabled"}));
    server.put(&format!("{API}/monitors/b-muted/"), &json!({"isMuted": true}));
    for slug in ["c-okay", "f-failed"] {
        send(&server, "11:00:30", slug, "production", run("ok"));
    }
    send(&server, "11:00:31", "f-failed", "staging", run("error"));
    send(&server, "11:02:00", "g-running", "production", open('e'));
    server
}

#[test]
fn the_worst_come_first_and_states_are_counted_as_filters() {
    let server = server();
    assert_eq!(
        slugs(&server, "/"),
        ["d-timeout", "e-missed", "f-failed", "c-okay", "g-running", "b-muted", "a-disabled"]
    );
    let all = [
        ("All", 7),
        ("Okay", 1),
        ("Failed", 1),
        ("Missed", 2),
        ("In progress", 1),
        ("Muted", 1),
        ("Disabled", 1),
    ];
    // The run that timed out was followed by a missed one.
    assert_eq!(counts(&server, "/"), all.map(|(state, count)| (state.to_owned(), count)));
    for (query, expected) in [
        ("state=failed", vec!["f-failed"]),
        ("state=missed", vec!["d-timeout", "e-missed"]),
        ("state=disabled&window=90d", vec!["a-disabled"]),
        ("query=RUNN", vec!["g-running"]),
        ("owner=team%3Aops&state=okay", vec![]),
        ("environment=staging", vec!["f-failed"]),
    ] {
        if query.contains("okay") {
            assert_eq!(server.get(&format!("/?{query}")).status, 400);
            continue;
        }
        assert_eq!(slugs(&server, &format!("/?{query}")), expected, "{query}");
    }
}

#[test]
fn a_row_says_state_schedule_deadline_and_durations() {
    let server = Harness::at("10:00:00");
    let config =
        hourly(&json!({"schedule": {"type": "crontab", "value": "5 * * * *"}, "timezone": "Europe/Vienna",
        "checkin_margin": 1, "owner": "team:ops"}));
    for (minute, duration) in [(1, 1.0), (2, 3.0), (3, 2.0)] {
        let mut run = with(NIL, "ok", &config);
        run["duration"] = json!(duration);
        send(&server, &format!("10:0{minute}:00"), "job", "production", run);
    }
    server.set_clock("10:03:30");
    let row = row(&server, "/", "job");
    for part in [
        "Okay",
        "team:ops",
        "Every hour, at minute 5",
        "in Vienna",
        "next at 12:05 in Vienna, in 1 min ; missed after 12:06",
        "last 2.0 s p50 2.0 s p95 3.0 s",
        "Last 24 hours, in Vienna: every run was okay.",
        "production",
    ] {
        assert!(row.contains(part), "{part:?} is not in {row}");
    }
    server.advance("10:07:00");
    let row = self::row(&server, "/", "job");
    assert!(row.contains("Missed") && row.contains("failing since"), "{row}");
    assert!(row.contains("missed at 12:05"), "{row}");
}

#[test]
fn a_monitor_with_a_name_shows_it_beside_its_slug_and_is_found_by_it() {
    let server = Harness::at("10:00:00");
    for slug in ["job", "other"] {
        send(&server, "10:00:00", slug, "production", check_in(NIL, "ok"));
    }
    let name = "Nightly <backup> of Köln";
    assert_eq!(server.put(&format!("{API}/monitors/job/"), &json!({"name": name})).status, 200);
    let html = page(&server, "/?query=nightly+%3CBACKUP");
    assert_eq!(slugs(&server, "/?query=nightly+%3CBACKUP"), ["job"]);
    assert!(html.contains("<a href=\"/monitors/job\">Nightly &lt;backup&gt; of Köln</a>"), "{html}");
    assert!(html.contains("<code>job</code>"), "{html}");
    assert_eq!(slugs(&server, "/?query=JOB"), ["job"], "by the slug as well");
    let other = page(&server, "/?query=other");
    assert!(!other.contains("<code>other</code>"), "the slug stands once: {other}");
}

#[test]
fn a_failure_below_its_threshold_is_a_failed_run_of_a_well_monitor() {
    let server = Harness::at("10:00:00");
    let twice = hourly(&json!({"failure_issue_threshold": 2}));
    send(&server, "10:00:00", "job", "production", with(NIL, "ok", &twice));
    send(&server, "10:01:00", "job", "production", with(NIL, "error", &twice));
    let row = row(&server, "/", "job");
    assert!(row.contains("Okay") && row.contains("last run: Failed"), "{row}");
    assert!(row.contains("an incident opens after 2 failures in a row"), "{row}");
    assert_eq!(counts(&server, "/"), [("All".to_owned(), 1), ("Okay".to_owned(), 1)]);
}

#[test]
fn environments_are_one_line_that_opens_to_one_each() {
    let server = server();
    let html = page(&server, "/?query=f-failed");
    let details =
        html.split("<details class=\"environments\"").nth(1).unwrap().split("</details>").next().unwrap();
    let said = text(details);
    assert!(said.contains("2 environments: 1 failed, 1 okay"), "{said}");
    assert_eq!(details.matches("<svg class=\"line\"").count(), 2, "{details}");
    send(&server, "11:03:00", "f-failed", "staging", with(&id('f'), "in_progress", &hourly(&json!({}))));
    let row = row(&server, "/?query=f-failed", "f-failed");
    assert!(row.contains("running in staging since 11:03"), "{row}");
    let (failed, well) = (said.find("staging").unwrap(), said.find("production").unwrap());
    assert!(failed < well, "the one that needs attention comes first: {said}");
}

#[test]
fn what_was_refused_stands_on_the_page_with_its_reason() {
    let server = Harness::at("10:00:00");
    send(&server, "10:00:00", "job", "production", check_in(NIL, "ok"));
    server.send("10:01:00", &json!({"monitor_slug": "nobody", "status": "in_progress"}));
    server.advance("10:02:30");
    server.send_now(&json!({"monitor_slug": "job", "status": "done"}));
    let said = text(&page(&server, "/"));
    for part in [
        "2 payloads of the last day refused , of 1 slug without a monitor",
        "nobody (no monitor), 1 time",
        "send a `monitor_config` with a schedule to make it",
        "job , 1 time",
        "&quot;done&quot; is not a status of a check-in",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

#[test]
fn a_server_without_monitors_shows_how_to_connect_one() {
    let server = Harness::at("10:00:00");
    let html = get(&server, "/", &[("host", "localhost:4711")]).body;
    let dsn = format!("http://{}@localhost:4711/1", crate::harness::KEY);
    // The DSN itself, and Rust, Python, Node, `crons run`; curl has the address of check-ins.
    assert_eq!(html.matches(&dsn).count(), 5, "{html}");
    assert!(
        html.contains(&format!("http://localhost:4711/api/1/cron/hello/{}/", crate::harness::KEY)),
        "{html}"
    );
    assert_eq!(html.matches("data-copy=").count(), 6, "{html}");
    assert!(html.contains("Waiting for the first check-in"), "{html}");
    // The server is behind two proxies, the outer one of which speaks https.
    let html = get(&server, "/", &[("x-forwarded-proto", "https, http")]).body;
    assert_eq!(html.matches(&format!("https://{}@", crate::harness::KEY)).count(), 5, "{html}");
}

#[test]
fn names_of_clients_are_text_and_no_markup() {
    let server = Harness::at("10:00:00");
    let name = "<script>alert(1)<";
    send(&server, "10:00:00", "job", name, check_in(NIL, "ok"));
    send(&server, "10:00:00", "job", "plain", check_in(NIL, "error"));
    server.send_now(&json!({"monitor_slug": "x", "status": name}));
    for path in [
        "/".to_owned(),
        "/?query=%3Cscript%3E&owner=%22%3E%3Ci%3E".to_owned(),
        "/?environment=%3Cscript%3Ealert(1)%3C".to_owned(),
    ] {
        let html = page(&server, &path);
        assert_eq!(html.matches("<script").count(), 1, "its own one: {html}");
        assert!(!html.contains("\"><i>"), "{html}");
    }
    let runs = page(&server, "/timeline/job?since=2024-06-03T10:00:00Z&until=2024-06-03T10:10:00Z");
    assert!(runs.contains("&lt;script&gt;") && !runs.contains("<script"), "{runs}");
}

#[test]
fn a_bucket_names_its_runs_and_incidents() {
    let server = Harness::at("10:00:00");
    send(&server, "10:00:00", "job", "production", check_in(NIL, "ok"));
    send(&server, "10:01:00", "job", "production", check_in(NIL, "error"));
    send(&server, "10:11:00", "job", "production", check_in(NIL, "ok"));
    let runs = |slug: &str, query: &str| server.get(&format!("/timeline/{slug}?{query}"));
    let said = |query: &str| text(&page(&server, &format!("/timeline/job?{query}")));
    let first = said("since=2024-06-03T10:00:00Z&until=2024-06-03T10:10:00Z");
    assert!(first.starts_with("10:00 to 10:10 UTC Failed at 10:01 production Okay at 10:00"), "{first}");
    assert!(first.contains("Incident in production since 10:01, resolved 10:11"), "{first}");
    let later = said("since=2024-06-03T10:20:00Z&until=2024-06-03T10:30:00Z");
    assert_eq!(later, "10:20 to 10:30 UTC No run.");
    for (slug, query, status) in [
        ("nobody", "since=2024-06-03T10:00:00Z&until=2024-06-03T10:10:00Z", 404),
        ("job", "since=yesterday&until=2024-06-03T10:10:00Z", 400),
        ("job", "since=2024-06-03T10:00:00Z", 400),
        ("job", "since=2024-06-03T10:00:00Z&until=2024-06-03T10:10:00Z&limit=1", 400),
    ] {
        assert_eq!(runs(slug, query).status, status, "{slug} {query}");
    }
}

#[test]
fn a_filter_that_does_not_exist_is_refused_with_what_does() {
    let server = Harness::at("10:00:00");
    for (query, allowed) in [
        ("state=broken", "`timeout`"),
        ("window=1y", "`30d`"),
        ("status=failed", "`state`"),
        ("cursor=none", "cursor"),
    ] {
        let answer = server.get(&format!("/?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.body["detail"].as_str().unwrap().contains(allowed), "{answer:?}");
    }
}
