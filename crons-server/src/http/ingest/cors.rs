//! CORS on ingest routes, as Relay has it: any page may send, and read the answer. The key is what lets a request in.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

/// Headers of a request that pages may set.
const ALLOWED: HeaderValue = HeaderValue::from_static(
    "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, \
     authorization, content-encoding, transfer-encoding, sentry-trace, baggage, traceparent",
);
/// Headers of an answer that pages may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-sentry-error, x-sentry-rate-limits, retry-after");
/// What an answer to `OPTIONS` says to a browser, which may remember it for an hour.
const PREFLIGHT: [(HeaderName, HeaderValue); 4] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600")),
    (
        header::VARY,
        HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers"),
    ),
];

/// Lets pages of any origin send a request, and read the answer to it.
pub async fn cors(request: Request, next: Next) -> Response {
    let asks_first = request.method() == Method::OPTIONS;
    let mut response = readable_by_pages(next.run(request).await);
    if asks_first {
        response.headers_mut().extend(PREFLIGHT);
    }
    response
}

/// Lets pages of any origin read an answer.
pub fn readable_by_pages(mut response: Response) -> Response {
    response.headers_mut().extend([
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
    ]);
    response
}
