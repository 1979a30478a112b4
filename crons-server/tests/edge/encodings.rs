//! Tests of `Content-Encoding`, on every route that takes a body.

use std::io::{Read, Write};

use serde_json::json;

use crate::harness::{Harness, KEY, check_in, id};
use crate::raw::{ask, request, send_and_close};

pub fn envelope(check_in: &serde_json::Value) -> Vec<u8> {
    format!("{{}}\n{{\"type\":\"check_in\"}}\n{check_in}").into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn halves(bytes: &[u8]) -> Vec<u8> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    [gzip(first), gzip(second)].concat()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    brotli::CompressorReader::new(bytes, 4096, 5, 20).read_to_end(&mut encoded).unwrap();
    encoded
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

fn plain(bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}

type Encode = fn(&[u8]) -> Vec<u8>;

/// The headers of real clients, namely sentry-ruby (empty), the old SDK for Android (`UTF-8`) and a Relay (`zstd`), and those of others.
const CASES: [(&[&str], Encode); 18] = [
    (&[""], plain),
    (&["UTF-8"], plain),
    (&["utf-8"], plain),
    (&["identity"], plain),
    (&["none"], plain),
    (&["gzip"], gzip),
    (&["GZIP"], gzip),
    (&["x-gzip"], gzip),
    (&["gzip"], halves),
    (&["deflate"], deflate),
    (&["br"], brotli),
    (&["zstd"], zstd),
    (&["Zstd"], zstd),
    (&["gzip, identity"], gzip),
    (&["identity ,gzip"], gzip),
    (&["", "gzip"], gzip),
    (&["deflate, gzip"], |body| gzip(&deflate(body))),
    (&["br", "zstd"], |body| zstd(&brotli(body))),
];

#[test]
fn every_encoding_of_a_client_is_read_on_every_route() {
    let server = Harness::with(
        "10:00:00",
        crons_server::Settings { rate_limit: crons_server::RateLimit::OFF, ..Default::default() },
    );
    for (number, (encodings, encode)) in CASES.iter().enumerate() {
        let mut headers: Vec<_> = encodings.iter().map(|value| ("content-encoding", *value)).collect();
        let id = |route: u32| format!("{route:016x}{number:016x}");
        let body = encode(&envelope(&check_in(&id(1), "ok")));
        let answer = ask(&server, &format!("POST /api/1/envelope/?sentry_key={KEY}"), &headers, &body);
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!(id(1))), "{encodings:?}: {answer:?}");
        headers.push(("content-type", "application/json"));
        let body = encode(check_in(&id(2), "ok").to_string().as_bytes());
        let answer = ask(&server, &format!("POST /api/1/cron/job/{KEY}/"), &headers, &body);
        assert_eq!((answer.status, answer.header("x-sentry-error")), (202, ""), "{encodings:?}");
    }
    assert_eq!(server.check_ins("job").len(), 2 * CASES.len());
}

#[test]
fn an_unknown_encoding_is_refused_with_its_name() {
    let server = Harness::at("10:00:00");
    let body = envelope(&check_in(&id('a'), "ok"));
    for value in ["compress", "snappy", "gzip, lz4", "utf-16"] {
        let headers = [("content-encoding", value), ("x-sentry-auth", &format!("Sentry sentry_key={KEY}"))];
        for line in ["POST /api/1/envelope/", "POST /api/1/cron/job/"] {
            let answer = ask(&server, line, &headers, &body);
            assert_eq!(answer.status, 415, "{value}");
            let (detail, named) = (answer.detail(), value.rsplit(' ').next().unwrap());
            assert!(
                detail.starts_with(&format!("Content-Encoding: \"{named}\" is not supported")),
                "{detail}"
            );
            for part in ["gzip, deflate, br, zstd and identity", "uncompressed"] {
                assert!(detail.contains(part), "{detail}");
            }
            assert!(!detail.contains("Some("), "{detail}");
            assert_eq!(answer.header("x-sentry-error"), detail);
        }
    }
    assert_eq!(server.get("/api/0/organizations/crons/monitors/").body, json!([]));
}

#[test]
fn a_body_unlike_its_encoding_is_refused() {
    let server = Harness::at("10:00:00");
    let whole = gzip(&envelope(&check_in(&id('a'), "ok")));
    for (encoding, body) in
        [("gzip", &b"{}\n"[..]), ("gzip", &whole[..whole.len() - 5]), ("br", b"{}\n"), ("zstd", &whole)]
    {
        let line = format!("POST /api/1/envelope/?sentry_key={KEY}");
        let answer = ask(&server, &line, &[("content-encoding", encoding)], body);
        assert_eq!(answer.status, 400, "{answer:?}");
        let expected = format!("Content-Encoding: it says {encoding}, and the body is not valid {encoding}");
        assert!(answer.detail().starts_with(&expected), "{answer:?}");
    }
}

#[test]
fn a_body_that_grows_is_refused_in_every_encoding() {
    let server = Harness::at("10:00:00");
    // The body of 8 MiB of one letter is some KiB when compressed.
    let large = vec![b'x'; 8 << 20];
    for (encoding, body) in [
        ("gzip", gzip(&large)),
        ("deflate", deflate(&large)),
        ("br", brotli(&large)),
        ("zstd", zstd(&large)),
        ("zstd, gzip", gzip(&zstd(&large))),
    ] {
        assert!(body.len() < 64 * 1024, "{encoding}");
        let line = format!("POST /api/1/envelope/?sentry_key={KEY}");
        let answers =
            send_and_close(&server, &request(&line, &[("content-encoding", encoding)], &body), false);
        assert_eq!(answers[0].status, 413, "{encoding}");
        assert!(answers[0].detail().contains("larger than 1048576 bytes"), "{:?}", answers[0]);
    }
}
