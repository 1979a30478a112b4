//! Values of the header, and bodies that fit them or do not.

use std::io::Write;

use axum::http::HeaderValue;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use proptest::prelude::*;

use super::*;

const MOST: usize = 64 * 1024;

fn named(values: &[&str]) -> Result<Vec<Coding>, EncodingError> {
    let values = values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()).unwrap());
    codings(&values.map(|value| (header::CONTENT_ENCODING, value)).collect())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn encode(coding: Coding, bytes: &[u8]) -> Vec<u8> {
    match coding {
        Coding::Gzip => gzip(bytes),
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Coding::Brotli => {
            let mut encoded = Vec::new();
            brotli::CompressorReader::new(bytes, 4096, 5, 20).read_to_end(&mut encoded).unwrap();
            encoded
        }
        Coding::Zstd => zstd::encode_all(bytes, 3).unwrap(),
    }
}

const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

#[test]
fn values_that_stand_for_a_plain_body_name_no_coding() {
    for value in [
        "",
        " ",
        ",",
        "identity",
        "Identity",
        "identity, identity",
        "utf-8",
        "UTF-8",
        "utf8",
        "\"utf-8\"",
        "charset=utf-8",
        "us-ascii",
        "iso-8859-1",
        "ISO-8859-15",
        "windows-1252",
        "binary",
        "8bit",
        "none",
        "null",
    ] {
        assert_eq!(named(&[value]), Ok(vec![]), "{value:?}");
    }
    assert_eq!(named(&[]), Ok(vec![]));
    assert_eq!(named(&["", "utf-8"]), Ok(vec![]));
}

#[test]
fn codings_are_read_in_any_spelling_and_in_order() {
    use Coding::{Brotli, Deflate, Gzip, Zstd};
    for (values, expected) in [
        (&["gzip"][..], vec![Gzip]),
        (&["GZip "], vec![Gzip]),
        (&["x-gzip"], vec![Gzip]),
        (&["deflate"], vec![Deflate]),
        (&["BR"], vec![Brotli]),
        (&["zstd"], vec![Zstd]),
        (&["gzip, identity"], vec![Gzip]),
        (&["identity,gzip"], vec![Gzip]),
        (&["utf-8, gzip"], vec![Gzip]),
        (&["deflate ,\tgzip"], vec![Deflate, Gzip]),
        (&["deflate", "gzip"], vec![Deflate, Gzip]),
        (&["", "gzip", "identity"], vec![Gzip]),
    ] {
        assert_eq!(named(values), Ok(expected), "{values:?}");
    }
}

#[test]
fn other_values_are_refused_by_name() {
    for (value, shown) in [
        ("compress", "\"compress\""),
        ("gzip, Snappy", "\"Snappy\""),
        ("gzip;q=1", "\"gzip;q=1\""),
        ("base64", "\"base64\""),
        ("utf-16", "\"utf-16\""),
        ("gz\u{ef}p", "\"gzïp\""),
    ] {
        let message = named(&[value]).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("Content-Encoding: {shown} is not supported; allowed are gzip")),
            "{message}"
        );
    }
    let long = named(&[&"x".repeat(1000)]).unwrap_err().to_string();
    assert!(long.len() < 300, "{long}");
    assert_eq!(named(&["gzip, gzip, gzip, gzip, gzip"]), Err(EncodingError::TooMany(5)));
}

#[test]
fn several_members_or_frames_are_one_body() {
    let both = [gzip(b"{\"a\""), gzip(b":1}")].concat();
    assert_eq!(decode(both.clone(), &[Coding::Gzip], MOST), Ok(b"{\"a\":1}".to_vec()));
    let padded = [both, vec![0; 512]].concat();
    assert_eq!(decode(padded, &[Coding::Gzip], MOST), Ok(b"{\"a\":1}".to_vec()));
    let frames = [encode(Coding::Zstd, b"{\"a\""), encode(Coding::Zstd, b":1}")].concat();
    assert_eq!(decode(frames, &[Coding::Zstd], MOST), Ok(b"{\"a\":1}".to_vec()));
}

#[test]
fn deflate_is_read_with_and_without_the_frame_of_zlib() {
    let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
    bare.write_all(b"{\"a\":1}").unwrap();
    for body in [bare.finish().unwrap(), encode(Coding::Deflate, b"{\"a\":1}")] {
        assert_eq!(decode(body, &[Coding::Deflate], MOST), Ok(b"{\"a\":1}".to_vec()));
    }
}

#[test]
fn a_request_without_a_body_may_name_a_coding() {
    for coding in ALL {
        assert_eq!(decode(Vec::new(), &[coding], MOST), Ok(Vec::new()));
    }
}

#[test]
fn no_body_becomes_larger_than_the_bound() {
    let bomb = vec![b'x'; 16 * MOST];
    for coding in ALL {
        assert_eq!(
            decode(encode(coding, &bomb), &[coding], MOST),
            Err(EncodingError::TooLarge),
            "{coding:?}"
        );
        let exact = vec![b'x'; MOST];
        assert_eq!(decode(encode(coding, &exact), &[coding], MOST), Ok(exact), "{coding:?}");
        // The body is a bomb within a bomb.
        let nested = encode(Coding::Gzip, &encode(coding, &vec![b'x'; 16 * MOST]));
        assert_eq!(decode(nested, &[coding, Coding::Gzip], MOST), Err(EncodingError::TooLarge), "{coding:?}");
    }
    let many = gzip(b"").repeat(MAX_MEMBERS + 1);
    let refused = decode(many, &[Coding::Gzip], MOST).unwrap_err().to_string();
    assert!(refused.contains("more than 1024 members"), "{refused}");
    let window = decode(vec![0x11, 0x1e, 0, 0, 0, 0], &[Coding::Brotli], MOST).unwrap_err().to_string();
    assert!(window.contains("larger than 16 MiB"), "{window}");
    // The frame has a window of 128 MiB.
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&bomb).unwrap();
    let refused = decode(encoder.finish().unwrap(), &[Coding::Zstd], MOST).unwrap_err();
    assert!(matches!(refused, EncodingError::Malformed(Coding::Zstd, _)), "{refused}");
}

#[test]
fn what_is_cut_off_or_something_else_is_malformed() {
    let text =
        br#"{"monitor_slug": "job", "status": "ok", "check_in_id": "0123456789abcdef0123456789abcdef"}"#;
    for coding in ALL {
        let encoded = encode(coding, text);
        for body in [encoded[..encoded.len() - 1].to_vec(), encoded[..9].to_vec(), text.to_vec()] {
            let refused = decode(body, &[coding], MOST).unwrap_err();
            assert!(matches!(&refused, EncodingError::Malformed(of, _) if *of == coding), "{refused}");
            let message = refused.to_string();
            assert!(
                message.contains(&format!("it says {0}, and the body is not valid {0}", coding.name())),
                "{message}"
            );
        }
    }
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(
        body in prop::collection::vec(any::<u8>(), 1..2048),
        stack in prop::collection::vec(prop::sample::select(ALL.to_vec()), 0..=MAX_CODINGS),
    ) {
        let encoded = stack.iter().fold(body.clone(), |body, coding| encode(*coding, &body));
        prop_assert_eq!(decode(encoded, &stack, MOST), Ok(body));
    }

    #[test]
    fn any_bytes_are_decoded_within_the_bound_or_refused(
        mut body in prop::collection::vec(any::<u8>(), 0..512),
        coding in prop::sample::select(ALL.to_vec()),
        start in prop::option::of(0..64_usize),
    ) {
        // Half of the inputs begin as they should.
        if let Some(start) = start {
            let good = encode(coding, b"{\"a\": [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]}");
            body.splice(..0, good.into_iter().take(start));
        }
        if let Ok(decoded) = decode(body, &[coding], 1024) {
            prop_assert!(decoded.len() <= 1024);
        }
    }

    #[test]
    fn any_value_of_the_header_is_read_or_refused(value in "[ -~\t]{0,40}") {
        if let Ok(value) = HeaderValue::from_str(&value) {
            let _ = codings(&[(header::CONTENT_ENCODING, value)].into_iter().collect());
        }
    }
}
