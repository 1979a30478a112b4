//! The list of monitors comes page by page, in the API and in a browser.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod harness;

use harness::{API, Harness, NIL, check_in};
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

/// The slugs of a page, and the path of the next one if there is one.
fn page(server: &Harness, path: &str) -> (Vec<String>, Option<String>) {
    let mut answer = server.agent.get(server.url(path)).call().unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    let link = answer.headers()["link"].to_str().unwrap().to_owned();
    let next = link.split(", ").find(|link| link.contains("rel=\"next\"; results=\"true\""));
    let next = next.and_then(|link| link.strip_prefix('<')?.split_once('>')).map(|(path, _)| path.to_owned());
    let body: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let slugs = body.as_array().unwrap().iter().map(|monitor| monitor["slug"].as_str().unwrap().to_owned());
    (slugs.collect(), next)
}

fn all(monitors: u32) -> Vec<String> {
    (1..=monitors).map(|number| format!("job-{number:03}")).collect()
}

#[test]
fn the_links_of_the_list_of_monitors_lead_to_each_of_them_once() {
    let server = server(103);
    for (query, pages) in [("", 2), ("?per_page=50", 3), ("?per_page=1000", 2), ("?per_page=103", 2)] {
        let (mut slugs, mut next, mut read) = (Vec::new(), Some(format!("{API}/monitors/{query}")), 0);
        while let Some(path) = next {
            let (found, following) = page(&server, &path);
            slugs.extend(found);
            (next, read) = (following, read + 1);
        }
        assert_eq!((slugs, read), (all(103), pages), "{query}");
    }
    assert_eq!(page(&server, &format!("{API}/monitors/?cursor=100:900:0")), (vec![], None));
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
    assert!(all(5).iter().all(|slug| whole.contains(slug)) && !whole.contains("<nav"), "{whole}");
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
