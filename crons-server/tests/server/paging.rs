//! Tests of lists that come page by page: monitors, also in a browser, counts by the hour, and outages.

use crate::harness::{API, Harness, NIL, check_in};
use serde_json::{Value, json};

fn server(monitors: u32) -> Harness {
    let server = Harness::at("10:00:00");
    for number in 1..=monitors {
        let mut check_in = check_in(NIL, "ok");
        check_in["monitor_slug"] = json!(format!("job-{number:03}"));
        assert_eq!(server.send_now(&check_in).status, 200);
    }
    server
}

/// The values of `key` in a page, and the path of the next one if there is one.
fn page(server: &Harness, path: &str, key: &str) -> (Vec<String>, Option<String>) {
    let mut answer = server.agent.get(server.url(path)).call().unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let link = answer.headers()["link"].to_str().unwrap().to_owned();
    let next = link.split(", ").find(|link| link.contains("rel=\"next\"; results=\"true\""));
    let next = next.and_then(|link| link.strip_prefix('<')?.split_once('>')).map(|(path, _)| path.to_owned());
    let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let values = body.as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned());
    (values.collect(), next)
}

/// The values of `key` in all pages of a list, and the number of pages.
fn pages(server: &Harness, list: &str, key: &str) -> (Vec<String>, usize) {
    let (mut values, mut next, mut read) = (Vec::new(), Some(format!("{API}{list}")), 0);
    while let Some(path) = next {
        let (found, following) = page(server, &path, key);
        values.extend(found);
        (next, read) = (following, read + 1);
    }
    (values, read)
}

fn all(monitors: u32) -> Vec<String> {
    (1..=monitors).map(|number| format!("job-{number:03}")).collect()
}

#[test]
fn the_links_of_the_list_of_monitors_lead_to_each_of_them_once() {
    let server = server(103);
    for (query, number) in [("", 2), ("?per_page=50", 3), ("?per_page=1000", 2), ("?per_page=103", 2)] {
        let found = pages(&server, &format!("/monitors/{query}"), "slug");
        assert_eq!(found, (all(103), number), "{query}");
    }
    assert_eq!(page(&server, &format!("{API}/monitors/?cursor=100:900:0"), "slug"), (vec![], None));
    for (query, named) in [("per_page=many", "per_page"), ("cursor=none", "cursor")] {
        for list in [format!("{API}/monitors/"), "/".to_owned()] {
            let answer = server.get(&format!("{list}?{query}"));
            assert_eq!(answer.status, 400, "{answer:?}");
            assert!(answer.body["detail"].as_str().unwrap().starts_with(named), "{answer:?}");
        }
    }
}

#[test]
fn the_page_of_monitors_shows_some_and_links_to_the_others() {
    let server = server(5);
    let html = |path: &str| match server.get(path).body {
        Value::String(html) => html,
        other => panic!("{other}"),
    };
    let whole = html("/");
    assert!(
        all(5).iter().all(|slug| whole.contains(slug)) && !whole.contains("aria-label=\"Pages\""),
        "{whole}"
    );
    let (mut path, mut shown) = ("/?per_page=2".to_owned(), Vec::new());
    loop {
        let html = html(&path);
        shown.push(all(5).into_iter().filter(|slug| html.contains(slug)).collect::<Vec<_>>());
        assert_eq!(html.contains("rel=\"prev\""), shown.len() > 1, "{html}");
        let Some((_, link)) = html.split_once("rel=\"next\" href=\"") else { break };
        path = link.split_once('"').unwrap().0.replace("&amp;", "&");
    }
    assert_eq!(shown, all(5).chunks(2).map(<[String]>::to_vec).collect::<Vec<_>>());
    let beyond = html("/?cursor=100:900:0");
    assert!(beyond.contains("no more monitors") && beyond.contains("rel=\"prev\""), "{beyond}");
}

#[test]
fn the_links_of_the_usage_lead_to_each_count_once() {
    let server = server(103);
    for (query, number) in [("", 2), ("?per_page=50", 3), ("?since=2024-06-03T10:00:00Z", 2)] {
        assert_eq!(pages(&server, &format!("/usage/{query}"), "monitor"), (all(103), number), "{query}");
    }
    // A later page is of the list that the first one began, though the clock has moved on.
    let (_, next) = page(&server, &format!("{API}/usage/"), "monitor");
    server.set_clock("2024-06-04T11:00:00Z");
    assert_eq!(page(&server, &next.unwrap(), "monitor").0, all(103)[100..]);
    assert_eq!(pages(&server, "/usage/", "monitor"), (vec![], 1));
}

#[test]
fn the_links_of_the_outages_lead_to_each_of_them_once() {
    let mut server = Harness::at("10:00:00");
    for hour in 11..16 {
        server.kill();
        server.start(&format!("{hour}:00:00"));
    }
    let ends: Vec<String> = (11..16).map(|hour| format!("2024-06-03T{hour}:00:00Z")).collect();
    assert_eq!(pages(&server, "/outages/", "until"), (ends.clone(), 1));
    assert_eq!(pages(&server, "/outages/?per_page=2", "until"), (ends.clone(), 3));
    let since = "/outages/?per_page=3&since=2024-06-03T11:00:00Z";
    assert_eq!(pages(&server, since, "until"), (ends[1..].to_vec(), 2));
}
