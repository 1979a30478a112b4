//! Advice on the configuration, proved on the history of one environment.

use maud::{Markup, html};

use crate::http::api::EnvironmentAdvice;

/// Nothing without advice: a job that is on time needs none.
pub(super) fn advice(found: &[EnvironmentAdvice]) -> Markup {
    html! {
        @for EnvironmentAdvice { environment, advice } in found.iter().filter(|found| !found.advice.is_empty()) {
            section.advice {
                h2 { "Advice for " (environment) }
                @for (number, piece) in advice.iter().enumerate() {
                    p.detail { (piece.text) }
                    @if !piece.readings.is_empty() {
                        ul { @for reading in &piece.readings { li.detail { (reading) } } }
                    }
                    @if let Some(attribute) = &piece.attribute {
                        div.copied {
                            pre id={ "advice-" (number) } tabindex="0" { (attribute) }
                            button type="button" data-copy={ "#advice-" (number) } { "Copy" }
                        }
                    }
                }
            }
        }
    }
}
