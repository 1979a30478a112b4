//! Payloads that were refused, or accepted with remarks.

use maud::{Markup, html};

use crate::http::pages::words;
use crate::store::ProcessingErrorsView;

pub(super) fn refused(views: &[ProcessingErrorsView]) -> Markup {
    html! {
        section {
            h2 #refused { "Refused payloads" }
            @if views.is_empty() {
                p { "None was refused." }
            } @else {
                p { "The newest " (views.len()) ", with what came and why it was not taken as it was sent." }
                @for (number, view) in views.iter().enumerate() { (payload(number, view)) }
            }
        }
    }
}

fn payload(number: usize, view: &ProcessingErrorsView) -> Markup {
    html! {
        article.payload aria-labelledby={ "payload-title-" (number) } {
            h3 id={ "payload-title-" (number) } {
                (words::time(view.received)) " – " @if view.accepted { "accepted, with remarks" } @else { "refused" }
            }
            ul { @for error in &view.errors { li.detail { (error.message) } } }
            @if !view.payload.is_empty() {
                details {
                    summary { "What came" }
                    div.copied {
                        pre id={ "payload-" (number) } tabindex="0" { (view.payload) }
                        button type="button" data-copy={ "#payload-" (number) } { "Copy" }
                    }
                }
            }
        }
    }
}
