//! Sends the pulse while the server is ready.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::alerts::PulseClient;
use crate::http::{self, AppState};
use crate::pipeline::PulseOutcome;

/// Sends the pulse at its interval, unless `/ready` would answer 503, until `stop` is true or its sender is dropped. Each change of the
/// outcome is logged once.
pub(crate) async fn run(client: PulseClient, state: Arc<AppState>, mut stop: watch::Receiver<bool>) {
    let mut beats = interval(client.pulse().every());
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = PulseOutcome::Sent;
    loop {
        tokio::select! {
            _ = beats.tick() => {}
            // Also ends with an error if the server was dropped, and with it the sender.
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let (outcome, reason) = beat(&client, &state).await;
        state.inbox.vitals().pulsed(outcome);
        if outcome != before {
            log(outcome, &client.pulse().origin(), &reason);
        }
        before = outcome;
    }
}

/// Sends the pulse if the server is ready. Returns the outcome, and its reason unless the pulse was sent.
async fn beat(client: &PulseClient, state: &AppState) -> (PulseOutcome, String) {
    let fault = http::fault(state).await.unwrap_or_else(|error| Some(format!("database: {error}")));
    if let Some(fault) = fault {
        return (PulseOutcome::Withheld, fault);
    }
    match client.send().await {
        Ok(()) => (PulseOutcome::Sent, String::new()),
        Err(error) => (PulseOutcome::Failed, error.to_string()),
    }
}

fn log(outcome: PulseOutcome, receiver: &str, reason: &str) {
    match outcome {
        PulseOutcome::Sent => tracing::info!(receiver, "the pulse is sent again"),
        PulseOutcome::Failed => tracing::warn!(
            receiver,
            reason,
            "the pulse is not accepted; the server goes on sending it, and logs no more of this until it changes"
        ),
        PulseOutcome::Withheld => tracing::error!(
            receiver,
            reason,
            "the pulse is not sent, since the server is not ready; it is sent again once the server is"
        ),
    }
}
