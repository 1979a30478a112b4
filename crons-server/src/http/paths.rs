//! Paths of requests: slashes are collapsed before routing, and messages repeat only parts that cannot be a key.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

use crate::quote::quoted;

/// The words of this server's routes, the only parts of a path that a message repeats.
const WORDS: [&str; 40] = [
    "api",
    "organizations",
    "crons",
    "monitors",
    "environments",
    "checkins",
    "incidents",
    "acknowledgement",
    "respond",
    "explanations",
    "advice",
    "silences",
    "tokens",
    "openapi.json",
    "why",
    "live",
    "timeline",
    "processing-errors",
    "usage",
    "alerts",
    "outages",
    "envelope",
    "cron",
    "store",
    "security",
    "csp-report",
    "minidump",
    "events",
    "health",
    "sign-in",
    "sign-out",
    "ready",
    "metrics",
    "projects",
    "monitors-stats",
    "stats",
    "badge",
    "style.css",
    "script.js",
    "favicon.svg",
];

/// Replaces each run of slashes in the path by one slash, as Relay does. The query is not changed.
pub(crate) fn collapse_slashes(uri: &mut Uri) {
    if !uri.path().contains("//") {
        return;
    }
    let mut path = String::with_capacity(uri.path().len());
    for c in uri.path().chars() {
        if c != '/' || !path.ends_with('/') {
            path.push(c);
        }
    }
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = std::mem::take(uri).into_parts();
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    *uri = Uri::from_parts(parts).unwrap_or_default();
}

/// The path for a message: words of known routes and project numbers, with `…` in place of other parts, since they may be a key, as in a
/// misspelled check-in URL.
pub(crate) fn redacted(path: &str) -> String {
    let is_project = |part: &str| part.len() <= 4 && part.bytes().all(|c| c.is_ascii_digit());
    let mut shown = String::new();
    for part in path.trim_matches('/').split('/') {
        let known = part.is_empty() || WORDS.contains(&part) || shown == "/api" && is_project(part);
        let part = if known { part } else { "…" };
        if part != "…" || !shown.ends_with('…') {
            shown.push('/');
            shown.push_str(part);
        }
    }
    if path.ends_with('/') && shown != "/" {
        shown.push('/');
    }
    shown
}

/// The prefix of every API token, by which messages and scanners for leaked secrets recognise one.
pub(crate) const TOKEN_PREFIX: &str = "crons_";

/// Quotes a name from a path or a query for a message, cut after 80 characters; `…` in place of one that looks like a key or an API token.
pub(crate) fn named(part: &str) -> String {
    /// Sentry's keys have 32 hexadecimal digits, and the random part of an API token is longer.
    const KEY: usize = 32;
    let digits = part.bytes().filter(u8::is_ascii_hexdigit).count();
    let others = part.bytes().any(|c| !c.is_ascii_hexdigit() && c != b'-');
    let is_token = part.strip_prefix(TOKEN_PREFIX).is_some_and(|random| random.len() >= KEY);
    if digits >= KEY && !others || is_token { "`…`".to_owned() } else { quoted(part) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collapsed(uri: &str) -> String {
        let mut uri: Uri = uri.parse().unwrap();
        collapse_slashes(&mut uri);
        uri.to_string()
    }

    #[test]
    fn runs_of_slashes_become_one_and_the_query_stays() {
        for (written, expected) in [
            ("/api/1/envelope/", "/api/1/envelope/"),
            ("//api/1/envelope/", "/api/1/envelope/"),
            ("/api///1//envelope////", "/api/1/envelope/"),
            ("/api/1/cron/x//KEY//?status=ok&note=a//b", "/api/1/cron/x/KEY/?status=ok&note=a//b"),
            ("//", "/"),
            ("//?a=//", "/?a=//"),
            ("http://host//api//1/", "http://host/api/1/"),
        ] {
            assert_eq!(collapsed(written), expected, "{written}");
        }
    }

    #[test]
    fn a_path_is_shown_without_what_may_be_a_key() {
        for (path, expected) in [
            ("/", "/"),
            ("/nowhere", "/…"),
            ("/api/1/cronn/job/0123456789abcdef/", "/api/1/…/"),
            ("/api/1/cron/job/0123456789abcdef/x", "/api/1/cron/…"),
            ("/api/0/organizations/crons/monitors", "/api/0/organizations/crons/monitors"),
            ("/api/123456789/envelope", "/api/…/envelope"),
            ("/api/1/2/envelope/", "/api/1/…/envelope/"),
        ] {
            assert_eq!(redacted(path), expected, "{path}");
        }
    }

    #[test]
    fn a_name_is_shown_unless_it_looks_like_a_key() {
        for (part, expected) in [
            ("job", "\"job\""),
            ("nightly-backup-of-all-databases-in-europe", "\"nightly-backup-of-all-databases-in-europe\""),
            ("0123456789abcdef0123456789ABCDEF", "`…`"),
            ("01234567-89ab-cdef-0123-456789abcdef", "`…`"),
            ("crons_Zm9vYmFyLWZvb2Jhci1mb29iYXItZm9vYmFyLWZv", "`…`"),
            ("crons_nightly", "\"crons_nightly\""),
            (&"é".repeat(81), &format!("\"{}…\"", "é".repeat(80))),
        ] {
            assert_eq!(named(part), expected);
        }
    }

    proptest! {
        #[test]
        fn any_path_is_collapsed_to_one_without_double_slashes(
            parts in prop::collection::vec("(/{1,3}[a-z0-9._~%2F-]{0,6})", 1..8),
            query in prop::option::of("[a-z/=&]{0,12}"),
        ) {
            let path = parts.concat();
            let written = query.as_ref().map_or(path.clone(), |query| format!("{path}?{query}"));
            if let Ok(mut uri) = written.parse::<Uri>() {
                collapse_slashes(&mut uri);
                prop_assert!(!uri.path().contains("//"));
                prop_assert_eq!(uri.query().unwrap_or_default(), query.as_deref().unwrap_or_default());
                let letters = |text: &str| text.replace('/', "");
                prop_assert_eq!(letters(uri.path()), letters(&path));
            }
        }
    }
}
