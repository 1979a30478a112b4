//! The document around the content of every page: head, header with navigation, footer.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::assets::{SCRIPT, STYLE};
use super::health::{self, Health};
use super::words;
use crate::http::state::AppState;
use crate::store::{Duty, Node};

/// The content type of pages.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// The part of a page's head that differs from page to page.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Head<'a> {
    /// The name of the page, in the title of the window.
    pub title: &'a str,
    /// The state that the icon of the window shows, which is the worst one of the page; `None` for a plain icon.
    pub state: Option<Health>,
}

/// A page behind the sign-in, with navigation above and the health of the server below.
pub(crate) fn document(state: &AppState, head: &Head<'_>, content: &Markup) -> Response {
    let now = state.inbox.clock().now();
    let body = html! {
        header.top {
            a.skip href="#main" { "Skip to the content" }
            (brand())
            nav aria-label="Main" { a href="/" { "Monitors" } }
            @if state.access.is_guarded() {
                form method="post" action="/sign-out" { button type="submit" { "Sign out" } }
            }
        }
        main #main { (content) }
        footer.bottom {
            (server_health(state, now))
            (nodes(&state.group.nodes(), now))
            p { "Times without a place are UTC." }
        }
    };
    answer(head, Some(now), &body)
}

/// The health of the server itself, on which every page depends, at the time of the page. Its distances stand still: they would grow on
/// an open page though the server goes on.
fn server_health(state: &AppState, now: Timestamp) -> Markup {
    let figures = state.inbox.vitals().figures();
    html! {
        p.health {
            "This server at " (words::time(now)) " UTC: last tick " (ago(figures.last_tick, now))
            "; last commit " (ago(figures.last_commit.map(|commit| commit.at), now))
            "; last alert delivered " (ago(figures.last_delivered, now))
            @match figures.last_proof {
                Some(proof) => {
                    "; alert path last proven " (ago(Some(proof.at), now)) ", " (format!("{:.1} s", proof.took.as_secs_f64()))
                }
                None => @if !figures.targets.is_empty() { "; alert path never proven by a drill" }
            }
            @for (target, failing) in &figures.targets {
                @if let Some(failing) = failing {
                    "; " strong {
                        "the target " (target) " has accepted no alert since " (words::time(failing.since)) " UTC: "
                        (failing.answer)
                    }
                }
            }
            @if !state.inbox.is_healthy() {
                "; " strong { "the last write to the database failed; the server's log says why" }
            }
            @match figures.last_outage {
                Some(outage) => {
                    "; last outage, in which it was not receiving: " (words::time(outage.since)) " to " (words::time(outage.until))
                }
                None => "; no outage is known, in which it was not receiving",
            }
            "."
        }
    }
}

/// The servers on the database, if it is one that several can use.
fn nodes(nodes: &[Node], now: Timestamp) -> Markup {
    html! {
        @if !nodes.is_empty() {
            table.nodes {
                caption { "Servers on this database" }
                thead { tr { th scope="col" { "Server" } th scope="col" { "Started" } th scope="col" { "All stored until" } th scope="col" { "Does" } } }
                tbody {
                    @for node in nodes {
                        tr {
                            th scope="row" { (node.name) @if node.is_this { " (this one)" } }
                            td { (words::distance(node.started, now)) }
                            td {
                                @match node.watermark { Some(watermark) => (words::time(watermark)), None => "does not receive yet" }
                                @if node.is_gone { "; " strong { "says nothing" } }
                            }
                            td { (duties(node)) }
                        }
                    }
                }
            }
        }
    }
}

/// The work of a server, in words.
fn duties(node: &Node) -> String {
    let words = node.duties.iter().map(|duty| match duty {
        Duty::Deadlines => "deadlines",
        Duty::Housekeeping => "retention and digests",
    });
    let words: Vec<_> = std::iter::once("check-ins and pages").chain(words).collect();
    let targets = match node.targets.as_slice() {
        [] => String::new(),
        targets => format!(", alerts to {}", targets.join(", ")),
    };
    words.join(", ") + &targets
}

fn ago(instant: Option<Timestamp>, now: Timestamp) -> Markup {
    html! { @match instant { Some(instant) => (words::distance(instant, now)), None => "never" } }
}

/// A page that anybody may see, without stored data: the sign-in, errors.
pub(crate) fn bare_document(head: &Head<'_>, content: &Markup) -> Response {
    let body = html! {
        header.top { (brand()) }
        main #main { (content) }
    };
    answer(head, None, &body)
}

fn brand() -> Markup {
    html! { a.brand href="/" { "crons" } }
}

/// The answer with a document around this body. `now` is the server's time, by which the script corrects the browser's clock.
fn answer(head: &Head<'_>, now: Option<Timestamp>, body: &Markup) -> Response {
    let icon = head
        .state
        .map_or_else(|| "/favicon.svg".to_owned(), |state| format!("/favicon.svg?state={}", state.key()));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="theme-color" media="(prefers-color-scheme: light)" content="#ffffff";
                meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0f1318";
                title { (head.title) " · crons" }
                link rel="icon" type="image/svg+xml" href=(icon);
                link rel="stylesheet" href={ "/style.css" (STYLE.version()) };
                script src={ "/script.js" (SCRIPT.version()) } defer {}
            }
            body data-now=[now.map(Timestamp::as_millisecond)] {
                (health::sprite())
                (body)
            }
        }
    };
    // Pages have data that needs the sign-in, so no copy of them may outlive it.
    let head = [(header::CONTENT_TYPE, HTML), (header::CACHE_CONTROL, "no-store")];
    (head, page.into_string()).into_response()
}
