//! Tests of the page of a monitor, as it is sent.

use crate::harness::browser::{ACCEPT, Page, get};
use crate::harness::{Harness, NIL, id};
use serde_json::{Value, json};

fn run(environment: &str, id: &str, status: &str) -> Value {
    json!({
        "check_in_id": id, "monitor_slug": "job", "status": status, "environment": environment,
        "monitor_config": {"schedule": {"type": "crontab", "value": "0 * * * *"}, "checkin_margin": 5, "max_runtime": 10},
    })
}

fn page(server: &Harness, path: &str) -> (u16, String) {
    let Page { status, body, .. } = get(server, path, &[ACCEPT]);
    (status, body)
}

/// The addresses of links on a page that contain `part`, decoded as a browser does.
fn links(page: &str, part: &str) -> Vec<String> {
    let addresses = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    addresses.map(|address| address.replace("&amp;", "&")).filter(|address| address.contains(part)).collect()
}

#[test]
fn all_runs_are_reached_page_by_page_and_each_once() {
    let server = Harness::at("10:00:00");
    let runs = 130;
    for number in 0..runs {
        let minute = format!("{:02}:{:02}:00", 10 + number / 60, number % 60);
        server.send(&minute, &run(["a", "b"][number % 2], &format!("{:032x}", number + 1), "ok"));
    }
    for (address, expected) in [("/monitors/job", runs), ("/monitors/job?environment=b", runs / 2)] {
        let (mut seen, mut next) = (Vec::new(), Some(address.to_owned()));
        while let Some(address) = next {
            let (status, page) = page(&server, address.split('#').next().unwrap());
            assert_eq!(status, 200, "{address}");
            // Runs that were missed have ids that the server made.
            let ids = links(&page, "/why/").into_iter().filter(|link| link.contains("/why/00000000"));
            seen.extend(ids);
            next = links(&page, "after=").into_iter().find(|_| page.contains("rel=\"next\""));
        }
        let found = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!((found, seen.len()), (expected, expected), "{address}");
    }
}

#[test]
fn a_parameter_that_is_wrong_is_refused_with_what_is_allowed() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &run("production", NIL, "ok"));
    for (path, status, part) in [
        ("/monitors/job?environment=production", 200, "Runs"),
        ("/monitors/job?environment=staging", 400, "allowed are &quot;production&quot;"),
        ("/monitors/job?after=yesterday", 400, "Earlier runs"),
        ("/monitors/job?page=2", 400, "`environment`, `after`"),
        ("/monitors/other", 404, "there is no monitor"),
        ("/monitors/JOB", 404, "there is no monitor"),
    ] {
        let (answered, page) = page(&server, path);
        assert_eq!(answered, status, "{path}");
        assert!(page.contains(part), "{path}: {page}");
    }
}

#[test]
fn the_page_shows_lateness_incidents_and_what_was_refused() {
    let server = Harness::at("10:00:00");
    server.send("10:00:00", &run("production", &id('1'), "ok"));
    server.send("11:03:20", &run("production", &id('2'), "error"));
    server.send("13:05:30", &json!({"monitor_slug": "job", "status": "<b>done</b>", "check_in_id": NIL}));
    let (_, text) = page(&server, "/monitors/job");
    for part in [
        "3 min late",
        "2 missed, 1 failed",
        "<b>open</b> for 2 h 2 min",
        "&lt;b&gt;done&lt;/b&gt;",
        "is not a status of a check-in",
        "slug = &quot;job&quot;",
        "The code of the job sets it",
        "2024-06-03 12:00:00",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("<b>done"), "{text}");
    server.send("14:00:00", &run("production", &id('3'), "ok"));
    let (_, text) = page(&server, "/monitors/job");
    assert!(text.contains("2 h 56 min") && text.contains("until "), "{text}");
}
