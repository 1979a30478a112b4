//! The seam to a database, as pages, API and reports see it: reads beside the writer, each a snapshot of one instant.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::api_token::{ApiToken, TokenHash};
use super::error::StoreError;
use super::expired::Expired;
use super::views::{
    Activity, AlertView, Buckets, CheckInFilter, CheckInView, Export, IncidentDetail, IncidentFilter,
    IncidentView, MonitorSummary, MonitorView, Page, PageRequest, ProcessingErrorsView, ProofView,
    RefusedView, RunPlace, RunView, StatsQuery, StatsView, UsageView,
};
use crate::alerts::DueAlert;
use crate::domain::{Explained, Outage, Silence};
use crate::settings::Retention;

/// The reads of a database. They block; callers run them on a thread that may wait. Deleted monitors and environments are in none of
/// them. A row that cannot be decoded is left out, and is named by [`processing_errors`](Self::processing_errors).
///
/// # Errors
/// [`StoreError::Unavailable`] from every method if the database fails; [`StoreError::Corrupt`] from one that asks for a single row
/// if that row cannot be decoded.
pub trait Queries: Send + Sync {
    /// Checks that the database can be read and is still the one that was opened.
    fn check(&self) -> Result<(), StoreError>;

    /// Returns whether there is a monitor of this slug, be it readable or not.
    fn has_monitor(&self, slug: &str) -> Result<bool, StoreError>;

    /// The slug of the monitor with this id; `None` if there is none.
    fn slug_of(&self, id: Uuid) -> Result<Option<String>, StoreError>;

    /// The monitor of a slug; `None` if there is none. Its environments come in Sentry's order: error, ok, active; among those the
    /// latest check-in first, then by name; muted ones come last.
    fn monitor(&self, slug: &str) -> Result<Option<MonitorView>, StoreError>;

    /// The monitors of these slugs, in the order of slugs; those that do not exist are left out. The cost does not depend on the number of
    /// others.
    fn monitors_named(&self, slugs: &[String]) -> Result<Vec<MonitorView>, StoreError>;

    /// Summaries of all monitors, in the order of their slugs.
    fn summaries(&self) -> Result<Vec<MonitorSummary>, StoreError>;

    /// The runs of all environments of these monitors by buckets, in the order of slugs and names. The cost depends on the number of
    /// buckets with runs, and not on that of runs.
    fn activity(&self, slugs: &[String], buckets: Buckets) -> Result<Vec<Activity>, StoreError>;

    /// Check-ins of a monitor that began from `since` on and before `until`: failures and unknown ones first, then by their starts.
    fn runs_between(
        &self,
        slug: &str,
        environment: Option<&str>,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<CheckInView>, StoreError>;

    /// Check-ins of a monitor: the newest start first, of two with the same start the later arrival first. `None` if there is no such
    /// monitor.
    fn check_ins(
        &self,
        slug: &str,
        filter: &CheckInFilter,
        page: PageRequest,
    ) -> Result<Option<Page<CheckInView>>, StoreError>;

    /// Check-ins by buckets of time, in the order of slugs, buckets, environments and statuses. Buckets without check-ins are left out.
    fn stats(&self, query: &StatsQuery) -> Result<Vec<StatsView>, StoreError>;

    /// The slug, the environment and the duration in milliseconds of the newest of its last ten runs that has one, for all environments,
    /// in the order of slugs and names.
    fn last_durations(&self) -> Result<Vec<(String, String, i64)>, StoreError>;

    /// The check-in of a monitor with this id; `None` if there is none.
    fn check_in(&self, slug: &str, id: Uuid) -> Result<Option<CheckInView>, StoreError>;

    /// Check-ins in the order of [`check_ins`](Self::check_ins), those behind the place `after` or the first ones. The cost does not depend
    /// on the number of others. `None` if there is no such monitor.
    fn runs(
        &self,
        slug: &str,
        environment: Option<&str>,
        after: Option<RunPlace>,
        limit: u32,
    ) -> Result<Option<Page<RunView>>, StoreError>;

    /// Incidents, the newest start first, of two with the same start the one that was opened later first.
    fn incidents(
        &self,
        filter: IncidentFilter<'_>,
        page: PageRequest,
    ) -> Result<Page<IncidentView>, StoreError>;

    /// The incident with this id; `None` if there is none.
    fn incident(&self, id: Uuid) -> Result<Option<IncidentDetail>, StoreError>;

    /// The run or the incident with this id, with the rows around it that its derivation mentions; `None` if there is none. The cost does not
    /// depend on the length of the history.
    fn explained(&self, id: Uuid) -> Result<Option<Explained>, StoreError>;

    /// Payloads that were refused or accepted with remarks, the last received first: of a monitor, or of no known one. Before them
    /// stand rows of the database that cannot be read, the last found first: those of the monitor, or all.
    fn processing_errors(&self, slug: Option<&str>) -> Result<Vec<ProcessingErrorsView>, StoreError>;

    /// Payloads of all monitors and of no known one that were refused after `since`, the last received first.
    fn refused(&self, since: Timestamp, limit: u32) -> Result<Vec<RefusedView>, StoreError>;

    /// Counts of check-ins by the hour from `since` on, of a monitor, or of all and of no known one: by hour, then slug (no known monitor
    /// first), outcome and reason, each in the order of bytes.
    fn usage(
        &self,
        slug: Option<&str>,
        since: Timestamp,
        page: PageRequest,
    ) -> Result<Page<UsageView>, StoreError>;

    /// Outages that ended after `since`, the earliest start first, of two with the same start the one that was stored first.
    fn outages(&self, since: Timestamp, page: PageRequest) -> Result<Page<Outage>, StoreError>;

    /// Silences that end after `since`, or have ended after it, the last one made first.
    fn silences(&self, since: Timestamp, page: PageRequest) -> Result<Page<Silence>, StoreError>;

    /// Alerts, the last created first.
    fn alerts(&self, limit: u32) -> Result<Vec<AlertView>, StoreError>;

    /// The alerts of an incident or a drill, in the order of their creation.
    fn alerts_of(&self, incident: Uuid) -> Result<Vec<AlertView>, StoreError>;

    /// The newest drill all of whose alerts were delivered, by the last of these deliveries; `None` if there is none.
    fn last_proof(&self) -> Result<Option<ProofView>, StoreError>;

    /// The next alert of each target: the oldest one, or one that the target refused before and that is due earlier. If the oldest one was
    /// tried and not refused, the target takes no message until its next attempt, so those that were refused wait for it, too. Alerts with
    /// the ids in `without` are passed over. The earliest due comes first.
    fn due_alerts(&self, without: &[i64]) -> Result<Vec<DueAlert>, StoreError>;

    /// The alerts that wait for the target of `head` and come after it, oldest first, if they were created before its wait for a group was
    /// over; those that the target has refused if it has refused `head`, otherwise the others. Alerts with the ids in `without` are passed
    /// over. Empty if `head` waits for no group.
    fn alerts_behind(
        &self,
        head: &DueAlert,
        without: &[i64],
        limit: u32,
    ) -> Result<Vec<DueAlert>, StoreError>;

    /// API tokens, in the order of their creation.
    fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError>;

    /// The API token with this hash; `None` if there is none, or it was revoked.
    fn api_token(&self, hash: TokenHash) -> Result<Option<ApiToken>, StoreError>;

    /// Returns what is stored about check-ins, or about those of one monitor.
    fn export(&self, slug: Option<&str>) -> Result<Export, StoreError>;

    /// Returns whether rows of deleted monitors or environments are still to be purged.
    fn has_deleted(&self) -> Result<bool, StoreError>;

    /// Begins a walk through all that is stored, in search of what retention does not keep at `now`.
    fn sweep(self: Arc<Self>, now: Timestamp, kept: Retention) -> Box<dyn Sweep>;
}

/// A walk in search of what retention does not keep.
pub trait Sweep: Send {
    /// Reads on, a bounded number of rows, and returns what is to be deleted before the next call, perhaps nothing; `None` at the end of
    /// the walk.
    ///
    /// # Errors
    /// If the database fails.
    fn advance(&mut self) -> Result<Option<Expired>, StoreError>;
}
