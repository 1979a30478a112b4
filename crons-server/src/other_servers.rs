//! The timer of a server on a database that other servers may use, too.

use std::time::Duration;

use crate::blocking;
use crate::http::AppState;
use crate::outbox::last_delivered;
use crate::pipeline::Task;

/// The interval of ticks: the other servers wait for what this one has received before a minute.
const INTERVAL: Duration = Duration::from_millis(250);
/// The ticks between two updates of live pages by what other servers have stored.
const TICKS_PER_UPDATE: u32 = 8;
/// The ticks between two reads of what other servers have stored about the alerts that they send.
const TICKS_PER_READ: u32 = 40;

/// Ticks a few times a second where there are other servers, or with `ticks_alone`, since one may start; and looks for what others have stored.
pub(crate) async fn follow(state: AppState, ticks_alone: bool) {
    let (group, inbox) = (&state.group, &state.inbox);
    let (mut ticks, mut known) = (0_u32, (group.has_others(), group.own_targets()));
    loop {
        tokio::time::sleep(INTERVAL).await;
        ticks = ticks.wrapping_add(1);
        let before = std::mem::replace(&mut known, (group.has_others(), group.own_targets()));
        let has_others = known.0;
        if has_others || ticks_alone {
            inbox.tick().await;
        }
        if has_others || known != before {
            inbox.alerts().notify_one();
        }
        if has_others && ticks.is_multiple_of(TICKS_PER_UPDATE) {
            inbox.changes().note_all();
        }
        if has_others && ticks.is_multiple_of(TICKS_PER_READ) {
            read_deliveries(&state).await;
        }
    }
}

/// Reads what pages and metrics say of deliveries, which another server makes.
async fn read_deliveries(state: &AppState) {
    // A failure is logged where it happens; what is shown stays.
    let _ = state.inbox.task(Task::ReadTargets).await;
    let read = blocking::read(&state.probe, |queries| Ok((queries.last_proof()?, last_delivered(queries)?)));
    match read.await {
        Ok((proof, delivered)) => {
            state.inbox.vitals().proved(proof);
            state.inbox.vitals().delivered(delivered);
        }
        Err(error) => {
            tracing::warn!(%error, "deliveries of other servers cannot be read; pages show earlier ones");
        }
    }
}
