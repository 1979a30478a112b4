//! The form that edits a monitor. It holds what the page showed, so that the later of two people is told what the earlier one changed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};

use super::fields::{FIELDS, STATE, Values, WAS, names, state_of, was};
use super::refusal::refusal;
use crate::domain::{Command, CommandError};
use crate::http::api::{InPath, no_monitor};
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::pages::document::{Head, document};
use crate::http::pages::return_to::see_other;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::mask;
use crate::store::MonitorView;

/// `GET /monitors/{slug}/edit`
pub async fn edit_page(
    State(state): State<AppState>,
    InPath(slug): InPath<String>,
) -> Result<Response, HttpError> {
    let view = stored(&state, &slug).await?;
    Ok(page(&state, &view, &Shown::of(&view), &Values::of(&view), &html! {}))
}

/// `POST /monitors/{slug}/edit`: 400 if a value is not allowed, 409 if the monitor was changed since the page was loaded; both with the form
/// as it was filled in.
pub async fn edit(
    State(state): State<AppState>,
    InPath(slug): InPath<String>,
    Form(form): Form,
) -> Result<Response, HttpError> {
    let names = names();
    form.only(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    let shown = Shown::sent(&form)?;
    let values = Values::sent(&form, "")?;
    let change = match values.change() {
        Ok(change) => change,
        Err(reason) => {
            let view = stored(&state, &slug).await?;
            let notice = html! { p.alert role="alert" { (reason) } };
            return Ok(with_status(page(&state, &view, &shown, &values, &notice), StatusCode::BAD_REQUEST));
        }
    };
    let command = Command::ChangeMonitor {
        monitor: slug.clone(),
        change: Box::new(change),
        expected: Some(vec![shown.revision]),
    };
    match state.inbox.command(command).await? {
        Ok(_) => {
            tracing::info!(slug = %mask::hide(&slug), "monitor edited on its page");
            Ok(see_other(&format!("/monitors/{slug}")))
        }
        Err(CommandError::Changed) => {
            let view = stored(&state, &slug).await?;
            let now = Shown::of(&view);
            let notice = conflict(&shown.changes(&now));
            Ok(with_status(page(&state, &view, &now, &values, &notice), StatusCode::CONFLICT))
        }
        Err(error) => Err(refusal(error, &slug)),
    }
}

async fn stored(state: &AppState, slug: &str) -> Result<MonitorView, HttpError> {
    let wanted = slug.to_owned();
    state.read(move |queries| queries.monitor(&wanted)).await?.ok_or_else(|| no_monitor(slug))
}

fn with_status(mut page: Response, status: StatusCode) -> Response {
    *page.status_mut() = status;
    page
}

/// The values of a monitor that a page showed when it was loaded.
struct Shown {
    revision: u64,
    values: Values,
    state: [(&'static str, String); STATE.len()],
}

/// A value that differs from what the page showed.
struct Changed {
    label: &'static str,
    before: String,
    now: String,
}

impl Shown {
    fn of(view: &MonitorView) -> Self {
        Self { revision: view.revision(), values: Values::of(view), state: state_of(view) }
    }

    /// The values that the page showed from which a form was sent.
    fn sent(form: &QueryPairs) -> Result<Self, HttpError> {
        let written = form.value("revision")?.unwrap_or_default();
        let revision = u64::from_str_radix(written, 16).map_err(|_| {
            let written: String = written.chars().take(80).collect();
            HttpError::bad_request(format!(
                "revision: {written:?} is none; load the page again, and send its form"
            ))
        })?;
        let mut state = STATE.map(|key| (key, String::new()));
        for (key, value) in &mut state {
            form.value(&was(key))?.unwrap_or_default().clone_into(value);
        }
        Ok(Self { revision, values: Values::sent(form, WAS)?, state })
    }

    /// The values that somebody else has changed since.
    fn changes(&self, now: &Self) -> Vec<Changed> {
        let changed = |label, before: &str, now: &str| Changed {
            label,
            before: before.to_owned(),
            now: now.to_owned(),
        };
        let fields = FIELDS.iter().zip(&self.values.0).zip(&now.values.0);
        let fields = fields.map(|((field, before), now)| changed(field.label, before, now));
        let state = self.state.iter().zip(&now.state).map(|((key, before), (_, now))| {
            changed(if *key == "muted" { "Muted environments" } else { "Disabled" }, before, now)
        });
        fields.chain(state).filter(|field| field.before != field.now).collect()
    }

    /// The hidden fields that repeat these values when the form is sent.
    fn fields(&self) -> Markup {
        html! {
            input type="hidden" name="revision" value=(format!("{:016x}", self.revision));
            @for (field, value) in FIELDS.iter().zip(&self.values.0) {
                input type="hidden" name=(was(field.key)) value=(value);
            }
            @for (key, value) in &self.state { input type="hidden" name=(was(key)) value=(value); }
        }
    }
}

fn conflict(changes: &[Changed]) -> Markup {
    let shown = |value: &str| if value.is_empty() { "nothing".to_owned() } else { value.to_owned() };
    html! {
        div.alert role="alert" {
            p { b { "The monitor was changed since you loaded this page, so nothing of yours was saved." } }
            @if changes.is_empty() {
                p { "It was changed and changed back." }
            } @else {
                ul {
                    @for Changed { label, before, now } in changes {
                        li { (label) ": it was " b { (shown(before)) } ", and is now " b { (shown(now)) } "." }
                    }
                }
            }
            p { "The form has what you wrote. Save it to replace these values, or load the page again to keep them." }
        }
    }
}

fn page(state: &AppState, view: &MonitorView, shown: &Shown, values: &Values, notice: &Markup) -> Response {
    let slug = view.monitor.slug.as_str();
    let content = html! {
        h1 { "Edit " (slug) }
        (notice)
        @if view.monitor.upserting {
            p.note {
                "The code of the job sends this configuration: its next check-in replaces what you change here, except the name. Change \
                 the attribute as well, or remove the configuration from it."
            }
        }
        form.edit method="post" action={ "/monitors/" (slug) "/edit" } {
            (shown.fields())
            @for (field, value) in FIELDS.iter().zip(&values.0) {
                label for=(field.key) { (field.label) }
                input id=(field.key) name=(field.key) value=(value) aria-describedby={ (field.key) "-hint" }
                    inputmode=[field.is_number.then_some("numeric")] autocomplete="off" spellcheck="false";
                p.note id={ (field.key) "-hint" } { (field.hint) }
            }
            div.actions {
                button.primary type="submit" { "Save" } " "
                a.button href={ "/monitors/" (slug) } { "Cancel" }
            }
        }
    };
    document(state, &Head { title: "Edit", ..Head::default() }, &content)
}
