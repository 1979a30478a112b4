//! The configuration of a worker, and the state that its thread shares with the callers.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;

use super::inbox::Inbox;
use super::spool::options::SpoolOptions;
use crate::delivery::delivery::DeliveryOptions;
use crate::delivery::on_exit::OnExit;
use crate::delivery::upsert::Upsert;
use crate::record::stats::Stats;
use crate::wire::encode::CheckInEncoder;
use crate::wire::transport::Transport;

/// Makes a transport for this process: connections do not survive a fork.
pub(crate) type Connect = Box<dyn Fn() -> Option<Arc<dyn Transport>> + Send + Sync>;

/// The configuration of a worker, for this process and the children that are forked from it.
pub(crate) struct WorkerConfig {
    /// The connector, which is taken when the worker ends, because a transport of the user in it is to be dropped then.
    pub(crate) connect: Mutex<Option<Connect>>,
    pub(crate) encoder: CheckInEncoder,
    pub(crate) delivery: DeliveryOptions,
    pub(crate) upsert: Upsert,
    pub(crate) request_timeout: Duration,
    pub(crate) on_exit: OnExit,
    pub(crate) spool: Option<SpoolOptions>,
}

/// The state that callers share with the thread.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) inbox: Inbox,
    /// Notified when there is something to do.
    pub(super) wake: Notify,
    /// The name of the worker's journals in the spool. `None` without a spool.
    pub(super) owner: Option<String>,
}

impl Shared {
    pub(super) fn stats(&self) -> Stats {
        let (mut stats, limited_until) = self.inbox.stats();
        let left = limited_until.and_then(|until| until.checked_duration_since(Instant::now()));
        stats.limited_until = left.and_then(|left| SystemTime::now().checked_add(left));
        stats
    }
}
