//! From a check-in to a request: what the client adds, what the user changes, and how it is written.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crons_types::{CheckIn, CheckInId, Environment};

use crate::record::discard::{DiscardCounts, DiscardReason};
use crate::wire::envelope::EnvelopeWriter;
use crate::wire::transport::Request;

/// Looks at a check-in before it goes, to change it or to hold it back.
pub(crate) type BeforeSend = Arc<dyn Fn(CheckIn) -> Option<CheckIn> + Send + Sync>;

/// Where check-ins come from.
#[derive(Clone, Debug)]
pub(crate) struct Defaults {
    pub(crate) environment: Environment,
    pub(crate) release: Option<String>,
}

impl Defaults {
    /// Fills in what a check-in does not say itself.
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

/// Why there is nothing to send.
#[derive(Debug)]
pub(crate) struct Discarded(pub(crate) DiscardReason);

impl CheckInEncoder {
    /// Completes a check-in and has the user's hook see it: once, as it may count or sample, so what it returns is kept for further attempts.
    pub(crate) fn prepare(&self, check_in: CheckIn) -> Result<CheckIn, Discarded> {
        let check_in = self.defaults.complete(check_in);
        let Some(before_send) = &self.before_send else { return Ok(check_in) };
        let (id, slug) = (check_in.check_in_id, check_in.monitor_slug.clone());
        let seen = catch_unwind(AssertUnwindSafe(|| before_send(check_in))).map_err(|payload| {
            // Dropping it could panic, too.
            std::mem::forget(payload);
            log_loss!(error, slug, [], "check-in dropped: before_send_check_in has panicked");
            Discarded(DiscardReason::Internal)
        })?;
        let mut seen = seen.ok_or(Discarded(DiscardReason::BeforeSend))?;
        // By it the server tells which begin and end belong together.
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
