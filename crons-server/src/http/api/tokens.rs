//! Creates, lists and revokes API tokens, for requests with the admin token only.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::request::{self, InPath, beginning_of, body, organization};
use crate::http::authority::Authority;
use crate::http::error::HttpError;
use crate::http::paths::{self, TOKEN_PREFIX};
use crate::http::state::AppState;
use crate::mask;
use crate::pipeline::Task;
use crate::quote::quoted;
use crate::store::{ApiToken, Scope, TokenChange, TokenHash};

/// The most tokens that there can be.
const MAX_TOKENS: usize = 200;
/// The longest name, in characters.
pub(super) const MAX_NAME: usize = 64;

/// The body of a request that creates a token.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    scope: String,
}

/// An API token in lists, and in the answer to its creation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Token<'a> {
    date_created: Timestamp,
    id: Uuid,
    name: &'a str,
    scope: &'static str,
    /// The token itself, only in the answer to its creation.
    #[serde(rename = "token", skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

/// `GET /api/0/organizations/crons/tokens/`
pub async fn tokens(
    State(state): State<AppState>,
    Extension(authority): Extension<Authority>,
    InPath(name): InPath<String>,
) -> Result<Response, HttpError> {
    organization(&name)?;
    authority.require_admin("manage tokens")?;
    let found = state.read(|queries| queries.api_tokens()).await?;
    Ok(Json(found.iter().map(|token| Token::new(token, None)).collect::<Vec<_>>()).into_response())
}

/// `POST /api/0/organizations/crons/tokens/`: the answer is the only one that shows the token.
pub async fn create_token(
    State(state): State<AppState>,
    Extension(authority): Extension<Authority>,
    InPath(organization_name): InPath<String>,
    json: Bytes,
) -> Result<Response, HttpError> {
    organization(&organization_name)?;
    authority.require_admin("manage tokens")?;
    let NewToken { name, scope } = body(&json, r#"{"name": "dashboard", "scope": "read"}"#)?;
    let name = name.trim().to_owned();
    let fault = match name.chars().count() {
        0 => Some("it is empty".to_owned()),
        length if length > MAX_NAME => Some(format!("it has {length} characters")),
        _ if name.contains(char::is_control) => Some(format!("{} has a control character", quoted(&name))),
        _ => None,
    };
    if let Some(fault) = fault {
        return Err(HttpError::bad_request(format!(
            "name: {fault}; write 1 to {MAX_NAME} characters of one line that say what the token is for"
        )));
    }
    let scope = Scope::named(&scope).ok_or_else(|| {
        let written = quoted(&scope);
        HttpError::bad_request(format!(
            "scope: there is no {written}; write `read` for requests that change nothing, or `write` for all requests"
        ))
    })?;
    let stored = state.read(|queries| queries.api_tokens()).await?;
    if stored.len() >= MAX_TOKENS {
        let detail = format!("there are {MAX_TOKENS} tokens already; revoke one that is not used");
        return Err(HttpError::new(StatusCode::CONFLICT, detail));
    }
    if stored.iter().any(|token| token.name == name) {
        return Err(is_taken(&name));
    }
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).map_err(|_| {
        HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "the system has no random numbers for a token")
    })?;
    let text = format!("{TOKEN_PREFIX}{}", BASE64.encode(random));
    let created = state.inbox.clock().now();
    let token = ApiToken { id: Uuid::new_v4(), name, scope, hash: TokenHash::of(text.as_bytes()), created };
    state.inbox.task(Task::ChangeToken(TokenChange::Create(token.clone()))).await?;
    let hash = token.hash;
    if state.read(move |queries| queries.api_token(hash)).await?.is_none() {
        // Another request has made one of this name at the same time.
        return Err(is_taken(&token.name));
    }
    tracing::info!(name = %mask::hide(&token.name), id = %token.id, scope = scope.as_str(), "API token created");
    let answer =
        (StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(Token::new(&token, Some(&text))));
    Ok(answer.into_response())
}

fn is_taken(name: &str) -> HttpError {
    let name = paths::named(name);
    let detail = format!("name: there is a token {name} already; revoke it, or take another name");
    HttpError::new(StatusCode::CONFLICT, detail)
}

/// `DELETE /api/0/organizations/crons/tokens/{id}/`: requests that present the token are refused from the answer on.
pub async fn revoke_token(
    State(state): State<AppState>,
    Extension(authority): Extension<Authority>,
    InPath((name, id)): InPath<(String, String)>,
) -> Result<StatusCode, HttpError> {
    organization(&name)?;
    authority.require_admin("manage tokens")?;
    let id = request::id(&id, "the id of a token from /tokens/")?;
    let stored = state.read(|queries| queries.api_tokens()).await?;
    let Some(token) = stored.into_iter().find(|token| token.id == id) else {
        return Err(HttpError::not_found(format!(
            "there is no token {}; /tokens/ lists those that there are",
            beginning_of(id)
        )));
    };
    state.inbox.task(Task::ChangeToken(TokenChange::Revoke(id))).await?;
    tracing::info!(name = %mask::hide(&token.name), id = %id, "API token revoked");
    Ok(StatusCode::NO_CONTENT)
}

impl<'a> Token<'a> {
    fn new(stored: &'a ApiToken, value: Option<&'a str>) -> Self {
        let ApiToken { id, name, scope, created, .. } = stored;
        Self { date_created: *created, id: *id, name, scope: scope.as_str(), value }
    }
}
