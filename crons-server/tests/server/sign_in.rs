//! Tests of signing in with the admin token in a browser: the page, the cookie, and the way back.

use crate::harness::browser::{ACCEPT, Page, get, post};
use crate::harness::{Harness, NIL, check_in};
use crons_server::Settings;

const TOKEN: &str = "open-sesame-0123456789";
const NAVIGATE: (&str, &str) = ("sec-fetch-mode", "navigate");

fn guarded(token: &str) -> Harness {
    Harness::with("10:00:00", Settings { admin_token: Some(token.parse().unwrap()), ..Settings::default() })
}

/// Returns whether an answer is the form that signs in.
fn is_sign_in(page: &Page) -> bool {
    page.body.contains("action=\"/sign-in\"") && page.body.contains("type=\"password\"")
}

/// Signs a browser in, and returns its cookie as it sends it back.
fn signed_in(server: &Harness) -> String {
    let answer = post(server, "/sign-in", &[], &[("token", TOKEN)]);
    assert_eq!(answer.redirect(), (303, "/"), "{}", answer.body);
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

#[test]
fn a_navigation_without_sign_in_gets_the_page_of_signing_in() {
    let server = guarded(TOKEN);
    server.send("10:00:00", &check_in(NIL, "ok"));
    for headers in [[ACCEPT].as_slice(), &[NAVIGATE], &[ACCEPT, NAVIGATE, ("authorization", "Bearer wrong")]]
    {
        for path in ["/", "/?state=ok", "/nowhere", "/monitors/job"] {
            let page = get(&server, path, headers);
            assert_eq!(page.status, 401, "{path}");
            assert!(is_sign_in(&page) && !page.headers.contains_key("www-authenticate"), "{path}");
            assert!(
                page.body.contains(&format!("name=\"return_to\" value=\"{path}\"")),
                "{path}: {}",
                page.body
            );
            assert_eq!(page.body.matches("job").count(), page.body.matches("/monitors/job").count());
            assert_eq!(page.header("cache-control"), "no-store");
        }
    }
}

#[test]
fn programs_and_the_api_get_401_with_a_challenge() {
    let server = guarded(TOKEN);
    let api = "/api/0/organizations/crons/monitors/";
    for (path, headers) in [
        ("/", vec![]),
        ("/", vec![("accept", "*/*")]),
        (api, vec![]),
        (api, vec![ACCEPT, NAVIGATE]),
        ("/api/0/", vec![ACCEPT]),
    ] {
        let answer = get(&server, path, &headers);
        assert_eq!(answer.status, 401, "{path} {headers:?}");
        assert!(answer.header("www-authenticate").starts_with("Basic "), "{path} {headers:?}");
        assert!(answer.body.contains("Bearer") && answer.body.contains("/sign-in"), "{}", answer.body);
    }
}

#[test]
fn the_script_of_an_open_page_is_not_challenged() {
    let server = guarded(TOKEN);
    for path in ["/live?monitor=job", "/timeline/job?since=2024-06-03T10:00:00Z&until=2024-06-03T10:10:00Z"] {
        let answer = get(&server, path, &[("accept", "text/event-stream")]);
        assert_eq!(answer.status, 401, "{path}");
        // The browser would ask for a password in a window of its own.
        assert!(!answer.headers.contains_key("www-authenticate"), "{path}");
    }
}

#[test]
fn the_token_signs_in_and_leads_to_the_page_that_was_asked_for() {
    let server = guarded(TOKEN);
    for path in ["/", "/?cursor=25:0:0", "/monitors/job?page=2"] {
        let answer = post(&server, "/sign-in", &[], &[("token", TOKEN), ("return_to", path)]);
        assert_eq!(answer.redirect(), (303, path));
        assert!(
            !answer.header("set-cookie").contains(TOKEN) && !answer.header("set-cookie").contains("Secure")
        );
    }
    let cookie = signed_in(&server);
    for path in ["/", "/api/0/organizations/crons/monitors/"] {
        assert_eq!(get(&server, path, &[("cookie", &cookie)]).status, 200, "{path}");
        // A browser may remember the password of a former token.
        let both = [("cookie", cookie.as_str()), ("authorization", "Bearer of-another-time")];
        assert_eq!(get(&server, path, &both).status, 200, "{path}");
    }
    let again = get(&server, "/sign-in?return_to=/x", &[("cookie", &cookie)]);
    assert_eq!(again.redirect(), (303, "/x"));
}

#[test]
fn a_wrong_token_is_told_and_signs_nobody_in() {
    let server = guarded(TOKEN);
    for token in ["", "open-sesame-012345678", "Open-Sesame-0123456789", "<script>"] {
        let answer = post(&server, "/sign-in", &[ACCEPT], &[("token", token), ("return_to", "/?state=ok")]);
        assert_eq!(answer.status, 401, "{token}");
        assert!(
            is_sign_in(&answer) && answer.body.contains("This is not the admin token"),
            "{}",
            answer.body
        );
        assert!(answer.body.contains("value=\"/?state=ok\"") && !answer.body.contains("<script>"));
        assert!(
            !answer.headers.contains_key("set-cookie") && !answer.headers.contains_key("www-authenticate")
        );
    }
}

#[test]
fn an_address_of_another_server_is_refused() {
    let server = guarded(TOKEN);
    for address in ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil"]
    {
        let answer = post(&server, "/sign-in", &[], &[("token", TOKEN), ("return_to", address)]);
        assert_eq!(answer.status, 400, "{address}");
        assert!(answer.body.contains("return_to: "), "{}", answer.body);
        assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("set-cookie"));
    }
    let asked = get(&server, "/sign-in?return_to=%2F%2Fevil.example", &[ACCEPT]);
    assert_eq!(asked.status, 400);
    assert_eq!(get(&server, "/sign-in?next=/", &[]).status, 400);
}

#[test]
fn the_cookie_is_secure_where_the_browser_speaks_https() {
    let server = guarded(TOKEN);
    for (headers, secure) in [
        (vec![("x-forwarded-proto", "https")], true),
        (vec![("x-forwarded-proto", "HTTPS, http")], true),
        (vec![("x-forwarded-proto", "http, https")], false),
        (vec![("host", "crons.example"), ("origin", "https://crons.example")], true),
        (vec![("host", "crons.example"), ("origin", "http://crons.example")], false),
        (vec![], false),
    ] {
        for (path, form) in [("/sign-in", vec![("token", TOKEN)]), ("/sign-out", vec![])] {
            let answer = post(&server, path, &headers, &form);
            assert_eq!(answer.status, 303, "{path} {headers:?}");
            let cookie = answer.header("set-cookie");
            assert_eq!(cookie.contains("; Secure"), secure, "{path} {headers:?}: {cookie}");
            assert!(cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
        }
    }
}

#[test]
fn another_token_revokes_the_cookie_and_so_does_time() {
    let server = guarded(TOKEN);
    let cookie = signed_in(&server);
    assert_eq!(get(&guarded("open-sesame-9876543210"), "/", &[("cookie", &cookie)]).status, 401);
    for (time, status) in [("2024-07-03T09:59:59Z", 200), ("2024-07-03T10:00:00Z", 401)] {
        server.set_clock(time);
        assert_eq!(get(&server, "/", &[("cookie", &cookie)]).status, status, "{time}");
    }
}

#[test]
fn signing_out_takes_the_cookie_back() {
    let server = guarded(TOKEN);
    let cookie = signed_in(&server);
    assert!(get(&server, "/", &[("cookie", &cookie)]).body.contains("action=\"/sign-out\""));
    let out = post(&server, "/sign-out", &[("cookie", &cookie)], &[]);
    assert_eq!(out.redirect(), (303, "/sign-in"));
    assert!(out.header("set-cookie").starts_with("crons_session=; Path=/; Max-Age=0;"), "{:?}", out.headers);
    assert_eq!(get(&server, "/sign-out", &[]).status, 405);
}

#[test]
fn a_page_of_another_site_can_neither_sign_in_nor_out() {
    let server = guarded(TOKEN);
    for origin in ["https://evil.example", "null"] {
        for path in ["/sign-in", "/sign-out"] {
            let answer = post(&server, path, &[("origin", origin)], &[("token", TOKEN)]);
            assert_eq!(answer.status, 403, "{path} from {origin}");
            assert!(!answer.headers.contains_key("set-cookie"));
        }
    }
}

#[test]
fn a_link_on_another_site_is_asked_for_again_with_the_cookie() {
    let server = guarded(TOKEN);
    for (site, reloads) in [("cross-site", true), ("same-origin", false), ("none", false)] {
        let page = get(&server, "/monitors/job", &[NAVIGATE, ("sec-fetch-site", site)]);
        assert_eq!((page.status, page.header("refresh") == "0"), (401, reloads), "{site}");
    }
}

#[test]
fn a_server_without_a_token_asks_nobody_to_sign_in() {
    let server = Harness::at("10:00:00");
    assert!(!get(&server, "/", &[ACCEPT]).body.contains("/sign-out"));
    for answer in [
        get(&server, "/sign-in", &[]),
        get(&server, "/sign-in?return_to=/", &[]),
        post(&server, "/sign-in", &[], &[("token", "anything")]),
    ] {
        assert_eq!(answer.redirect(), (303, "/"));
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[test]
fn a_body_that_is_no_form_is_refused() {
    let server = guarded(TOKEN);
    for (kind, body, status) in [
        ("application/json", "{}".to_owned(), 415),
        ("text/plain", "token=x".to_owned(), 415),
        ("application/x-www-form-urlencoded", "token=%FF".to_owned(), 400),
        ("application/x-www-form-urlencoded", "token=a&token=b".to_owned(), 400),
        ("application/x-www-form-urlencoded", format!("token={TOKEN}&next=/"), 400),
        ("application/x-www-form-urlencoded", "x".repeat(300_000), 413),
    ] {
        let answer = server.post("/sign-in", &[("content-type", kind)], body.as_bytes());
        assert_eq!(answer.status, status, "{kind}: {answer:?}");
    }
}
