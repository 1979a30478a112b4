//! Signing in with the admin token, and signing out.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::document::{Head, bare_document};
use crate::http::access::Access;
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

/// The field with the page to go to after signing in.
const RETURN_TO: &str = "return_to";

/// `GET /sign-in?return_to=/..`
pub async fn sign_in_page(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&[RETURN_TO])?;
    let return_to = return_to(&query)?;
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
    let return_to = return_to(&form)?;
    if !state.access.is_guarded() {
        return Ok(see_other(&return_to));
    }
    // Copied tokens come with a line break or a space.
    let presented = form.value("token")?.unwrap_or_default().trim();
    let Some(cookie) = state.access.sign_in(presented, &headers) else {
        tracing::warn!("a browser presented a wrong admin token at /sign-in");
        let mut page = page(&return_to, Some("This is not the admin token of this server."), false);
        *page.status_mut() = StatusCode::UNAUTHORIZED;
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

/// The page in place of one that needs the token; `asked` is the path and query of that one, `None` if it was no page.
pub(super) fn offer(asked: Option<&str>, headers: &HeaderMap) -> Response {
    let comes_from_elsewhere =
        headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"cross-site");
    let return_to = asked.and_then(own_path).unwrap_or("/");
    let notice = asked.is_none().then_some("You are not signed in, so nothing was changed.");
    let mut page = page(return_to, notice, comes_from_elsewhere && asked.is_some());
    *page.status_mut() = StatusCode::UNAUTHORIZED;
    page
}

/// `reload` has the browser ask once more: a link on another site, as in an alert, is followed without the cookie, and a page of our own is
/// asked for with it.
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

fn see_other(path: &str) -> Response {
    (
        StatusCode::SEE_OTHER,
        [(header::LOCATION, path.to_owned()), (header::CACHE_CONTROL, "no-store".to_owned())],
    )
        .into_response()
}

/// The page to go to after signing in; the list if none is named.
///
/// # Errors
/// If it is on another server: a link to this page could otherwise lead people anywhere.
fn return_to(fields: &QueryPairs) -> Result<String, HttpError> {
    let Some(written) = fields.value(RETURN_TO)?.filter(|written| !written.is_empty()) else {
        return Ok("/".to_owned());
    };
    own_path(written).map(str::to_owned).ok_or_else(|| {
        let written: String = written.chars().take(80).collect();
        HttpError::bad_request(format!(
            "{RETURN_TO}: {written:?} is no page of this server; write a path such as /monitors/backup, or leave it out"
        ))
    })
}

/// The path if a browser takes it for one of this server, and it does not lead back to signing in or out.
fn own_path(written: &str) -> Option<&str> {
    // Browsers read `\` as `/`, skip tabs and line breaks, and take `//host` for another server.
    let is_plain = written.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_path = written.starts_with('/') && !written.starts_with("//");
    let path = written.split(['?', '#']).next().unwrap_or_default();
    let leads_back = matches!(path.trim_end_matches('/'), "/sign-in" | "/sign-out");
    (is_plain && is_path && !leads_back).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_are_returned_to() {
        for path in
            ["/", "/monitors/backup", "/?state=failed&window=7d", "/monitors/a%20b?page=2#runs", "/x//y"]
        {
            assert_eq!(own_path(path), Some(path));
        }
        for path in [
            "",
            "monitors",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "/caf\u{e9}",
            "javascript:alert(1)",
            "/sign-in",
            "/sign-in/?return_to=/",
            "/sign-out",
        ] {
            assert_eq!(own_path(path), None, "{path:?}");
        }
    }
}
