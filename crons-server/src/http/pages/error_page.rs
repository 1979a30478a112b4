//! Refused requests as pages: a browser that navigates gets a document in place of JSON, and the page of signing in where it needs the
//! admin token.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::document::{HTML, Head, bare_document};
use super::sign_in;
use crate::http::error::Logged;

/// Answers errors as pages if the client prefers HTML, as a browser that navigates does; an error that is a page stays as it is. Requests of the pages' script get no challenge: the
/// browser would ask for a user name and a password in a window of its own, again and again while a page is open.
pub async fn errors_as_pages(request: Request, next: Next) -> Response {
    if !prefers_html(request.headers()) {
        let is_of_script = is_of_script(request.uri().path());
        let mut response = next.run(request).await;
        if is_of_script {
            response.headers_mut().remove(header::WWW_AUTHENTICATE);
        }
        return response;
    }
    let (headers, uri, is_read) =
        (request.headers().clone(), request.uri().clone(), request.method().is_safe());
    let response = next.run(request).await;
    let Some(Logged(detail)) = response.extensions().get().cloned() else { return response };
    if response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == HTML.as_bytes()) {
        return response;
    }
    let status = response.status();
    if status == StatusCode::UNAUTHORIZED {
        return match uri.path() {
            path if path.starts_with("/api/") => response,
            path => {
                let asked = uri.path_and_query().map_or(path, |asked| asked.as_str());
                sign_in::offer(is_read.then_some(asked), &headers)
            }
        };
    }
    let title = status.canonical_reason().unwrap_or("Error");
    let content = html! {
        h1 { (title) }
        p.detail { (&*detail) }
        p {
            @if status == StatusCode::NOT_FOUND || status == StatusCode::BAD_REQUEST {
                a href="/" { "All monitors" }
            }
        }
    };
    let mut page = bare_document(&Head { title, state: None }, &content);
    *page.status_mut() = status;
    // The header with the reason, `Allow` and the like stay, and so does the mark for the log.
    let (mut parts, _) = response.into_parts();
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::VARY] {
        parts.headers.remove(name);
    }
    page.headers_mut().extend(parts.headers);
    page.extensions_mut().extend(parts.extensions);
    page.into_response()
}

/// Whether only the script of pages asks for this path.
fn is_of_script(path: &str) -> bool {
    path == "/live" || path.starts_with("/timeline/")
}

/// Whether a request asks for HTML by name, or is a navigation of a browser; `*/*`, which programs send, is none.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    if headers.get("sec-fetch-mode").is_some_and(|mode| mode.as_bytes() == b"navigate") {
        return true;
    }
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().split(';').next() == Some("text/html"))
}
