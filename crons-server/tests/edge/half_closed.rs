//! Tests of clients that close their side after the request, and wait for the answer.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use crons_server::{ConnectionLimits, RateLimit, Settings};
use serde_json::json;

use crate::encodings::envelope;
use crate::harness::{Harness, KEY, check_in, id};
use crate::raw::{connect, request, send_and_close};

#[test]
fn a_client_that_closes_its_side_is_answered_on_every_route() {
    let server = Harness::at("10:00:00");
    let chunked = {
        let body = envelope(&check_in(&id('b'), "ok"));
        let head = format!(
            "POST /api/1/envelope/?sentry_key={KEY} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        [format!("{head}{:x}\r\n", body.len()).into_bytes(), body, b"\r\n0\r\n\r\n".to_vec()].concat()
    };
    let get = |path: &str| request(&format!("GET {path}"), &[], b"");
    for (case, bytes, status) in [
        (
            "envelope",
            request(
                &format!("POST /api/1/envelope/?sentry_key={KEY}"),
                &[],
                &envelope(&check_in(&id('a'), "ok")),
            ),
            200,
        ),
        ("chunked envelope", chunked, 200),
        ("cron", get(&format!("/api/1/cron/job/{KEY}/?status=ok")), 202),
        (
            "cron by POST",
            request(
                &format!("POST /api/1/cron/job/{KEY}/"),
                &[("content-type", "application/json")],
                b"{\"status\":\"ok\"}",
            ),
            202,
        ),
        ("HTTP/1.0", format!("GET /api/1/cron/job/{KEY}/?status=ok HTTP/1.0\r\n\r\n").into_bytes(), 202),
        (
            "to be closed",
            request(&format!("GET /api/1/cron/job/{KEY}/?status=ok"), &[("connection", "close")], b""),
            202,
        ),
        ("API", get("/api/0/organizations/crons/monitors/"), 200),
        ("page", get("/"), 200),
        ("health", get("/health"), 200),
        ("nothing", get("/nowhere"), 404),
        ("store", request(&format!("POST /api/1/store/?sentry_key={KEY}"), &[], b"{}"), 200),
        ("refused", request("POST /api/1/envelope/", &[], b"{}"), 403),
    ] {
        let answers = send_and_close(&server, &bytes, false);
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [status], "{case}");
    }
    assert_eq!(server.check_ins("job").len(), 6);
}

#[test]
fn requests_that_were_sent_at_once_are_all_answered_in_order() {
    let settings = Settings { rate_limit: RateLimit::OFF, ..Settings::default() };
    let server = Harness::with("10:00:00", settings);
    let post = |number: u128, status: &str| {
        let line = format!("POST /api/1/envelope/?sentry_key={KEY}");
        request(&line, &[], &envelope(&check_in(&format!("{number:032x}"), status)))
    };
    let bytes = (1..=20).flat_map(|number| post(number, "ok")).collect::<Vec<u8>>();
    let bytes = [bytes, request("GET /nowhere", &[], b""), post(21, "bogus")].concat();
    let answers = send_and_close(&server, &bytes, false);
    let ids: Vec<_> = answers[..20].iter().map(|answer| answer.json()["id"].clone()).collect();
    assert_eq!(ids, (1..=20).map(|number| json!(format!("{number:032x}"))).collect::<Vec<_>>());
    assert_eq!((answers[20].status, answers[21].status, answers.len()), (404, 200, 22));
    assert_eq!(server.check_ins("job").len(), 20);
}

#[test]
fn a_body_cut_off_by_the_close_is_not_stored() {
    let server = Harness::at("10:00:00");
    let whole = request(
        &format!("POST /api/1/envelope/?sentry_key={KEY}"),
        &[],
        &envelope(&check_in(&id('a'), "ok")),
    );
    let answers = send_and_close(&server, &whole[..whole.len() - 1], false);
    assert!(answers.iter().all(|answer| answer.status == 400), "{answers:?}");
    assert_eq!(server.get("/api/0/organizations/crons/monitors/").body, json!([]));
}

#[test]
fn a_client_that_is_gone_holds_no_connection() {
    // The limit of connections is low, so connections that stay would keep the last check-in out.
    let mut limits = ConnectionLimits::default();
    (limits.connections, limits.headers) = (Some(20), Duration::from_secs(3600));
    let server = Harness::with(
        "10:00:00",
        Settings { connection_limits: limits, rate_limit: RateLimit::OFF, ..Settings::default() },
    );
    for _ in 0..50 {
        let mut idle = connect(&server);
        idle.write_all(&request("GET /health", &[], b"")).unwrap();
        idle.shutdown(Shutdown::Write).unwrap();
        // The server ends it as soon as it has answered: nothing more can come.
        idle.read_to_end(&mut Vec::new()).unwrap();
        let mut silent = connect(&server);
        silent.shutdown(Shutdown::Write).unwrap();
        assert_eq!(silent.read_to_end(&mut Vec::new()).unwrap(), 0);
        let mut cut = connect(&server);
        cut.write_all(b"GET /health HT").unwrap();
        cut.shutdown(Shutdown::Write).unwrap();
        cut.read_to_end(&mut Vec::new()).unwrap();
    }
    assert_eq!(server.send("10:00:00", &check_in(&id('a'), "ok")).status, 200);
}
