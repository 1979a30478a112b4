//! Every route of the server, on one screen.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::state::App;
use crate::{api, ingest, pages};

/// The largest body that is taken, after decompression: 1 MiB, as Sentry takes on its check-in URL.
const MAX_BODY: usize = 1024 * 1024;
/// How long a client may leave us waiting for the next piece of a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn router(app: App) -> Router {
    let cron = || get(ingest::cron).post(ingest::cron);
    // Bodies are only taken here, and count as large as they are when unpacked.
    let ingest = Router::new()
        .route("/api/{project}/envelope/", post(ingest::envelope_endpoint))
        .route("/api/{project}/envelope", post(ingest::envelope_endpoint))
        .route("/api/{project}/cron/{slug}", cron())
        .route("/api/{project}/cron/{slug}/", cron())
        .route("/api/{project}/cron/{slug}/{key}", cron())
        .route("/api/{project}/cron/{slug}/{key}/", cron())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(RequestDecompressionLayer::new())
        .layer(RequestBodyTimeoutLayer::new(BODY_TIMEOUT));
    Router::new()
        .route("/", get(pages::index))
        .route("/style.css", get(pages::style))
        .route("/api/0/organizations/{organization}/monitors/", get(api::monitors))
        .route("/api/0/organizations/{organization}/monitors/{slug}/", get(api::monitor))
        .route("/api/0/organizations/{organization}/monitors/{slug}/checkins/", get(api::check_ins))
        .merge(ingest)
        .fallback(not_found)
        .layer(middleware::from_fn(harden))
        .with_state(app)
}

async fn not_found(uri: axum::http::Uri) -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, format!("There is nothing at {}; the list of monitors is at /.\n", uri.path()))
}

/// A page on the web must not reach us through the browser of someone who has opened it, under a name that it has
/// pointed at this machine. And no page of ours runs scripts, is framed, or guesses types.
async fn harden(request: axum::extract::Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 3] = [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(
                "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
            ),
        ),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    if let Some(stranger) = stranger(request.headers()) {
        tracing::warn!(host = stranger, "request refused: meant for another host, or sent by a page of one");
        let detail = format!("{stranger:?} is not this machine; ask for 127.0.0.1, [::1] or localhost\n");
        return (StatusCode::FORBIDDEN, detail).into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().extend(HEADERS);
    response
}

/// The host that a request is meant for, or whose page sent it, if that is not this machine.
fn stranger(headers: &HeaderMap) -> Option<&str> {
    let value = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let origin =
        value(header::ORIGIN).map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    value(header::HOST).into_iter().chain(origin).find(|host| !is_loopback(host))
}

/// Whether a `Host`, with or without a port, is one of this machine's own names.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machines_own_names_are_answered_to() {
        for host in ["localhost", "localhost:9170", "127.0.0.1:9170", "127.8.8.8", "[::1]:9170", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:9170",
            "localhost.evil.example",
            "10.0.0.1",
            "127.0.0.1.nip.io",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
