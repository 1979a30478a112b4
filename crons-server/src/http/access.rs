//! Access control: the host names that the server answers to, the origins of pages, and the admin token, which a request presents itself
//! or by the cookie of a browser that is signed in.
//!
//! Wrong tokens are answered without a delay: a random token cannot be guessed by trying, and delays would tie up connections. A limit
//! on attempts belongs to the proxy in front of the server, which sees where requests come from.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64_NO_PAD;
use subtle::ConstantTimeEq;

use crate::clock::Clock;
use crate::http::error::HttpError;
use crate::http::session::{self, SessionKey};
use crate::settings::AdminToken;

/// The rule for pages and API: with an admin token, requests that present it; without one, requests from this machine.
#[derive(Debug, Clone)]
pub struct Access {
    guard: Option<Arc<Guard>>,
    clock: Clock,
}

#[derive(Debug)]
struct Guard {
    token: AdminToken,
    sessions: SessionKey,
}

impl Access {
    pub fn new(token: Option<AdminToken>, clock: Clock) -> Self {
        let guard = token.map(|token| Arc::new(Guard { sessions: SessionKey::new(&token), token }));
        Self { guard, clock }
    }

    /// Returns whether there is an admin token.
    pub fn is_guarded(&self) -> bool {
        self.guard.is_some()
    }

    /// Returns whether a request comes from a browser that is signed in.
    pub fn is_signed_in(&self, headers: &HeaderMap) -> bool {
        self.guard.as_ref().is_some_and(|guard| guard.sessions.is_signed_in(headers, self.clock.now()))
    }

    /// Signs a browser in. Returns the value of `Set-Cookie`; `None` if this is not the admin token, or there is none.
    pub fn sign_in(&self, presented: &str, headers: &HeaderMap) -> Option<HeaderValue> {
        let guard = self.guard.as_ref()?;
        let is_right = constant_time_eq(presented.as_bytes(), guard.token.as_str().as_bytes());
        let cookie = guard.sessions.sign_in(self.clock.now(), is_https(headers));
        cookie.filter(|_| is_right)
    }

    /// Returns the value of `Set-Cookie` that signs a browser out.
    pub fn sign_out(headers: &HeaderMap) -> Option<HeaderValue> {
        session::sign_out(is_https(headers))
    }

    /// Returns whether a request presents the admin token, comes from a browser that is signed in, or needs neither, as there is no
    /// admin token.
    pub fn is_admin(&self, headers: &HeaderMap) -> bool {
        let Some(guard) = &self.guard else { return true };
        let is_right = |presented: Vec<u8>| constant_time_eq(&presented, guard.token.as_str().as_bytes());
        // A browser may still send the password of a former token beside its cookie.
        presented_token(headers).is_some_and(is_right) || self.is_signed_in(headers)
    }

    /// Rejects a `Host` that is no name of this machine; `None` accepts. Otherwise a page on the web could reach the server under a name
    /// that it has pointed at this machine (DNS rebinding). With a token any name is accepted.
    pub fn reject_host(&self, headers: &HeaderMap) -> Option<HttpError> {
        let detail = if self.is_guarded() { None } else { foreign_host(headers) };
        detail.map(|detail| HttpError::new(StatusCode::FORBIDDEN, detail))
    }

    /// Rejects an `Origin` other than the server's own; `None` accepts. Otherwise a page on the web could use the password that a browser
    /// remembers, or the browser's access to its own machine.
    fn reject_origin(&self, headers: &HeaderMap) -> Option<HttpError> {
        let detail = match self.guard {
            Some(_) => other_origin(headers),
            None => origin_of_other_machine(headers),
        };
        detail.map(|detail| HttpError::new(StatusCode::FORBIDDEN, detail))
    }
}

/// Rejects requests of pages from other origins. Ingest routes are not behind this layer: browser SDKs send from any page, and present
/// the public key.
pub async fn reject_cross_origin(State(access): State<Access>, request: Request, next: Next) -> Response {
    match access.reject_origin(request.headers()) {
        Some(refused) => refused.into_response(),
        None => next.run(request).await,
    }
}

/// Returns whether a browser speaks https with the proxy in front of this server: the proxy says so, or the page that a form was sent from.
pub fn is_https(headers: &HeaderMap) -> bool {
    let forwarded = values(headers, FORWARDED_PROTO).flat_map(|value| value.split(','));
    forwarded.take(1).any(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
        || values(headers, header::ORIGIN).any(|origin| origin.starts_with("https://"))
}

/// The scheme that a proxy was asked by.
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Compares two secrets in a time that does not depend on where they differ. Their length is not secret.
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The token in `Authorization: Bearer TOKEN`, or in `Authorization: Basic` with any user name.
pub fn presented_token(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.trim().split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    basic_pair(value)?.1
}

/// The user name and the password of `Basic ..`; the password is `None` where no colon separates it from the name.
pub fn basic_pair(value: &str) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    // The padding is optional, as some clients leave it out.
    let mut pair = BASE64_NO_PAD.decode(encoded.trim().trim_end_matches('=')).ok()?;
    let Some(colon) = pair.iter().position(|byte| *byte == b':') else { return Some((pair, None)) };
    let password = pair.split_off(colon + 1);
    pair.pop();
    Some((pair, Some(password)))
}

/// The values of a header; an empty one in place of each that is no text.
fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or_default())
}

/// The end of a refusal by a server without a token.
const OWN_NAMES: &str = "the server without an admin token answers to 127.0.0.1, [::1] and localhost only; behind a proxy, set an admin token";

/// The refusal of a `Host` that is no name of this machine; `None` for one that is.
fn foreign_host(headers: &HeaderMap) -> Option<String> {
    let other = values(headers, header::HOST).find(|host| !is_loopback(host))?;
    Some(format!("Host: {other:?} is no name of this machine; {OWN_NAMES}"))
}

/// The refusal of an `Origin` that is not on this machine; `None` for one that is.
fn origin_of_other_machine(headers: &HeaderMap) -> Option<String> {
    let host = |origin: &&str| is_loopback(origin.split_once("://").map_or(*origin, |(_, host)| host));
    let other = values(headers, header::ORIGIN).find(|origin| !host(origin))?;
    Some(format!("Origin: {other:?} is no page of this machine; {OWN_NAMES}"))
}

/// The refusal of an `Origin` other than the host of the request; `None` for the same one.
fn other_origin(headers: &HeaderMap) -> Option<String> {
    let host = values(headers, header::HOST).next().unwrap_or_default();
    let other = values(headers, header::ORIGIN).find(|origin| !is_origin_of(origin, host))?;
    Some(format!(
        "Origin: a page of {other:?} may not ask {host:?}, only pages of that host may; a proxy in front of the server has \
         to pass on the header `Host`"
    ))
}

/// Returns whether an origin, such as `https://crons.example`, is that of the pages of `host`, such as `crons.example`.
fn is_origin_of(origin: &str, host: &str) -> bool {
    let (own, port) = match origin.split_once("://") {
        Some(("http", own)) => (own, ":80"),
        Some(("https", own)) => (own, ":443"),
        _ => return false,
    };
    // The port may be written, as some proxies write the one that browsers leave out.
    let host = host.strip_suffix(port).unwrap_or(host);
    !host.is_empty() && own.eq_ignore_ascii_case(host)
}

/// Returns whether a `Host`, with or without a port, is one of this machine's own names.
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
    use base64::engine::general_purpose::STANDARD as BASE64;

    use super::*;

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

    #[test]
    fn a_page_is_ours_if_it_comes_from_the_host_that_it_asks() {
        for (origin, host, ours) in [
            ("https://crons.example", "crons.example", true),
            ("https://crons.example", "Crons.Example", true),
            ("https://crons.example", "crons.example:443", true),
            ("http://10.0.0.7:9170", "10.0.0.7:9170", true),
            ("https://crons.example", "crons.example:80", false),
            ("https://evil.example", "crons.example", false),
            ("http://10.0.0.7:8000", "10.0.0.7:9170", false),
            ("https://crons.example.evil.example", "crons.example", false),
            ("null", "null", false),
            ("https://", "", false),
            ("", "", false),
        ] {
            assert_eq!(is_origin_of(origin, host), ours, "{origin} at {host}");
        }
    }

    #[test]
    fn the_token_is_found_as_programs_and_as_browsers_send_it() {
        let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair));
        for (value, found) in [
            ("Bearer open-sesame".to_owned(), Some("open-sesame")),
            ("bearer  open-sesame ".to_owned(), Some("open-sesame")),
            (basic("admin:open-sesame"), Some("open-sesame")),
            (basic(":open:sesame"), Some("open:sesame")),
            (basic("open-sesame"), None),
            ("Basic open-sesame".to_owned(), None),
            ("Sentry sentry_key=open-sesame".to_owned(), None),
            ("open-sesame".to_owned(), None),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(presented_token(&headers).as_deref(), found.map(str::as_bytes), "{value}");
        }
        assert_eq!(presented_token(&HeaderMap::new()), None);
    }
}
