//! The section with advice on the configuration, which simulations of the stored history have proved.

use maud::{Markup, html};

use crate::http::api::EnvironmentAdvice;

/// The section of the page; empty without advice.
pub(super) fn advice(environments: &[EnvironmentAdvice]) -> Markup {
    let some = environments.iter().filter(|of| !of.advice.is_empty());
    html! {
        @for (place, of) in some.enumerate() {
            section.advice {
                h2 { "Advice for " (of.environment) }
                @for (number, advice) in of.advice.iter().enumerate() {
                    p { (advice.text) }
                    @if !advice.readings.is_empty() {
                        ul { @for reading in &advice.readings { li { (reading) } } }
                    }
                    @if let Some(attribute) = &advice.attribute {
                        @let id = format!("advice-{place}-{number}");
                        div.copied {
                            pre id=(id) tabindex="0" { (attribute) }
                            button type="button" data-copy={ "#" (id) } { "Copy" }
                        }
                    }
                }
            }
        }
    }
}
