//! The page that a form leads to: only pages of this server, since a link to a form could otherwise redirect to any site.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::http::error::HttpError;
use crate::http::query::QueryPairs;

/// The field with the page to go to.
pub(super) const RETURN_TO: &str = "return_to";

/// Redirects a browser to a page of this server by 303, so that it asks by GET.
pub(super) fn see_other(path: &str) -> Response {
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, path.to_owned()), (header::CACHE_CONTROL, "no-store".to_owned())],
    )
        .into_response()
}

/// The page that a form names; `default` if it names none.
///
/// # Errors
/// If it is on another server.
pub(super) fn return_to(fields: &QueryPairs, default: &str) -> Result<String, HttpError> {
    match fields.value(RETURN_TO)?.filter(|written| !written.is_empty()) {
        Some(written) => checked(written),
        None => Ok(default.to_owned()),
    }
}

/// The page at this path.
///
/// # Errors
/// If it is on another server.
pub(super) fn checked(written: &str) -> Result<String, HttpError> {
    own_path(written).map(str::to_owned).ok_or_else(|| {
        let written: String = written.chars().take(80).collect();
        HttpError::bad_request(format!(
            "{RETURN_TO}: {written:?} is no page of this server; write a path such as /monitors/backup, or leave it out"
        ))
    })
}

/// The path if browsers take it for one of this server; `None` otherwise, and for signing in and out, which would be a loop.
pub(super) fn own_path(written: &str) -> Option<&str> {
    // Browsers read `\` as `/`, skip tabs and line breaks, and take `//host` for another server.
    let is_plain = written.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_path = written.starts_with('/') && !written.starts_with("//");
    let path = written.split(['?', '#']).next().unwrap_or_default();
    let leads_back = matches!(path.trim_end_matches('/'), "/sign-in" | "/sign-out");
    (is_plain && is_path && !leads_back).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_are_returned_to() {
        for path in
            ["/", "/monitors/backup", "/?state=failed&window=7d", "/monitors/a%20b?page=2#runs", "/x//y"]
        {
            assert_eq!(own_path(path), Some(path));
        }
        for path in [
            "",
            "monitors",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "/caf\u{e9}",
            "javascript:alert(1)",
            "/sign-in",
            "/sign-in/?return_to=/",
            "/sign-out",
        ] {
            assert_eq!(own_path(path), None, "{path:?}");
        }
    }
}
