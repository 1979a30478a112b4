//! Pages of long lists, as at Sentry: cursors `{limit}:{offset}:{backwards}` in the `Link` header.

use axum::http::{HeaderName, header};

use super::request::ORGANIZATION;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;
use crate::quote::quoted;
use crate::store::PageRequest;

/// The most rows of a page, as at Sentry.
const MAX_PER_PAGE: u32 = 100;

/// The parameters of a query that choose a page.
pub(super) const PAGING: [&str; 2] = ["per_page", "cursor"];

/// The page that a query asks for: the first one, as long as a page can be, if it does not say.
///
/// # Errors
/// If `per_page` is no number, or `cursor` is no cursor.
pub fn page_request(query: &QueryPairs) -> Result<PageRequest, HttpError> {
    let [limit, skip] = PAGING;
    Ok(PageRequest { limit: per_page(query.value(limit)?)?, skip: offset(query.value(skip)?)? })
}

/// The number of rows of a page; the most there can be if the query does not say.
fn per_page(given: Option<&str>) -> Result<u32, HttpError> {
    let Some(given) = given else { return Ok(MAX_PER_PAGE) };
    let count: u32 = given.parse().map_err(|_| {
        let given = quoted(given);
        HttpError::bad_request(format!(
            "per_page: {given} is no whole number; write one from 1 to {MAX_PER_PAGE}"
        ))
    })?;
    Ok(count.clamp(1, MAX_PER_PAGE))
}

/// The number of rows before the page.
pub(super) fn offset(cursor: Option<&str>) -> Result<u32, HttpError> {
    let Some(cursor) = cursor else { return Ok(0) };
    let offset = cursor.split(':').nth(1).and_then(|offset| offset.parse().ok());
    offset.ok_or_else(|| {
        let cursor = quoted(cursor);
        HttpError::bad_request(format!(
            "cursor: {cursor} is none; take it from the Link header of the page before"
        ))
    })
}

/// The header that leads to the pages before and after this one of `list`, with the same query.
pub fn links(
    list: &str,
    query: &[(&str, Option<String>)],
    PageRequest { skip, limit }: PageRequest,
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
