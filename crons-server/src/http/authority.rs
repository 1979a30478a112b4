//! Decides the authority of a request: everything by the admin token, or the scope of an API token.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::access::presented_token;
use crate::http::error::HttpError;
use crate::http::paths::TOKEN_PREFIX;
use crate::http::state::AppState;
use crate::store::{Scope, TokenHash};

/// The challenge by which a browser asks for a user name and a password.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"crons\", charset=\"UTF-8\"");

/// The rights of a request, among its extensions after [`require_token`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// The right to everything: with the admin token, or on a server without one.
    Admin,
    /// The rights of the scope of an API token.
    Token(Scope),
}

impl Authority {
    /// Refuses API tokens, with `action` in the message: a token that could make others could not be revoked.
    ///
    /// # Errors
    /// 403 for an API token.
    pub fn require_admin(self, action: &str) -> Result<(), HttpError> {
        match self {
            Self::Admin => Ok(()),
            Self::Token(_) => Err(HttpError::new(
                StatusCode::FORBIDDEN,
                format!("an API token may not {action}; present the admin token"),
            )),
        }
    }
}

/// Rejects requests that have no [`Authority`], if an admin token is configured. The admin token, the cookie of a browser that is signed in,
/// or an API token whose scope allows the request gives one.
pub async fn require_token(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let authority = if state.access.is_admin(request.headers()) {
        Authority::Admin
    } else {
        // The body is not `Sync`, so no reference to the request may be held across an await.
        let presented = presented_token(request.headers());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        match authority(&state, presented, &method, &path).await {
            Ok(authority) => authority,
            Err(refused) => return refused,
        }
    };
    request.extensions_mut().insert(authority);
    next.run(request).await
}

/// Returns the authority of a request by its API token; `Err` is the answer that refuses it.
async fn authority(
    state: &AppState,
    presented: Option<Vec<u8>>,
    method: &Method,
    path: &str,
) -> Result<Authority, Response> {
    let scope = scope_of(state, presented.as_deref()).await.map_err(HttpError::into_response)?;
    if let Some(scope) = scope {
        let refused = beyond(scope, method, path).map(HttpError::into_response);
        return refused.map_or(Ok(Authority::Token(scope)), Err);
    }
    let what = if presented.is_some() {
        "this is neither the admin token nor a valid API token"
    } else {
        "this needs the admin token or an API token"
    };
    let detail = format!(
        "{what}: send it as `Authorization: Bearer ..`, or as the password of any user name (Basic); in a browser, sign in at /sign-in"
    );
    let refused = HttpError::new(StatusCode::UNAUTHORIZED, detail);
    Err(([(header::WWW_AUTHENTICATE, CHALLENGE)], refused).into_response())
}

/// Returns the scope of the presented API token; `None` if no such token is stored. Each request looks the token up, so that revoking takes
/// effect at once.
async fn scope_of(state: &AppState, presented: Option<&[u8]>) -> Result<Option<Scope>, HttpError> {
    let Some(token) = presented.filter(|token| token.starts_with(TOKEN_PREFIX.as_bytes())) else {
        return Ok(None);
    };
    let hash = TokenHash::of(token);
    let found = state.read(move |queries| queries.api_token(hash)).await?;
    Ok(found.map(|token| token.scope))
}

/// Returns the refusal of a request that the scope of its API token does not allow; `None` if it does.
fn beyond(scope: Scope, method: &Method, path: &str) -> Option<HttpError> {
    let detail = if !path.starts_with("/api/0") && path != "/metrics" {
        "an API token opens the API and the metrics only; sign in with the admin token"
    } else if scope == Scope::Read && !method.is_safe() {
        "this API token has the scope `read`, which changes nothing; make one with the scope `write`"
    } else {
        return None;
    };
    Some(HttpError::new(StatusCode::FORBIDDEN, detail))
}
