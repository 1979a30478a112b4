//! Makes silences for monitors, and ends them.

use axum::extract::State;
use axum::response::Response;
use crons_types::calendar::in_zone;
use crons_types::{Minutes, Timezone};
use jiff::{Timestamp, civil};
use maud::{Markup, html};

use crate::domain::{Filter, NewSilence, Operator, SilenceEnd};
use crate::http::api::{InPath, create_new_silence, end_silence_now, silence_id};
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::pages::return_to::{RETURN_TO, return_to, see_other};
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::quote::quoted;

/// The lengths that the form offers: the value of the field `for`, and its words.
const LENGTHS: [(&str, &str); 4] = [("1h", "1 hour"), ("4h", "4 hours"), ("1d", "1 day"), ("1w", "1 week")];
/// The value of the field `for` with which the field `until` counts.
const UNTIL: &str = "until";

/// `POST /silences` with the fields `slug`, once for each monitor, `for`, `by` and `why`; perhaps `environment`. With `until` in `for`, the
/// field `until` has the end by the clock of `zone`.
pub async fn silence(State(state): State<AppState>, Form(form): Form) -> Result<Response, HttpError> {
    form.only(&["slug", "environment", "for", "until", "zone", "by", "why", RETURN_TO])?;
    let page = return_to(&form, "/")?;
    let new = NewSilence {
        matchers: matchers(&form)?,
        starts_at: None,
        end: end(&form)?,
        by: form.value("by")?.unwrap_or_default().to_owned(),
        why: form.value("why")?.unwrap_or_default().to_owned(),
    };
    create_new_silence(&state, new).await?;
    Ok(see_other(&page))
}

/// `POST /silences/{id}/end`
pub async fn end_silence(
    State(state): State<AppState>,
    InPath(id): InPath<String>,
    Form(form): Form,
) -> Result<Response, HttpError> {
    form.only(&[RETURN_TO])?;
    let page = return_to(&form, "/")?;
    end_silence_now(&state, silence_id(&id)?).await?;
    Ok(see_other(&page))
}

/// The filters for the chosen monitors, and for one environment if the form names one.
fn matchers(form: &QueryPairs) -> Result<Vec<Filter>, HttpError> {
    let slugs = form.values("slug")?;
    if slugs.is_empty() {
        return Err(HttpError::bad_request("slug: no monitor is chosen; check one or more in the list"));
    }
    let refused = |error: crate::domain::InvalidFilter| HttpError::bad_request(error.to_string());
    let mut matchers = vec![Filter::new("monitor.slug", Operator::IsIn, &slugs.join(",")).map_err(refused)?];
    if let Some(environment) = form.value("environment")?.filter(|name| !name.is_empty()) {
        matchers.push(Filter::new("environment", Operator::Equals, environment).map_err(refused)?);
    }
    Ok(matchers)
}

fn end(form: &QueryPairs) -> Result<SilenceEnd, HttpError> {
    let length = form.value("for")?.unwrap_or_default();
    if length != UNTIL {
        let length =
            Minutes::parse(length).map_err(|error| HttpError::bad_request(format!("for: {error}")))?;
        return Ok(SilenceEnd::After(length));
    }
    let zone = form.value("zone")?.filter(|zone| !zone.is_empty()).map_or(Ok(Timezone::UTC), Timezone::parse);
    let zone = zone.map_err(|error| HttpError::bad_request(format!("zone: {error}")))?;
    let written = form.value("until")?.unwrap_or_default();
    let local = written.parse::<civil::DateTime>().ok();
    let zone = in_zone(Timestamp::UNIX_EPOCH, zone).time_zone().clone();
    local.and_then(|local| zone.to_timestamp(local).ok()).map(SilenceEnd::At).ok_or_else(|| {
        HttpError::bad_request(format!(
            "until: {} is no date and time; write one such as 2026-12-24T20:00",
            quoted(written)
        ))
    })
}

/// The fields of the form that makes a silence; the times of `until` are those of `zone`.
pub(crate) fn fields(zone: Timezone, place: &str) -> Markup {
    html! {
        label { "Silence for "
            select name="for" {
                @for (value, words) in LENGTHS { option value=(value) { (words) } }
                option value=(UNTIL) { "until …" }
            }
        } " "
        label { "until (" (place) ") " input type="datetime-local" name="until"; } " "
        input type="hidden" name="zone" value=(zone);
        input name="by" maxlength="200" size="12" autocomplete="name" placeholder="Your name" aria-label="Your name"; " "
        input name="why" maxlength="500" size="20" placeholder="Reason" aria-label="Reason"; " "
    }
}
