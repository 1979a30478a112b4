//! Tests of pages as browsers get them: the files that they load, errors, and the rules for scripts.

use crate::harness::Harness;
use crate::harness::browser::{ACCEPT, Page, get};

/// The addresses in `href` and `src` of a document.
fn loaded(page: &Page) -> Vec<String> {
    let addresses = page.body.split([' ', '<', '>']).filter_map(|part| {
        part.strip_prefix("href=\"/").or_else(|| part.strip_prefix("src=\"/"))?.strip_suffix('"')
    });
    addresses.map(|path| format!("/{path}")).filter(|path| path.contains('.')).collect()
}

#[test]
fn files_of_a_page_are_kept_and_checked_by_their_content() {
    let server = Harness::at("10:00:00");
    let files = loaded(&get(&server, "/", &[]));
    for name in ["/style.css?v=", "/script.js?v="] {
        let path = files.iter().find(|path| path.starts_with(name)).unwrap();
        let file = get(&server, path, &[]);
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(file.header("vary"), "accept-encoding", "{path}");
        let known = get(&server, path, &[("if-none-match", file.header("etag"))]);
        assert_eq!((known.status, known.body.as_str()), (304, ""), "{path}");
        // A file with another version, or with none, is checked each time.
        for other in [path.split('?').next().unwrap().to_owned(), format!("{name}0")] {
            let other = get(&server, &other, &[]);
            assert_eq!(
                (other.header("cache-control"), other.body == file.body),
                ("no-cache", true),
                "{path}"
            );
        }
    }
}

#[test]
fn every_page_says_how_the_server_itself_is() {
    let mut server = Harness::at("10:00:00");
    let footer = |server: &Harness| {
        let page = get(server, "/", &[]).body;
        page.split("class=\"health\"").nth(1).unwrap().split("</p>").next().unwrap().to_owned()
    };
    let said = footer(&server);
    assert!(said.contains("last tick never") && said.contains("last alert delivered never"), "{said}");
    assert!(said.contains("no outage is known"), "{said}");
    server.advance("10:02:00");
    assert_eq!(server.send("10:02:05", &crate::harness::check_in(crate::harness::NIL, "ok")).status, 200);
    server.set_clock("10:02:15");
    // The time of a commit is known once its check-ins are answered.
    let committed = "last commit <time datetime=\"2024-06-03T10:02:05Z\"";
    let said = crate::harness::eventually(|| Some(footer(&server)).filter(|said| said.contains(committed)));
    assert!(said.contains("datetime=\"2024-06-03T10:02:00Z\">15 s ago"), "{said}");
    server.start("10:30:00");
    let said = crate::harness::eventually(|| {
        Some(footer(&server)).filter(|said| said.contains("not receiving: <time datetime="))
    });
    assert!(said.contains("2024-06-03 10:30:00"), "{said}");
}

#[test]
fn the_icon_differs_from_state_to_state() {
    let server = Harness::at("10:00:00");
    let icons = ["", "?state=ok", "?state=failed", "?state=timeout", "?state=missed"].map(|query| {
        let icon = get(&server, &format!("/favicon.svg{query}"), &[]);
        assert_eq!((icon.status, icon.header("content-type")), (200, "image/svg+xml"), "{query}");
        icon.body
    });
    for (number, icon) in icons.iter().enumerate() {
        assert!(!icons[..number].contains(icon), "{icon}");
    }
    let refused = get(&server, "/favicon.svg?state=fine", &[]);
    assert!(refused.status == 400 && refused.body.contains("`timeout`"), "{}", refused.body);
}

#[test]
fn browsers_get_errors_as_pages_and_programs_as_json() {
    let server = Harness::at("10:00:00");
    for (path, status) in [("/nowhere", 404), ("/?cursor=none", 400), ("/?per_page=%3Cscript%3E", 400)] {
        let (page, json) = (get(&server, path, &[ACCEPT]), get(&server, path, &[("accept", "*/*")]));
        assert_eq!((page.status, json.status), (status, status), "{path}");
        assert!(page.body.starts_with("<!DOCTYPE html>") && !page.body.contains("<script>"), "{}", page.body);
        assert!(json.body.starts_with("{\"detail\":"), "{}", json.body);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("x-sentry-error"), json.header("x-sentry-error"), "{path}");
    }
}

#[test]
fn pages_run_no_script_but_their_own_and_load_nothing_from_elsewhere() {
    let server = Harness::at("10:00:00");
    for (path, headers) in [("/", vec![]), ("/nowhere", vec![ACCEPT])] {
        let page = get(&server, path, &headers);
        let policy = page.header("content-security-policy");
        for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        // The policy would block inline styles and handlers, so pages have none.
        assert!(!page.body.contains(" style=") && !page.body.contains(" onclick="), "{}", page.body);
        assert_eq!(page.body.matches("<script").count(), 1, "{}", page.body);
        assert!(page.body.contains("<html lang=\"en\">") && page.body.contains("name=\"viewport\""));
        assert_eq!(page.header("cache-control"), "no-store");
        for file in loaded(&page) {
            assert_eq!(get(&server, &file, &[]).status, 200, "{file}");
        }
    }
}
