//! Health checks of the process and its parts, for supervisors and load balancers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::blocking;
use crate::http::error::HttpError;
use crate::http::state::AppState;
use crate::pipeline::Figures;
use crate::store::{StoreError, TargetSender};

/// The longest time by which the evaluation of deadlines may lag behind the clock.
const MAX_LAG: SignedDuration = SignedDuration::from_mins(3);
/// The longest time for which an alert may be due without an attempt to send any alert. A target has less time to answer.
const MAX_SILENCE: SignedDuration = SignedDuration::from_mins(5);

/// `GET /health`: 200 while the process answers.
pub async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// `GET /ready`: 200 if database, clock and outbox work. Else 503 with the reason.
pub async fn ready(State(state): State<AppState>) -> Result<Json<Value>, HttpError> {
    match fault(&state).await? {
        Some(fault) => Err(HttpError::new(StatusCode::SERVICE_UNAVAILABLE, fault)),
        None => Ok(Json(json!({"status": "ready"}))),
    }
}

/// Returns the reason why the server does not work as a whole; `None` if it does: the database can be read, is still the file that was
/// opened and took the last batch; deadlines are evaluated; due alerts are attempted. `/ready` and the pulse depend on it.
///
/// # Errors
/// If the database cannot be read.
pub(crate) async fn fault(state: &AppState) -> Result<Option<String>, StoreError> {
    let due = blocking::read(&state.probe, |queries| {
        queries.check()?;
        queries.due_alerts(&[])
    });
    let due = due.await?;
    let figures = state.inbox.vitals().figures();
    let now = state.inbox.clock().now();
    let database = || {
        let fault = "database: the last batch could not be stored; the server's log says why";
        (!state.inbox.is_healthy()).then(|| fault.to_owned())
    };
    let due = due.iter().filter(|alert| state.group.sender_of(&alert.target) != TargetSender::AnotherServer);
    let due_since = due.map(|alert| alert.next_attempt_at).min();
    let node = || {
        let fault = "node: the other servers on the database went on without this one, which said nothing for a while; it joins them again";
        state.group.is_expelled().then(|| fault.to_owned())
    };
    Ok(node()
        .or_else(database)
        .or_else(|| clock_fault(&figures, now))
        .or_else(|| outbox_fault(due_since, &figures, now)))
}

/// The reason why deadlines are not evaluated in time; `None` if they are.
fn clock_fault(figures: &Figures, now: Timestamp) -> Option<String> {
    let through = figures.evaluated_through?;
    if through.duration_since(now) > MAX_LAG {
        return Some(format!(
            "clock: it was set back: deadlines are evaluated through {through}, and now it is {now}, so none is evaluated until then; \
             restart the server to go on from now"
        ));
    }
    (now.duration_since(through) > MAX_LAG).then(|| {
        format!("clock: deadlines are evaluated through {through} only, and now it is {now}; the database may be too slow")
    })
}

/// The reason why alerts are not sent; `None` if they are, or none is due.
fn outbox_fault(due_since: Option<Timestamp>, figures: &Figures, now: Timestamp) -> Option<String> {
    let since = due_since.max(figures.last_attempt).filter(|_| due_since.is_some())?;
    (now.duration_since(since) > MAX_SILENCE).then(|| {
        format!("outbox: an alert is due, and none was attempted since {since}; restart the server if that goes on")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn a_clock_that_lags_or_was_set_back_is_a_fault() {
        for (through, now, expected) in [
            (None, 99, false),
            (Some(10), 13, false),
            (Some(10), 14, true),
            (Some(10), 7, false),
            (Some(10), 6, true),
        ] {
            let figures = Figures { evaluated_through: through.map(at), ..Figures::default() };
            assert_eq!(clock_fault(&figures, at(now)).is_some(), expected, "{through:?} at {now}");
        }
    }

    #[test]
    fn due_alerts_that_nobody_attempts_are_a_fault() {
        for (due, attempted, now, expected) in [
            (None, None, 99, false),
            (None, Some(1), 99, false),
            (Some(10), None, 15, false),
            (Some(10), None, 16, true),
            // A backlog that is being sent.
            (Some(10), Some(96), 99, false),
            (Some(10), Some(90), 99, true),
            (Some(120), None, 99, false),
        ] {
            let figures = Figures { last_attempt: attempted.map(at), ..Figures::default() };
            let fault = outbox_fault(due.map(at), &figures, at(now));
            assert_eq!(fault.is_some(), expected, "{due:?} {attempted:?} at {now}");
        }
    }
}
