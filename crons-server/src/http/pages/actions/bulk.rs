//! Changes many monitors at once: those that are checked in the list.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use crons_types::Timezone;
use maud::{Markup, html};

use super::change::{Change, no_command};
use super::refusal::refusal;
use super::silence;
use crate::domain::{Command, CommandError};
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::pages::document::{Head, document};
use crate::http::pages::return_to::{RETURN_TO, checked, see_other};
use crate::http::state::AppState;
use crate::mask;

/// The value of the field `do` that deletes.
const DELETE: &str = "delete";

/// The most monitors that one transaction changes.
const CHUNK: usize = 100;
/// The most monitors of one form, as many as the API takes at once. A page of the list has fewer.
const MAX_SLUGS: usize = 2_000;

/// The fields of the form.
#[derive(Debug, Default, PartialEq, Eq)]
struct Bulk {
    slugs: Vec<String>,
    command: String,
    is_confirmed: bool,
    return_to: Option<String>,
}

impl Bulk {
    fn of(Form(form): Form) -> Result<Self, HttpError> {
        let mut bulk = Self::default();
        let mut known = HashSet::new();
        for (name, value) in form.into_pairs()? {
            match name.as_str() {
                "slug" if known.insert(value.clone()) => bulk.slugs.push(value),
                "do" => bulk.command = value,
                "confirmed" => bulk.is_confirmed = value == "yes",
                // A slug again, or a field of the button that makes a silence.
                "slug" | "for" | "until" | "zone" | "by" | "why" => {}
                RETURN_TO => bulk.return_to = Some(checked(&value)?),
                _ => {
                    let name: String = name.chars().take(80).collect();
                    return Err(HttpError::bad_request(format!(
                        "{name:?} is no field of this form; allowed are `slug`, once for each monitor, `do`, `confirmed` and `{RETURN_TO}`"
                    )));
                }
            }
        }
        if bulk.slugs.is_empty() {
            return Err(HttpError::bad_request("slug: no monitor is chosen; check one or more in the list"));
        }
        if bulk.slugs.len() > MAX_SLUGS {
            let chosen = bulk.slugs.len();
            return Err(HttpError::bad_request(format!(
                "slug: {chosen} monitors are chosen; choose {MAX_SLUGS} or fewer at once"
            )));
        }
        Ok(bulk)
    }
}

/// `POST /monitors` with the field `slug` once for each monitor, and `do`. Deletion is asked about first, unless `confirmed` is `yes`.
pub async fn change_many(State(state): State<AppState>, form: Form) -> Result<Response, HttpError> {
    let bulk = Bulk::of(form)?;
    let page = bulk.return_to.clone().unwrap_or_else(|| "/".to_owned());
    let mut missing = Vec::new();
    match Change::named(&bulk.command) {
        None if bulk.command != DELETE => {
            let mut allowed = Change::ALL.map(Change::key).to_vec();
            allowed.push(DELETE);
            return Err(no_command(&bulk.command, &allowed));
        }
        None if !bulk.is_confirmed => return Ok(confirmation(&state, &bulk, &page)),
        Some(change) => {
            for chunk in bulk.slugs.chunks(CHUNK) {
                let change = Box::new(change.of_monitor());
                let command = Command::ChangeMonitors { monitors: chunk.to_vec(), change };
                let changed =
                    state.inbox.command(command).await?.map_err(|error| refusal(error, "of the list"))?;
                missing.extend(changed.missing);
            }
        }
        None => {
            for slug in &bulk.slugs {
                match state.delete_monitor(slug, Vec::new()).await? {
                    Ok(()) => {}
                    Err(CommandError::NoMonitor) => missing.push(slug.clone()),
                    Err(error) => return Err(refusal(error, slug)),
                }
            }
        }
    }
    let changed = bulk.slugs.len() - missing.len();
    tracing::info!(change = %mask::hide(&bulk.command), changed, missing = missing.len(), "monitors changed on the list");
    if missing.is_empty() {
        return Ok(see_other(&page));
    }
    let mut answer = document(
        &state,
        &Head { title: "Not found", ..Head::default() },
        &not_found(&missing, changed, &page),
    );
    *answer.status_mut() = StatusCode::NOT_FOUND;
    Ok(answer)
}

fn not_found(missing: &[String], changed: usize, page: &str) -> Markup {
    html! {
        h1 { "Some monitors do not exist" }
        p.alert role="alert" {
            "Done for " (changed) " of " (changed + missing.len()) " monitors. These do not exist, or were deleted meanwhile:"
        }
        ul { @for slug in missing { li.detail { (slug) } } }
        p { a href=(page) { "Back to the list" } }
    }
}

fn confirmation(state: &AppState, bulk: &Bulk, page: &str) -> Response {
    let content = html! {
        h1 { "Delete " (bulk.slugs.len()) @if bulk.slugs.len() == 1 { " monitor?" } @else { " monitors?" } }
        ul { @for slug in &bulk.slugs { li.detail { (slug) } } }
        p {
            "Their check-ins, incidents and counts are deleted with them, and cannot be restored. A job that still runs creates its \
             monitor again with its next check-in."
        }
        form method="post" action="/monitors" {
            @for slug in &bulk.slugs { input type="hidden" name="slug" value=(slug); }
            input type="hidden" name="confirmed" value="yes";
            input type="hidden" name=(RETURN_TO) value=(page);
            button.danger type="submit" name="do" value=(DELETE) { "Delete" } " "
            a.button href=(page) { "Keep them" }
        }
    };
    document(state, &Head { title: "Delete", ..Head::default() }, &content)
}

/// The id of the form, by which the checkboxes of the list belong to it.
pub(crate) const FORM: &str = "bulk";

/// The bar under the list; `page` is the address of the list as it is shown.
pub(crate) fn bar(page: &str) -> Markup {
    html! {
        form.bulk id=(FORM) method="post" action="/monitors" {
            input type="hidden" name=(RETURN_TO) value=(page);
            span { "With the checked monitors: " }
            @for change in Change::ALL { button type="submit" name="do" value=(change.key()) { (change.word()) } " " }
            button.danger type="submit" name="do" value=(DELETE) { "Delete" }
            span.silence-fields {
                (silence::fields(Timezone::UTC, "UTC"))
                button type="submit" formaction="/silences" { "Silence" }
            }
        }
    }
}
