//! Every route of the server, on one screen.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use tower_http::decompression::RequestDecompressionLayer;

use crate::refusal::Refusal;
use crate::state::App;
use crate::{api, ingest, pages};

pub(crate) fn router(app: App) -> Router {
    let cron = || get(ingest::cron).post(ingest::cron).head(ingest::no_head);
    // Bodies are only taken here, packed or not.
    let ingest = Router::new()
        .route("/api/{project}/envelope/", post(ingest::envelope_endpoint))
        .route("/api/{project}/envelope", post(ingest::envelope_endpoint))
        .route("/api/{project}/cron/{slug}", cron())
        .route("/api/{project}/cron/{slug}/", cron())
        .route("/api/{project}/cron/{slug}/{key}", cron())
        .route("/api/{project}/cron/{slug}/{key}/", cron())
        .layer(RequestDecompressionLayer::new())
        .layer(middleware::from_fn(encoding));
    Router::new()
        .route("/", get(pages::index))
        .route("/style.css", get(pages::style))
        .nest("/api/0/organizations/{organization}", api())
        .merge(ingest)
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn(harden))
        .with_state(app)
}

/// What is stored, and what people can change of it.
fn api() -> Router<App> {
    Router::new()
        .route("/monitors/", get(api::monitors))
        .route("/monitors/{slug}/", get(api::monitor).put(api::change_monitor))
        .route("/monitors/{slug}/environments/{environment}/", put(api::change_environment))
        .route("/monitors/{slug}/checkins/", get(api::check_ins))
        .route("/monitors/{slug}/incidents/", get(api::incidents_of))
        .route("/monitors/{slug}/processing-errors/", get(api::refused_of))
        .route("/monitors/{slug}/usage/", get(api::usage_of))
        .route("/incidents/", get(api::incidents))
        .route("/incidents/{id}/", get(api::incident))
        .route("/incidents/{id}/acknowledgement/", put(api::acknowledge).delete(api::unacknowledge))
        .route("/processing-errors/", get(api::refused))
        .route("/usage/", get(api::usage))
        .route("/outages/", get(api::outages))
}

async fn not_found(uri: Uri) -> Refusal {
    Refusal::not_found(format!("there is nothing at {}; the list of monitors is at /", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not what {} is for", uri.path()))
}

/// The names of encodings have no case; of those that are not known, the answer says so.
async fn encoding(mut request: Request, next: Next) -> Response {
    let named = request.headers().get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let lower = named.map(str::to_ascii_lowercase);
    if let Some(value) = lower.as_deref().and_then(|lower| HeaderValue::from_str(lower).ok()) {
        request.headers_mut().insert(header::CONTENT_ENCODING, value);
    }
    let response = next.run(request).await;
    if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        let detail = format!("content-encoding: {lower:?} is none of gzip, deflate, br and identity");
        return Refusal::new(response.status(), detail).into_response();
    }
    response
}

/// A page on the web must not reach us through the browser of someone who has opened it, under a name that it has
/// pointed at this machine. And no page of ours runs scripts, is framed, or guesses types.
async fn harden(request: Request, next: Next) -> Response {
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
    let refusal = stranger(request.headers()).map(|stranger| {
        let detail = format!("{stranger:?} is not this machine; ask for 127.0.0.1, [::1] or localhost");
        Refusal::new(StatusCode::FORBIDDEN, detail)
    });
    let mut response = match refusal {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
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
