//! Every route of the server, on one screen.

use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tower_http::decompression::RequestDecompressionLayer;

use crate::access::{self, Access};
use crate::connections::{RequestBody, Site};
use crate::refusal::Refusal;
use crate::state::App;
use crate::store::Reader;
use crate::{api, ingest, pages};

/// The routes, and a shortcut past them: they and their layers would be a tenth of what a check-in costs.
#[derive(Clone)]
pub(crate) struct Routes {
    router: TowerToHyperService<Router>,
    app: App,
    access: Access,
}

impl Routes {
    pub(crate) fn new(app: App, access: Access) -> Self {
        let router = TowerToHyperService::new(router(app.clone(), access.clone()));
        Self { router, app, access }
    }
}

impl Site for Routes {
    /// Strangers are turned away, and no page of ours runs scripts, is framed, or guesses types.
    async fn answer(&self, request: hyper::Request<RequestBody>) -> Response {
        const HEADERS: [(HeaderName, HeaderValue); 3] = [
            (
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(
                    "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
                ),
            ),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            // With `no-referrer`, browsers would send our own forms with `Origin: null`, which `access` refuses.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        ];
        let mut response = if let Some(stranger) = self.access.stranger(request.headers()) {
            stranger.into_response()
        } else if let Some(project) = plain_envelope(&request) {
            ingest::envelope(&self.app, Ok(Path(project)), request).await.into_response()
        } else {
            let Ok(response) = self.router.call(request).await;
            response
        };
        response.headers_mut().extend(HEADERS);
        response
    }
}

/// The project of what nearly all requests are: an envelope that no layer has to do anything with.
fn plain_envelope<B>(request: &hyper::Request<B>) -> Option<u64> {
    if request.method() != Method::POST || request.headers().contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    request.uri().path().strip_prefix("/api/")?.strip_suffix("/envelope/")?.parse().ok()
}

fn router(app: App, access: Access) -> Router {
    let cron = || get(ingest::cron).post(ingest::cron).head(ingest::no_head);
    // Open to all who have the key. Bodies are only taken here, packed or not.
    let ingest = Router::new()
        .route("/api/{project}/envelope/", post(ingest::envelope_endpoint))
        .route("/api/{project}/envelope", post(ingest::envelope_endpoint))
        .route("/api/{project}/cron/{slug}", cron())
        .route("/api/{project}/cron/{slug}/", cron())
        .route("/api/{project}/cron/{slug}/{key}", cron())
        .route("/api/{project}/cron/{slug}/{key}/", cron())
        .layer(RequestDecompressionLayer::new())
        .layer(middleware::from_fn(encoding));
    // All else is for those who have the admin token.
    Router::new()
        .route("/", get(pages::index))
        .route("/style.css", get(pages::style))
        .nest("/api/0/organizations/{organization}", api())
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(access, access::admin))
        .route("/health", get(health))
        .merge(ingest)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

/// What is stored, and what people can change of it.
fn api() -> Router<App> {
    Router::new()
        .route("/monitors/", get(api::monitors))
        .route("/monitors/{slug}/", get(api::monitor).put(api::change_monitor).delete(api::delete_monitor))
        .route("/monitors/{slug}/environments/{environment}/", put(api::change_environment))
        .route("/monitors/{slug}/checkins/", get(api::check_ins))
        .route("/monitors/{slug}/incidents/", get(api::incidents_of))
        .route("/monitors/{slug}/processing-errors/", get(api::refused_of))
        .route("/monitors/{slug}/usage/", get(api::usage_of))
        .route("/incidents/", get(api::incidents))
        .route("/incidents/{id}/", get(api::incident))
        .route("/incidents/{id}/acknowledgement/", put(api::acknowledge).delete(api::unacknowledge))
        .route("/alerts/", get(api::alerts))
        .route("/processing-errors/", get(api::refused))
        .route("/usage/", get(api::usage))
        .route("/outages/", get(api::outages))
}

/// `GET /health`: whether the database can be read, and is still there.
async fn health(State(app): State<App>) -> Result<Json<Value>, Refusal> {
    app.probe(Reader::check).await?;
    if !app.inbox.is_well() {
        let detail = "what was last to be stored could not be; the server's log says why";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    }
    Ok(Json(json!({"status": "ok"})))
}

async fn not_found(uri: Uri) -> Refusal {
    let path = uri.path();
    if path.starts_with("/api/0/") && !path.ends_with('/') {
        return Refusal::not_found(format!("there is nothing at {path}; paths of the API end in a slash"));
    }
    Refusal::not_found(format!("there is nothing at {path}; the list of monitors is at /"))
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not what {} is for; the header `Allow` says what is", uri.path()),
    )
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
