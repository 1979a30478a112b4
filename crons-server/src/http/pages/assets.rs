//! The files that pages load: style sheet, script and icon. They have no data and need no token. Browsers cache them without asking again,
//! since their addresses have a hash of the content.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::health::Health;
use crate::http::error::HttpError;
use crate::http::query::QueryPairs;

/// A file that is compiled in, with the hash of its content.
pub(super) struct Asset {
    content: &'static str,
    content_type: &'static str,
    hash: LazyLock<String>,
}

pub(super) static STYLE: Asset = Asset {
    content: include_str!("style.css"),
    content_type: "text/css; charset=utf-8",
    hash: LazyLock::new(|| hash(include_str!("style.css"))),
};

/// The script of all pages, in one scope. Pages can be read without it; it keeps times and rows up to date, and saves reloads.
const SCRIPT_CONTENT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("script/times.js"),
    include_str!("script/controls.js"),
    include_str!("script/timelines.js"),
    include_str!("script/live.js"),
    "})();\n"
);

pub(super) static SCRIPT: Asset = Asset {
    content: SCRIPT_CONTENT,
    content_type: "text/javascript; charset=utf-8",
    hash: LazyLock::new(|| hash(SCRIPT_CONTENT)),
};

/// The hash of a content, in hexadecimal digits. Another build may hash differently, and browsers then load the file once more.
fn hash(content: &str) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

impl Asset {
    /// The query string of the file's address.
    pub(super) fn version(&self) -> String {
        format!("?v={}", *self.hash)
    }

    /// The file; 304 if the browser has it.
    fn answer(&self, query: &QueryPairs, headers: &HeaderMap) -> Result<Response, HttpError> {
        let is_current = query.value("v")? == Some(self.hash.as_str());
        // Weak, since the file is compressed on the way.
        let tag = format!("W/\"{}\"", *self.hash);
        let is_known = headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|given| given.to_str().ok())
            .any(|given| given.contains(self.hash.as_str()));
        // An address without the hash of this content may get another content with the next version.
        let kept = if is_current { "public, max-age=31536000, immutable" } else { "no-cache" };
        let head = [(header::ETAG, tag), (header::CACHE_CONTROL, kept.to_owned())];
        if is_known {
            return Ok((StatusCode::NOT_MODIFIED, head).into_response());
        }
        Ok((head, [(header::CONTENT_TYPE, self.content_type)], self.content).into_response())
    }
}

/// `GET /style.css`
pub async fn style(query: QueryPairs, headers: HeaderMap) -> Result<Response, HttpError> {
    STYLE.answer(&query, &headers)
}

/// `GET /script.js`
pub async fn script(query: QueryPairs, headers: HeaderMap) -> Result<Response, HttpError> {
    SCRIPT.answer(&query, &headers)
}

/// `GET /favicon.svg?state=..`: the icon in the colour and shape of a state; a clock without the parameter.
pub async fn favicon(query: QueryPairs) -> Result<Response, HttpError> {
    let state = query.value("state")?.map(Health::of_query).transpose()?;
    let head = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=86400")];
    Ok((head, icon(state).into_string()).into_response())
}

/// The icon: a green tick where all is well, a full disc with the sign of the failure, else a grey clock. Colours are written out, since an
/// icon cannot load the style sheet.
fn icon(state: Option<Health>) -> Markup {
    let (ground, edge, hand, sign) = match state {
        Some(Health::Failed) => ("#c11c2b", "#c11c2b", "#fff", "M11 11l10 10M21 11L11 21"),
        Some(Health::TimedOut) => ("#c11c2b", "#c11c2b", "#fff", "M16 8v9h7"),
        Some(Health::Missed) => ("#f0b429", "#8a5a00", "#1b1f24", "M16 8v9M16 23v.5"),
        Some(Health::Ok | Health::InProgress) => ("#fff", "#1a7f37", "#1a7f37", "M10 16.5l4.5 4.5 8-9"),
        _ => ("#fff", "#57606a", "#57606a", "M16 9v7l5 3"),
    };
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" {
            circle cx="16" cy="16" r="13" fill=(ground) stroke=(edge) stroke-width="4" {}
            path d=(sign) fill="none" stroke=(hand) stroke-width="4" stroke-linecap="round" {}
        }
    }
}
