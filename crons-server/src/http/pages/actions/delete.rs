//! Deletes a monitor, or one environment of it, after a page that asks whether that is meant.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::refusal::refusal;
use crate::domain::CommandError;
use crate::http::api::{InPath, no_monitor};
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::pages::document::{Head, document};
use crate::http::pages::return_to::see_other;
use crate::http::query::QueryPairs;
use crate::http::state::AppState;

/// `GET /monitors/{slug}/delete?environment=..`: asks whether the monitor is to be deleted, or this environment of it.
pub async fn confirm_deletion(
    State(state): State<AppState>,
    InPath(slug): InPath<String>,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    let environment = environment(&query)?;
    let wanted = slug.clone();
    let view = state.read(move |queries| queries.monitor(&wanted)).await?.ok_or_else(|| no_monitor(&slug))?;
    if let Some(name) = &environment
        && view.environments.iter().all(|view| view.environment.name != *name)
    {
        return Err(refusal(CommandError::NoEnvironment(name.clone()), &slug));
    }
    let content = html! {
        h1 {
            "Delete " @if let Some(name) = &environment { "environment " (name) " of " } (slug) "?"
        }
        p {
            "Its check-ins, incidents and counts are deleted with it, and cannot be restored. If the job still runs, its next check-in \
             creates it again; mute or disable it to keep its history."
        }
        form method="post" action={ "/monitors/" (slug) "/delete" } {
            @if let Some(name) = &environment { input type="hidden" name="environment" value=(name); }
            button.danger type="submit" { "Delete" } " "
            a.button href={ "/monitors/" (slug) } { "Keep it" }
        }
    };
    Ok(document(&state, &Head { title: "Delete", ..Head::default() }, &content))
}

/// `POST /monitors/{slug}/delete`, with the field `environment` only that one.
pub async fn delete(
    State(state): State<AppState>,
    InPath(slug): InPath<String>,
    Form(form): Form,
) -> Result<Response, HttpError> {
    let environment = environment(&form)?;
    let page = if environment.is_some() { format!("/monitors/{slug}") } else { "/".to_owned() };
    state
        .delete_monitor(&slug, environment.into_iter().collect())
        .await?
        .map_err(|error| refusal(error, &slug))?;
    Ok(see_other(&page))
}

fn environment(fields: &QueryPairs) -> Result<Option<String>, HttpError> {
    fields.only(&["environment"])?;
    match fields.value("environment")? {
        // An empty one that meant the whole monitor would be a trap.
        Some("") => Err(HttpError::bad_request(
            "environment: it is empty; write its name, or leave it out to delete the whole monitor",
        )),
        given => Ok(given.map(str::to_owned)),
    }
}
