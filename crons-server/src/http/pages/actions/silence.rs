//! Makes silences for monitors, and ends them.

use axum::extract::State;
use axum::response::Response;
use crons_types::calendar::in_zone;
use crons_types::{Minutes, Timezone};
use jiff::{Timestamp, civil};
use maud::{Markup, html};

use crate::domain::{Filter, NewSilence, Operator, Silence, SilenceEnd};
use crate::http::api::{InPath, create_new_silence, end_silence_now, no_monitor, silence_id};
use crate::http::error::HttpError;
use crate::http::form::Form;
use crate::http::pages::return_to::{RETURN_TO, return_to, see_other};
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::quote::quoted;
use crate::store::MonitorView;

/// The lengths that the form offers: the value of the field `for`, and its words.
const LENGTHS: [(&str, &str); 4] = [("1h", "1 hour"), ("4h", "4 hours"), ("1d", "1 day"), ("1w", "1 week")];
/// The value of the field `for` with which the field `until` counts.
const UNTIL: &str = "until";

/// `POST /silences` with the fields `slug`, once for each monitor, `for`, `by` and `why`; perhaps `environment`. With `until` in `for`, the
/// field `until` has the end by the clock of `zone`. Monitors that do not exist any more are left out.
pub async fn silence(State(state): State<AppState>, Form(form): Form) -> Result<Response, HttpError> {
    form.only(&["slug", "environment", "for", "until", "zone", "by", "why", RETURN_TO])?;
    let page = return_to(&form, "/")?;
    let (end, environment) = (end(&form, state.inbox.clock().now())?, form.value("environment")?);
    let slugs: Vec<String> = form.values("slug")?.into_iter().map(str::to_owned).collect();
    let Some(first) = slugs.first().cloned() else {
        return Err(HttpError::bad_request("slug: no monitor is chosen; check one or more in the list"));
    };
    let chosen = state.read(move |queries| queries.monitors_named(&slugs)).await?;
    if chosen.is_empty() {
        return Err(no_monitor(&first));
    }
    let new = NewSilence {
        matchers: matchers(&chosen, environment.filter(|name| !name.is_empty()))?,
        starts_at: None,
        end,
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

/// The filters for the chosen monitors, by their ids so that a silence outlasts a rename, and for an environment if one is chosen.
fn matchers(chosen: &[MonitorView], environment: Option<&str>) -> Result<Vec<Filter>, HttpError> {
    let refused = |error: crate::domain::InvalidFilter| HttpError::bad_request(error.to_string());
    let ids: Vec<String> = chosen.iter().map(|view| view.monitor.guid.to_string()).collect();
    let mut matchers = vec![Filter::new("monitor.id", Operator::IsIn, &ids.join(",")).map_err(refused)?];
    if let Some(environment) = environment {
        matchers.push(Filter::new("environment", Operator::Equals, environment).map_err(refused)?);
    }
    Ok(matchers)
}

/// Reads the end of the silence that the form asks for.
fn end(form: &QueryPairs, now: Timestamp) -> Result<SilenceEnd, HttpError> {
    let length = form.value("for")?.unwrap_or_default();
    if length != UNTIL {
        let length =
            Minutes::parse(length).map_err(|error| HttpError::bad_request(format!("for: {error}")))?;
        return Ok(SilenceEnd::After(length));
    }
    let zone = form.value("zone")?.filter(|zone| !zone.is_empty()).map_or(Ok(Timezone::UTC), Timezone::parse);
    let zone = zone.map_err(|error| HttpError::bad_request(format!("zone: {error}")))?;
    let written = form.value("until")?.unwrap_or_default();
    until(written, zone, now).map(SilenceEnd::At).map_err(HttpError::bad_request)
}

/// Reads the end that is written in the field `until`, by the clock of `zone`.
///
/// # Errors
/// If it is no date and time, has passed, or is more than a year ahead. The message names the field, its text and the zone.
fn until(written: &str, zone: Timezone, now: Timestamp) -> Result<Timestamp, String> {
    let time_zone = in_zone(Timestamp::UNIX_EPOCH, zone).time_zone().clone();
    let local = written.parse::<civil::DateTime>().ok();
    let text = quoted(written);
    let end = local.and_then(|local| time_zone.to_timestamp(local).ok()).ok_or_else(|| {
        format!(
            "until: {text} is no date and time; write one such as 2026-12-24T20:00, by the clock of {zone}"
        )
    })?;
    if end <= now {
        let now = in_zone(now, zone).strftime("%Y-%m-%dT%H:%M");
        return Err(format!(
            "until: {text} has passed by the clock of {zone}, where it is {now}; write a later time"
        ));
    }
    if end.duration_since(now) > Silence::MAX_LENGTH {
        return Err(format!(
            "until: {text}, by the clock of {zone}, is more than a year ahead; write an earlier time, or disable the monitor"
        ));
    }
    Ok(end)
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
