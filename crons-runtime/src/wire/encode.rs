//! Encodes a check-in as a request: fills in defaults, calls the user's hook, writes the envelope.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crons_types::{CheckIn, CheckInId, Environment};

use crate::record::discard::{DiscardCounts, DiscardReason};
use crate::wire::envelope::EnvelopeWriter;
use crate::wire::transport::Request;

/// The user's hook `before_send_check_in`. It may change a check-in; `None` discards it.
pub(crate) type BeforeSend = Arc<dyn Fn(CheckIn) -> Option<CheckIn> + Send + Sync>;

/// Values for check-ins that have none of their own.
#[derive(Clone, Debug)]
pub(crate) struct Defaults {
    pub(crate) environment: Environment,
    pub(crate) release: Option<String>,
}

impl Defaults {
    /// Fills in the environment and the release if the check-in has none.
    pub(crate) fn complete(&self, mut check_in: CheckIn) -> CheckIn {
        check_in.environment.get_or_insert_with(|| self.environment.clone());
        if check_in.release.is_none() {
            check_in.release.clone_from(&self.release);
        }
        check_in
    }
}

pub(crate) struct CheckInEncoder {
    pub(crate) envelopes: EnvelopeWriter,
    pub(crate) defaults: Defaults,
    pub(crate) before_send: Option<BeforeSend>,
}

/// The check-in was discarded, for this reason.
#[derive(Debug)]
pub(crate) struct Discarded(pub(crate) DiscardReason);

impl CheckInEncoder {
    /// Fills in defaults and calls the user's hook. Called once for each check-in, as the hook may count or sample: the caller keeps
    /// the result for further attempts.
    pub(crate) fn prepare(&self, check_in: CheckIn) -> Result<CheckIn, Discarded> {
        let check_in = self.defaults.complete(check_in);
        let Some(before_send) = &self.before_send else { return Ok(check_in) };
        let (id, slug) = (check_in.check_in_id, check_in.monitor_slug.clone());
        let seen = catch_unwind(AssertUnwindSafe(|| before_send(check_in))).map_err(|payload| {
            // The payload is not dropped, which could panic, too.
            std::mem::forget(payload);
            log_loss!(error, slug, [], "check-in dropped: before_send_check_in has panicked");
            Discarded(DiscardReason::Internal)
        })?;
        let mut seen = seen.ok_or(Discarded(DiscardReason::BeforeSend))?;
        // The server matches start and end of a run by this id, so a hook cannot change it.
        seen.check_in_id = id;
        Ok(seen)
    }

    /// The request for a check-in that was [prepared](Self::prepare).
    pub(crate) fn write(
        &self,
        check_in: &CheckIn,
        trace: Option<CheckInId>,
        discarded: &DiscardCounts,
    ) -> Result<Request, Discarded> {
        self.envelopes.write(check_in, trace, discarded).map_err(|error| {
            log_loss!(error, check_in.monitor_slug, [%error,], "check-in dropped: it cannot be written: {error}");
            Discarded(DiscardReason::Internal)
        })
    }
}
