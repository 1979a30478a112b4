//! Signing in with the admin token, and signing out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};

use super::document::{Head, bare_document};
use super::return_to::{RETURN_TO, own_path, return_to, see_other};
use crate::http::access::Access;
use crate::http::error::{HttpError, Logged};
use crate::http::form::Form;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

/// `GET /sign-in?return_to=/..`: the form; leads on to the page if nobody has to sign in, or the browser is signed in.
pub async fn sign_in_page(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&[RETURN_TO])?;
    let return_to = return_to(&query, "/")?;
    if !state.access.is_guarded() || state.access.is_signed_in(&headers) {
        return Ok(see_other(&return_to));
    }
    Ok(page(&return_to, None, false))
}

/// `POST /sign-in` with the fields `token` and `return_to`: sets the cookie and leads to the page that was asked for.
pub async fn sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    Form(form): Form,
) -> Result<Response, HttpError> {
    form.only(&["token", RETURN_TO])?;
    let return_to = return_to(&form, "/")?;
    if !state.access.is_guarded() {
        return Ok(see_other(&return_to));
    }
    // Copied tokens come with a line break or a space.
    let presented = form.value("token")?.unwrap_or_default().trim();
    let Some(cookie) = state.access.sign_in(presented, &headers) else {
        let mut page = page(&return_to, Some("This is not the admin token of this server."), false);
        *page.status_mut() = StatusCode::UNAUTHORIZED;
        page.extensions_mut().insert(Logged("a browser presented a wrong admin token at /sign-in".into()));
        return Ok(page);
    };
    tracing::info!("a browser signed in");
    let mut answer = see_other(&return_to);
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// `POST /sign-out`: takes the cookie back.
pub async fn sign_out(headers: HeaderMap) -> Response {
    let mut answer = see_other("/sign-in");
    answer.headers_mut().extend(Access::sign_out(&headers).map(|cookie| (header::SET_COOKIE, cookie)));
    answer
}

/// The answer in place of a page that needs the token. `asked` is the path and query of that page; `None` if the request was a command.
pub(super) fn offer(asked: Option<&str>, headers: &HeaderMap) -> Response {
    let comes_from_elsewhere =
        headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"cross-site");
    let return_to = asked.and_then(own_path).unwrap_or("/");
    let notice = asked.is_none().then_some("You are not signed in, so nothing was changed.");
    let mut page = page(return_to, notice, comes_from_elsewhere && asked.is_some());
    *page.status_mut() = StatusCode::UNAUTHORIZED;
    page
}

/// The form. With `reload` the browser asks once more: it follows a link on another site, as in an alert, without the cookie, but sends
/// the cookie when a page of this server asks again.
fn page(return_to: &str, notice: Option<&str>, reload: bool) -> Response {
    let content: Markup = html! {
        h1 { "Sign in" }
        @if let Some(notice) = notice { p.alert role="alert" { (notice) } }
        form.sign-in method="post" action="/sign-in" {
            label for="token" { "Admin token" }
            input #token type="password" name="token" autocomplete="current-password" required autofocus;
            input type="hidden" name=(RETURN_TO) value=(return_to);
            button.primary type="submit" { "Sign in" }
        }
        p.note {
            "The admin token is the one that the server was started with: " code { "--admin-token" } ", "
            code { "CRONS_ADMIN_TOKEN" } " or " code { "admin_token" } " in " code { "crons.toml" } ". You stay signed in for 30 days, or \
            until the token is changed."
        }
    };
    let mut page = bare_document(&Head { title: "Sign in", ..Head::default() }, &content);
    if reload {
        page.headers_mut().insert("refresh", header::HeaderValue::from_static("0"));
    }
    page
}
