//! Refused requests as pages: a browser that navigates gets a document in place of JSON.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::document::{Head, bare_document};
use crate::http::error::Logged;

/// Answers errors as pages if the client prefers HTML, as a browser that navigates does.
pub async fn errors_as_pages(request: Request, next: Next) -> Response {
    let prefers_html = prefers_html(request.headers());
    let response = next.run(request).await;
    let Some(Logged(detail)) = response.extensions().get().cloned() else { return response };
    if !prefers_html {
        return response;
    }
    let status = response.status();
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

/// Whether a request asks for HTML by name; `*/*`, which programs send, is none.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|kind| kind.trim().split(';').next() == Some("text/html"))
}
