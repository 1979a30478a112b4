//! The stream that keeps open pages up to date: a row at a time, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::list::{Window, rows_of};
use crate::http::error::HttpError;
use crate::http::listener::Streaming;
use crate::http::live::{Frame, Next, WINDOWS, Watcher};
use crate::http::query::QueryPairs;
use crate::http::state::AppState;
use crate::pipeline::{ChangesSince, Position};
use crate::store::{Queries, StoreError};

/// The least time between two frames. A row that changes more often is sent once.
const PAUSE: Duration = Duration::from_secs(1);
/// The most rows of a frame. If more have changed, pages read themselves anew, each after a random time.
const MAX_ROWS: usize = 100;
/// The time between two comments on an idle stream; less than any limit on the connection, and than the 60 s after which nginx closes it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

// A frame has a place for each window.
const _: () = assert!(Window::ALL.len() == WINDOWS);

const PARAMETERS: [&str; 3] = ["window", "monitor", "after"];

/// Sends the changes as frames, one a [`PAUSE`] at most, as long as the server runs. Without a stream it reads nothing.
pub(crate) async fn send_frames(state: AppState) {
    let mut sent = state.inbox.changes().position();
    loop {
        state.inbox.changes().changed().await;
        let now = state.inbox.changes().position();
        if state.live.is_watched() {
            match frame(&state, sent).await {
                Ok(frame) => state.live.send(frame),
                Err(error) => {
                    tracing::error!(%error, "the changes cannot be read; live pages read themselves anew");
                    state.live.send(Frame { position: now, monitors: None, rows: Default::default() });
                }
            }
        }
        sent = now;
        tokio::time::sleep(PAUSE).await;
    }
}

/// The frame of all changes after a position.
async fn frame(state: &AppState, after: Position) -> Result<Frame, StoreError> {
    let Some(changes) = state.inbox.changes().since(after) else {
        let position = state.inbox.changes().position();
        return Ok(Frame { position, monitors: None, rows: Default::default() });
    };
    let watched: Vec<Window> =
        Window::ALL.into_iter().filter(|window| state.live.is_window_watched(window.number())).collect();
    let mut rows = [const { None }; WINDOWS];
    for (window, rendered) in watched.iter().zip(rendered(state, &changes, &watched).await?) {
        rows[window.number()] = Some(rendered);
    }
    Ok(Frame { position: changes.until, monitors: Some(changes.monitors), rows })
}

/// The rows that changed, as JSON for each window; empty if they are too many.
async fn rendered(
    state: &AppState,
    changes: &ChangesSince,
    windows: &[Window],
) -> Result<Vec<Arc<str>>, StoreError> {
    if changes.monitors.len() > MAX_ROWS || windows.is_empty() {
        return Ok(Vec::new());
    }
    let now = state.inbox.clock().now();
    let (slugs, refused, windows) = (changes.monitors.clone(), changes.refused, windows.to_vec());
    let maintenance = Arc::clone(&state.maintenance);
    let read = move |queries: &dyn Queries| rows_of(queries, &slugs, refused, &windows, &maintenance, now);
    let rows = state.read(read).await?;
    Ok(rows.iter().map(|rows| rows.to_string().into()).collect())
}

/// `GET /live`: streams changes from now on, and those after the position in `after` or `Last-Event-ID`. With `window` an event has the
/// rows of the list; with `monitor` it says only that this monitor has changed.
pub async fn live(
    State(state): State<AppState>,
    headers: HeaderMap,
    query: QueryPairs,
) -> Result<Response, HttpError> {
    query.only(&PARAMETERS)?;
    let monitor = query.value("monitor")?.map(str::to_owned);
    let window = Window::of_query(&query)?;
    // A browser that connects again sends the id of the last event that it has.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = last.or(query.value("after")?).map(position).transpose()?;
    let place = monitor.is_none().then(|| window.number());
    let Some(watcher) = state.live.watch(place) else {
        let detail = "there are as many live pages as are allowed, which is half of the connections; load the page again later";
        let refused = HttpError::new(StatusCode::SERVICE_UNAVAILABLE, detail);
        return Ok(([(header::RETRY_AFTER, "30")], refused).into_response());
    };
    // Read after the place is taken: a change in between is sent twice, and not missed.
    let missed = match after {
        Some(after) => missed(&state, after, window, monitor.as_deref()).await?,
        None => None,
    };
    let hello = Event::default().retry(PAUSE).comment("live");
    let first = stream::iter([Some(hello), missed].into_iter().flatten());
    let rest = stream::unfold((watcher, window, monitor), next);
    let events = first.chain(rest).map(Ok::<_, Infallible>);
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    let mut response = stream.into_response();
    // nginx would hold the events back.
    response.headers_mut().insert("x-accel-buffering", header::HeaderValue::from_static("no"));
    response.extensions_mut().insert(Streaming);
    Ok(response)
}

fn position(text: &str) -> Result<Position, HttpError> {
    text.parse().map_err(|()| {
        let text: String = text.chars().take(80).collect();
        HttpError::bad_request(format!(
            "after: {text:?} is no position in the changes; leave it out, or send the id of the last event"
        ))
    })
}

/// The event with what a client has missed since a position; `None` if that is nothing.
async fn missed(
    state: &AppState,
    after: Position,
    window: Window,
    monitor: Option<&str>,
) -> Result<Option<Event>, HttpError> {
    let Some(changes) = state.inbox.changes().since(after) else {
        return Ok(Some(reload(state.inbox.changes().position())));
    };
    if let Some(monitor) = monitor {
        let is_changed = changes.monitors.iter().any(|slug| slug == monitor);
        return Ok(is_changed.then(|| changed(changes.until)));
    }
    if changes.monitors.is_empty() && !changes.refused {
        return Ok(None);
    }
    let rows = rendered(state, &changes, &[window]).await?;
    Ok(Some(rows.first().map_or_else(|| reload(changes.until), |rows| rows_event(changes.until, rows))))
}

type Stream = (Watcher, Window, Option<String>);

/// The next event of a stream; `None` at its end.
async fn next((mut watcher, window, monitor): Stream) -> Option<(Event, Stream)> {
    loop {
        let event = match watcher.next().await? {
            Next::Behind => Some(Event::default().event("reload").data("{}")),
            Next::Frame(frame) => event(&frame, window, monitor.as_deref()),
        };
        if let Some(event) = event {
            return Some((event, (watcher, window, monitor)));
        }
    }
}

/// A frame as an event for one client; `None` if it does not concern the client.
fn event(frame: &Frame, window: Window, monitor: Option<&str>) -> Option<Event> {
    if let Some(monitor) = monitor {
        let is_changed =
            frame.monitors.as_ref().is_none_or(|monitors| monitors.iter().any(|slug| slug == monitor));
        return is_changed.then(|| changed(frame.position));
    }
    let rows = frame.rows.get(window.number()).and_then(Option::as_ref);
    Some(rows.map_or_else(|| reload(frame.position), |rows| rows_event(frame.position, rows)))
}

fn rows_event(position: Position, rows: &str) -> Event {
    Event::default().event("rows").id(position.to_string()).data(rows)
}

fn changed(position: Position) -> Event {
    Event::default().event("changed").id(position.to_string()).data(json!({}).to_string())
}

/// The order to read the page anew.
fn reload(position: Position) -> Event {
    Event::default().event("reload").id(position.to_string()).data(json!({}).to_string())
}
