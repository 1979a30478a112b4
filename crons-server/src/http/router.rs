//! The routes of the server, all on one screen.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use axum::{Json, Router};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tower_http::compression::CompressionLayer;

use crate::http::access;
use crate::http::error::HttpError;
use crate::http::listener::RequestBody;
use crate::http::refusal_log::RefusalLog;
use crate::http::state::AppState;
use crate::http::{api, authority, badge, body, health, ingest, metrics, pages, paths};

/// The routes, and a shortcut past them for envelopes: the routes and their layers would be a tenth of a check-in's cost.
#[derive(Clone)]
pub(crate) struct Routes {
    router: TowerToHyperService<Router>,
    state: AppState,
    refusals: Arc<RefusalLog>,
}

impl Routes {
    pub(crate) fn new(state: AppState, refusals: Arc<RefusalLog>) -> Self {
        let router = TowerToHyperService::new(router(state.clone()));
        Self { router, state, refusals }
    }

    /// Answers a request. The server's key is hidden in everything that is logged or answered meanwhile.
    pub(crate) async fn answer(self, request: hyper::Request<RequestBody>) -> Response {
        let mask = self.state.mask.clone();
        mask.scope(self.routed(request)).await
    }

    /// Rejects foreign hosts, routes the request, and forbids browsers to run scripts of others, to frame pages and to guess content types.
    async fn routed(&self, mut request: hyper::Request<RequestBody>) -> Response {
        const HEADERS: [(HeaderName, HeaderValue); 3] = [
            (
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(
                    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                     form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
                ),
            ),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            // The policy `no-referrer` would make browsers send our own forms with `Origin: null`, which `access` refuses.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        ];
        paths::collapse_slashes(request.uri_mut());
        let mut response = if let Some(refused) = self.state.access.reject_host(request.headers()) {
            refused.into_response()
        } else if let Some(project) = plain_envelope(&request) {
            let answer = ingest::envelope(&self.state, &project, request).await;
            ingest::allow_any_origin(answer.into_response())
        } else {
            let Ok(response) = self.router.call(request).await;
            response
        };
        self.refusals.log(&response);
        allow_options(response.headers_mut());
        response.headers_mut().extend(HEADERS);
        response
    }
}

/// Adds `OPTIONS`, which every route answers, to the methods that the router lists in `Allow`.
fn allow_options(headers: &mut HeaderMap) {
    if let Some(allowed) = headers.get(header::ALLOW).and_then(|allowed| allowed.to_str().ok())
        && let Ok(allowed) = HeaderValue::from_str(&format!("{}, OPTIONS", allowed.replace(',', ", ")))
    {
        headers.insert(header::ALLOW, allowed);
    }
}

/// The project of a request that sends an envelope, as nearly all do; `None` for any other request.
fn plain_envelope<B>(request: &hyper::Request<B>) -> Option<String> {
    if request.method() != Method::POST {
        return None;
    }
    let project = request.uri().path().strip_prefix("/api/")?.strip_suffix("/envelope/")?;
    project.bytes().all(|digit| digit.is_ascii_digit()).then(|| project.to_owned())
}

fn router(state: AppState) -> Router {
    let access = state.access.clone();
    // The routes need the admin token, except health checks, the files of pages, and ingest.
    Router::new()
        .merge(pages())
        .route("/live", get(pages::live))
        .merge(metrics(!state.metrics_public))
        .route("/api/0/", get(api::index))
        .route("/api/0", get(api::index))
        .route("/api/0/openapi.json", get(api::openapi))
        .nest("/api/0/organizations/{organization}", api())
        .nest("/api/0/projects/{organization}/{project}", api_of_monitors())
        .fallback(not_found)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(state.clone(), authority::require_token))
        .merge(badges(state.clone()))
        .merge(responses(state.clone()))
        .merge(metrics(state.metrics_public))
        .merge(page_files())
        .route("/health", get(health::health))
        .route("/health/", get(health::health))
        .route("/ready", get(health::ready))
        .route("/ready/", get(health::ready))
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(access, access::reject_cross_origin))
        .layer(middleware::from_fn(body::read_before_answer))
        .layer(middleware::from_fn(pages::errors_as_pages))
        .merge(ingest())
        .with_state(state)
}

/// The route of the metrics, or none.
fn metrics(has_metrics: bool) -> Router<AppState> {
    if has_metrics { Router::new().route("/metrics", get(metrics::metrics)) } else { Router::new() }
}

/// The badges of monitors, which the key of a badge opens, too.
fn badges(state: AppState) -> Router<AppState> {
    Router::new()
        .route("/monitors/{slug}/badge.svg", get(badge::svg))
        .route("/monitors/{slug}/badge.json", get(badge::json))
        .route_layer(middleware::from_fn_with_state(state, badge::admit))
}

/// The page of an incident to which messages link, which the key of the link opens, too.
fn responses(state: AppState) -> Router<AppState> {
    Router::new()
        .route("/incidents/{id}/respond", get(pages::respond_page).post(pages::respond))
        .route_layer(middleware::from_fn_with_state(state, pages::admit_responder))
}

/// The pages.
fn pages() -> Router<AppState> {
    Router::new()
        .route("/", get(pages::index))
        .route("/monitors", post(pages::change_many))
        .route("/timeline/{slug}", get(pages::runs_of_bucket))
        .route("/monitors/{slug}", get(pages::monitor))
        .route("/monitors/{slug}/change", post(pages::change))
        .route("/monitors/{slug}/edit", get(pages::edit_page).post(pages::edit))
        .route("/monitors/{slug}/delete", get(pages::confirm_deletion).post(pages::delete))
        .route("/incidents/{id}/acknowledgement", post(pages::acknowledge))
        .route("/silences", post(pages::silence))
        .route("/silences/{id}/end", post(pages::end_silence))
        .route("/why/{id}", get(pages::why))
        .layer(CompressionLayer::new())
}

/// The files that pages load, the page of signing in included: they hold no data.
fn page_files() -> Router<AppState> {
    Router::new()
        .route("/style.css", get(pages::style))
        .route("/script.js", get(pages::script))
        .route("/favicon.svg", get(pages::favicon))
        .route("/sign-in", get(pages::sign_in_page).post(pages::sign_in))
        .route("/sign-out", post(pages::sign_out))
        .layer(CompressionLayer::new())
}

/// The routes of clients, which present the public key; open to pages of any origin. Only here are bodies accepted in a content encoding.
fn ingest() -> Router<AppState> {
    let cron =
        || get(ingest::cron).post(ingest::cron).head(other_method_of_cron).fallback(other_method_of_cron);
    let store = || post(ingest::store).get(ingest::store_pixel);
    let with_slash = |router: Router<AppState>, path: &str, methods: MethodRouter<AppState>| {
        router.route(path, methods.clone()).route(&format!("{path}/"), methods)
    };
    [
        ("/api/{project}/envelope", post(ingest::envelope_endpoint)),
        ("/api/{project}/cron/{slug}", cron()),
        ("/api/{project}/cron/{slug}/{key}", cron()),
        // Routes of Sentry's other products: their payloads are accepted and discarded.
        ("/api/store", store()),
        ("/api/{project}/store", store()),
        ("/api/{project}/security", post(ingest::report)),
        ("/api/{project}/csp-report", post(ingest::report)),
        ("/api/{project}/nel", post(ingest::report)),
        ("/api/{project}/minidump", post(ingest::crash)),
        ("/api/{project}/unreal/{key}", post(ingest::crash)),
        ("/api/{project}/playstation", post(ingest::crash)),
        ("/api/{project}/events/{event}/attachments", post(ingest::attachments)),
        ("/api/{project}/otlp/v1/{signal}", post(ingest::otlp)),
        ("/api/{project}/integration/otlp/v1/{signal}", post(ingest::otlp)),
        ("/api/{project}/integration/{service}/logs", post(ingest::report)),
    ]
    .into_iter()
    .fold(Router::new(), |router, (path, methods)| with_slash(router, path, methods))
    .method_not_allowed_fallback(other_method)
    .layer(middleware::from_fn(ingest::cors))
}

/// The routes of monitors, which Sentry has below the project, too.
fn api_of_monitors() -> Router<AppState> {
    Router::new()
        .route("/monitors/", get(api::monitors).post(api::create_monitor).put(api::change_monitors))
        .route("/monitors/{slug}/", get(api::monitor).put(api::change_monitor).delete(api::delete_monitor))
        .route(
            "/monitors/{slug}/environments/{environment}/",
            put(api::change_environment).delete(api::delete_environment),
        )
        .route("/monitors/{slug}/checkins/", get(api::check_ins))
        .route("/monitors/{slug}/stats/", get(api::stats_of))
        .route("/monitors/{slug}/badge/", get(badge_addresses))
        .route("/monitors/{slug}/checkins/{id}/", get(api::check_in))
        .route("/monitors/{slug}/incidents/", get(api::incidents_of))
        .route("/monitors/{slug}/processing-errors/", get(api::processing_errors_of))
        .route("/monitors/{slug}/usage/", get(api::usage_of))
        .route("/monitors/{slug}/advice/", get(api::advice))
}

/// The routes of the API.
fn api() -> Router<AppState> {
    api_of_monitors()
        .route("/monitors-stats/", get(api::stats))
        .route("/incidents/", get(api::incidents))
        .route("/incidents/{id}/", get(api::incident))
        .route("/incidents/{id}/acknowledgement/", put(api::acknowledge).delete(api::unacknowledge))
        .route("/explanations/{id}/", get(api::explanation))
        .route("/silences/", get(api::silences).post(api::create_silence))
        .route("/silences/{id}/", delete(api::end_silence))
        .route("/tokens/", get(api::tokens).post(api::create_token))
        .route("/tokens/{id}/", delete(api::revoke_token))
        .route("/alerts/", get(api::alerts))
        .route("/alerts/drill/", post(api::drill))
        .route("/processing-errors/", get(api::processing_errors))
        .route("/usage/", get(api::usage))
        .route("/outages/", get(api::outages))
        .route("/nodes/", get(api::nodes))
}

/// `GET /api/0/organizations/crons/monitors/{slug}/badge/`: the addresses of the badges of a monitor.
async fn badge_addresses(
    State(state): State<AppState>,
    api::MonitorInPath(slug): api::MonitorInPath,
) -> Result<Json<badge::BadgeAddresses>, HttpError> {
    api::require_monitor(&state, &slug).await?;
    Ok(Json(badge::addresses(&state, &slug)))
}

/// The answer to a path without a route. The message shows only known words of the path, since the rest may be a key.
async fn not_found(uri: Uri) -> HttpError {
    let (path, shown) = (uri.path(), paths::redacted(uri.path()));
    let help = if path.starts_with("/api/0/") && !path.ends_with('/') {
        "paths of the API end in a slash"
    } else if path.starts_with("/api/0/") {
        "the API has monitors/, monitors-stats/, incidents/, explanations/, alerts/, processing-errors/, usage/, outages/, nodes/, silences/ and tokens/ below /api/0/organizations/crons/"
    } else if path.starts_with("/api/") {
        "send envelopes to /api/1/envelope/, and call /api/1/cron/{slug}/{key}/ for a check-in without an SDK"
    } else {
        "the list of monitors is at /"
    };
    HttpError::not_found(format!("there is nothing at {shown}; {help}"))
}

/// The answer to a method that a route does not have. The router adds the header `Allow`.
async fn other_method(method: Method, route: Option<MatchedPath>, uri: Uri, body: Body) -> Response {
    // The body is read first, as for all refusals. The answer is the same if it breaks off.
    let _ = body::read(body).await;
    if method == Method::OPTIONS {
        return StatusCode::OK.into_response();
    }
    let path = route.map_or_else(|| paths::redacted(uri.path()), |route| route.as_str().to_owned());
    let detail = format!("{method} is not what {path} is for; the header `Allow` says what is");
    HttpError::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response()
}

/// The answer of the check-in URL to other methods than GET and POST. `HEAD` is refused, too: a look at the URL is no check-in.
async fn other_method_of_cron(method: Method, route: Option<MatchedPath>, uri: Uri, body: Body) -> Response {
    let allowed = [(header::ALLOW, HeaderValue::from_static("GET,POST"))];
    (allowed, other_method(method, route, uri, body).await).into_response()
}
