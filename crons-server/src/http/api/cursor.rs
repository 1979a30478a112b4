//! Sentry's way through long lists: cursors `{limit}:{offset}:{backwards}` in the `Link` header.

use axum::http::{HeaderName, header};

use super::request::ORGANIZATION;
use crate::http::error::Refusal;

/// How many to leave out.
pub fn offset(cursor: Option<&str>) -> Result<u32, Refusal> {
    let Some(cursor) = cursor else { return Ok(0) };
    let offset = cursor.split(':').nth(1).and_then(|offset| offset.parse().ok());
    offset.ok_or_else(|| {
        Refusal::bad_request(format!(
            "cursor: {cursor:?} is none; take it from the Link header of the page before"
        ))
    })
}

/// The header that leads to the pages before and after this one of `list`, with the same query.
pub fn links(
    list: &str,
    query: &[(&str, Option<String>)],
    skip: u32,
    limit: u32,
    more: bool,
) -> [(HeaderName, String); 1] {
    let given = query.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
    let query = given.map(|(name, value)| format!("{name}={}&", percent_encoded(value)));
    let query = query.collect::<Vec<_>>().concat();
    let link = |offset: u32, direction: &str, results: bool| {
        let cursor = format!("{limit}:{offset}:{}", u8::from(direction == "previous"));
        format!(
            "</api/0/organizations/{ORGANIZATION}/{list}?{query}cursor={cursor}>; rel=\"{direction}\"; \
             results=\"{results}\"; cursor=\"{cursor}\""
        )
    };
    let previous = link(skip.saturating_sub(limit), "previous", skip > 0);
    [(header::LINK, format!("{previous}, {}", link(skip.saturating_add(limit), "next", more)))]
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(encode).collect()
}
