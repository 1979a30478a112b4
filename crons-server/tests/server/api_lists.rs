//! Tests of lists of monitors and check-ins: filters, orders, pages.

use crate::harness::{API, Harness, NIL, api, api_id, check_in, hourly, id, with};
use serde_json::{Value, json};

/// Monitors in several states, of several owners, in several environments.
fn server() -> Harness {
    let server = Harness::at("10:00:00");
    let send = |slug: &str, environment: &str, status: &str, config: Value| {
        let mut run = with(NIL, status, &hourly(&config));
        (run["monitor_slug"], run["environment"]) = (json!(slug), json!(environment));
        assert_eq!(server.send_now(&run).status, 200);
    };
    send("alpha", "production", "ok", json!({"owner": "team:ops"}));
    server.set_clock("10:00:10");
    send("beta", "production", "ok", json!({"owner": "user:ada"}));
    send("beta", "staging", "error", json!({}));
    send("gamma", "staging", "error", json!({"owner": "team:ops"}));
    send("delta", "production", "in_progress", json!({}));
    send("muted", "production", "error", json!({}));
    send("half", "production", "ok", json!({}));
    send("half", "dev", "ok", json!({}));
    send("disabled", "production", "error", json!({}));
    for (path, body) in [
        ("alpha/", json!({"name": "Nightly: the \"big\" one"})),
        ("beta/environments/staging/", json!({"isMuted": true})),
        ("half/environments/dev/", json!({"isMuted": true})),
        ("muted/", json!({"isMuted": true})),
        ("disabled/", json!({"status": "disabled"})),
    ] {
        assert_eq!(server.put(&format!("{API}/monitors/{path}"), &body).status, 200, "{path}");
    }
    server
}

fn slugs(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|monitor| monitor["slug"].as_str().unwrap()).collect()
}

#[test]
fn monitors_are_found_by_what_the_query_says() {
    let server = server();
    let gamma = server.monitor("gamma")["id"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("owner=team:ops", &["alpha", "gamma"][..]),
        ("owner=team:ops&owner=user:ada", &["alpha", "beta", "gamma"]),
        ("owner=unassigned", &["delta", "disabled", "half", "muted"]),
        ("owner=unassigned&owner=user:ada", &["beta", "delta", "disabled", "half", "muted"]),
        ("environment=staging", &["beta", "gamma"]),
        ("environment=staging&environment=dev", &["beta", "gamma", "half"]),
        ("environment=nowhere", &[]),
        ("query=AL", &["alpha", "half"]),
        ("query=alp+nightly", &["alpha"]),
        ("query=%22the+%22", &["alpha"]),
        ("query=name:beta", &["beta"]),
        ("query=slug:half", &["half"]),
        ("query=owner:team:ops+environment:staging", &["gamma"]),
        ("query=status:disabled", &["disabled"]),
        ("query=status:error+status:active", &["beta", "gamma", "muted"]),
        (&format!("query=id:{gamma}"), &["gamma"]),
        ("query=%22Nightly:%22", &["alpha"]),
        ("query=", &["alpha", "beta", "delta", "disabled", "gamma", "half", "muted"]),
        ("project=-1&project=1&query=delta", &["delta"]),
    ] {
        let list = server.api(&format!("/monitors/?{query}"));
        let mut found = slugs(&list);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    let staging = server.api("/monitors/?environment=staging");
    for monitor in staging.as_array().unwrap() {
        assert_eq!(monitor["environments"].as_array().unwrap().len(), 1, "{monitor}");
        assert_eq!(monitor["environments"][0]["name"], "staging");
    }
}

#[test]
fn a_monitor_is_answered_with_the_environments_that_are_asked_for() {
    let server = server();
    for (query, expected) in [
        ("", &["production", "staging"][..]),
        ("?environment=staging", &["staging"]),
        ("?environment=staging&environment=production&project=crons", &["production", "staging"]),
        ("?environment=nowhere", &[]),
    ] {
        let monitor = server.api(&format!("/monitors/beta/{query}"));
        let environments = monitor["environments"].as_array().unwrap().iter();
        let names: Vec<&str> = environments.map(|row| row["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
    }
    assert_eq!(server.get(&format!("{API}/monitors/beta/?project=7")).status, 404);
}

#[test]
fn an_instant_without_a_zone_is_in_utc_in_every_list() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "error"));
    for (path, found) in [
        ("/incidents/?before=2024-06-03T10:00:00", 0),
        ("/incidents/?before=2024-06-03T10:01:00", 1),
        ("/usage/?since=2024-06-03", 1),
        ("/monitors/job/checkins/?start=2024-06-03T10:01:00", 0),
    ] {
        assert_eq!(server.api(path).as_array().unwrap().len(), found, "{path}");
    }
}

#[test]
fn monitors_come_in_the_order_that_is_asked_for() {
    let server = server();
    for (query, expected) in [
        ("", ["gamma", "beta", "half", "alpha", "delta", "muted", "disabled"]),
        ("sort=status", ["gamma", "beta", "half", "alpha", "delta", "muted", "disabled"]),
        ("sort=status&asc=0", ["disabled", "muted", "delta", "alpha", "half", "beta", "gamma"]),
        ("sort=name", ["beta", "delta", "disabled", "gamma", "half", "muted", "alpha"]),
        ("sort=name&asc=false", ["alpha", "muted", "half", "gamma", "disabled", "delta", "beta"]),
        ("sort=muted&asc=1", ["delta", "disabled", "gamma", "alpha", "beta", "half", "muted"]),
    ] {
        assert_eq!(slugs(&server.api(&format!("/monitors/?{query}"))), expected, "{query}");
        // The pages contain each monitor once, in the same order, with the same query.
        let (mut found, mut next) = (Vec::new(), Some(format!("{API}/monitors/?per_page=3&{query}")));
        while let Some(url) = next {
            let mut answer = server.agent.get(server.url(&url)).call().unwrap();
            let link = answer.headers()["link"].to_str().unwrap().to_owned();
            let page: Value = answer.body_mut().read_json().unwrap();
            found.extend(slugs(&page).into_iter().map(str::to_owned));
            let following = link.split(", ").find(|link| link.contains("rel=\"next\"; results=\"true\""));
            next = following.map(|link| link.split_once('>').unwrap().0[1..].to_owned());
        }
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn a_wrong_parameter_is_refused_with_what_is_allowed() {
    let server = server();
    for (path, expected) in [
        ("/monitors/?sort=age", "write status, name or muted"),
        ("/monitors/?asc=yes", "write 1 or 0"),
        ("/monitors/?owner=ops", "`team:<name or id>`"),
        ("/monitors/?owner=myteams", "does not know which teams are yours"),
        ("/monitors/?query=colour:red", "allowed are id, slug, name, status, owner and environment"),
        ("/monitors/?query=status:broken", "write active, disabled, ok or error"),
        ("/monitors/?query=%22open", "a quote is not closed"),
        ("/monitors/?order=name", "allowed are `query`, `owner`, `environment`, `project`, `sort`, `asc`"),
        ("/monitors/?sort=name&sort=muted", "write it once"),
        ("/monitors/alpha/checkins/?statsPeriod=1y", "a unit of s, m, h, d or w"),
        ("/monitors/alpha/checkins/?start=today", "write one such as 2024-06-03T10:00:00Z"),
        ("/monitors/alpha/checkins/?start=2024-06-02&end=2024-06-01", "is after `end`"),
        ("/monitors/alpha/checkins/?start=2024-06-02&statsPeriod=1d", "write either it or them"),
        ("/monitors/alpha/checkins/?expand=all", "write `groups`"),
        ("/monitors/alpha/checkins/?status=ok", "allowed are `environment`, `expand`, `start`"),
        ("/monitors/alpha/checkins/7/", "\"7\" is no UUID"),
        ("/monitors/alpha/?colour=red", "allowed are `environment`, `project`"),
        (
            &format!("/monitors/?cursor={}", "x".repeat(200)),
            &format!("cursor: \"{}\u{2026}\" is none", "x".repeat(80)),
        ),
    ] {
        let answer = server.get(&format!("{API}{path}"));
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.body["detail"].as_str().unwrap().contains(expected), "{path}: {answer:?}");
    }
    assert_eq!(server.get(&format!("{API}/monitors/?project=7")).status, 404);
}

#[test]
fn check_ins_are_found_by_time_and_environment() {
    let server = Harness::at("10:00:00");
    for (time, letter, environment) in
        [("10:00:00", 'a', "production"), ("10:30:00", 'b', "staging"), ("11:00:00", 'c', "dev")]
    {
        let mut run = check_in(&id(letter), "ok");
        run["environment"] = json!(environment);
        server.send(time, &run);
    }
    for (query, expected) in [
        ("", &['c', 'b', 'a'][..]),
        ("environment=dev&environment=staging", &['c', 'b']),
        ("start=2024-06-03T10:30:00Z", &['c', 'b']),
        ("start=2024-06-03T10:00:01&end=2024-06-03T10:59:59", &['b']),
        ("statsPeriod=30m", &['c', 'b']),
        ("statsPeriod=29m&environment=staging", &[]),
        ("expand=groups&per_page=1", &['c']),
    ] {
        let list = server.api(&format!("/monitors/job/checkins/?{query}"));
        let found: Vec<&Value> = list.as_array().unwrap().iter().map(|run| &run["id"]).collect();
        let expected: Vec<Value> = expected.iter().map(|letter| api_id(*letter)).collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{query}");
        let has_groups = list.as_array().unwrap().iter().all(|run| run["groups"] == json!([]));
        assert!(has_groups == query.contains("expand") || list == json!([]), "{query}");
    }
}

#[test]
fn one_check_in_is_found_by_its_id() {
    let server = Harness::at("10:00:00");
    server.send("10:00:05", &check_in(&id('a'), "ok"));
    let mut other = check_in(&id('b'), "ok");
    other["monitor_slug"] = json!("other");
    server.send("10:00:06", &other);
    let listed = &server.check_ins("job")[0];
    for written in [id('a'), api_id('a').as_str().unwrap().to_owned()] {
        assert_eq!(server.api(&format!("/monitors/job/checkins/{written}/")), *listed);
        let below_project = format!("/api/0/projects/crons/crons/monitors/job/checkins/{written}/");
        assert_eq!(server.get(&below_project).body, *listed);
    }
    assert_eq!(listed["dateAdded"], api("10:00:05"));
    for (slug, run) in [("job", id('c')), ("job", id('b')), ("nothing", id('a'))] {
        assert_eq!(server.get(&format!("{API}/monitors/{slug}/checkins/{run}/")).status, 404, "{slug} {run}");
    }
}
