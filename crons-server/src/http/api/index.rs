//! The description of a request's user, for programs that check what their token allows.

use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::authority::Authority;
use crate::store::Scope;

/// The answer of `GET /api/0/`, in Sentry's shape.
#[derive(Serialize, ToSchema)]
pub struct Index {
    auth: Auth,
    user: User,
    version: &'static str,
}

#[derive(Serialize, ToSchema)]
struct Auth {
    scopes: &'static [&'static str],
}

#[derive(Serialize, ToSchema)]
struct User {
    email: &'static str,
    id: &'static str,
    name: &'static str,
    username: &'static str,
}

/// `GET /api/0/`: the user and the scopes of the request, which `sentry-cli info` asks for.
pub async fn index(Extension(authority): Extension<Authority>) -> Json<Index> {
    let name = match authority {
        Authority::Admin => "admin",
        Authority::Token(_) => "api-token",
    };
    Json(Index {
        auth: Auth { scopes: scopes(authority) },
        user: User { email: name, id: "1", name, username: name },
        version: "0",
    })
}

/// Returns Sentry's names of the scopes that a request has.
fn scopes(authority: Authority) -> &'static [&'static str] {
    match authority {
        Authority::Token(Scope::Read) => &["org:read", "project:read", "alerts:read"],
        Authority::Admin | Authority::Token(Scope::Write) => {
            &["org:read", "project:read", "project:write", "alerts:read", "alerts:write"]
        }
    }
}
