//! CORS on ingest routes, as in Relay: pages of any origin may send requests and read the answers. The public key authenticates them.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

/// The headers of a request that pages may set.
const ALLOWED: HeaderValue = HeaderValue::from_static(
    "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, \
     authorization, content-encoding, transfer-encoding, sentry-trace, baggage, traceparent",
);
/// The headers of an answer that pages may read.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-sentry-error, x-sentry-rate-limits, retry-after");
/// The headers of an answer to `OPTIONS`, which a browser may cache for an hour.
const PREFLIGHT: [(HeaderName, HeaderValue); 4] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600")),
    (
        header::VARY,
        HeaderValue::from_static("origin, access-control-request-method, access-control-request-headers"),
    ),
];

/// Allows pages of any origin to send requests and to read the answers.
pub async fn cors(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = allow_any_origin(next.run(request).await);
    if is_preflight {
        response.headers_mut().extend(PREFLIGHT);
    }
    response
}

/// Allows pages of any origin to read an answer.
pub fn allow_any_origin(mut response: Response) -> Response {
    response.headers_mut().extend([
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
    ]);
    response
}
