//! The reads of PostgreSQL, each by the module that has its statement.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::reader::PostgresReader;
use crate::alerts::DueAlert;
use crate::domain::{Explained, Outage, Silence};
use crate::settings::Retention;
use crate::store::api_token::{ApiToken, TokenHash};
use crate::store::error::StoreError;
use crate::store::queries::{Queries, Sweep};
use crate::store::views::{
    Activity, AlertView, Buckets, CheckInFilter, CheckInView, Export, IncidentDetail, IncidentFilter,
    IncidentView, MonitorSummary, MonitorView, Page, PageRequest, ProcessingErrorsView, ProofView,
    RefusedView, RunPlace, RunView, StatsQuery, StatsView, UsageView,
};

impl Queries for PostgresReader {
    fn check(&self) -> Result<(), StoreError> {
        // The slug belongs to no monitor, so the answer is short.
        self.monitor_of("").map(drop)
    }

    fn has_monitor(&self, slug: &str) -> Result<bool, StoreError> {
        self.has_monitor_of(slug)
    }

    fn slug_of(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        self.slug_of_guid(id)
    }

    fn monitor(&self, slug: &str) -> Result<Option<MonitorView>, StoreError> {
        self.monitor_of(slug)
    }

    fn monitors_named(&self, slugs: &[String]) -> Result<Vec<MonitorView>, StoreError> {
        self.monitors_of_slugs(slugs)
    }

    fn summaries(&self) -> Result<Vec<MonitorSummary>, StoreError> {
        self.all_summaries()
    }

    fn activity(&self, slugs: &[String], buckets: Buckets) -> Result<Vec<Activity>, StoreError> {
        self.activity_of(slugs, buckets)
    }

    fn runs_between(
        &self,
        slug: &str,
        environment: Option<&str>,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<CheckInView>, StoreError> {
        self.check_ins_between(slug, environment, since, until, limit)
    }

    fn check_ins(
        &self,
        slug: &str,
        filter: &CheckInFilter,
        page: PageRequest,
    ) -> Result<Option<Page<CheckInView>>, StoreError> {
        self.check_ins_of(slug, filter, page)
    }

    fn stats(&self, query: &StatsQuery) -> Result<Vec<StatsView>, StoreError> {
        self.stats_of(query)
    }

    fn last_durations(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        self.durations()
    }

    fn check_in(&self, slug: &str, id: Uuid) -> Result<Option<CheckInView>, StoreError> {
        self.check_in_of(slug, id)
    }

    fn runs(
        &self,
        slug: &str,
        environment: Option<&str>,
        after: Option<RunPlace>,
        limit: u32,
    ) -> Result<Option<Page<RunView>>, StoreError> {
        self.runs_of(slug, environment, after, limit)
    }

    fn incidents(
        &self,
        filter: IncidentFilter<'_>,
        page: PageRequest,
    ) -> Result<Page<IncidentView>, StoreError> {
        self.incidents_of(filter, page)
    }

    fn incident(&self, id: Uuid) -> Result<Option<IncidentDetail>, StoreError> {
        self.incident_detail(id)
    }

    fn explained(&self, id: Uuid) -> Result<Option<Explained>, StoreError> {
        self.explained_of(id)
    }

    fn processing_errors(&self, slug: Option<&str>) -> Result<Vec<ProcessingErrorsView>, StoreError> {
        self.processing_errors_of(slug)
    }

    fn refused(&self, since: Timestamp, limit: u32) -> Result<Vec<RefusedView>, StoreError> {
        self.refused_after(since, limit)
    }

    fn usage(
        &self,
        slug: Option<&str>,
        since: Timestamp,
        page: PageRequest,
    ) -> Result<Page<UsageView>, StoreError> {
        self.usage_since(slug, since, page)
    }

    fn outages(&self, since: Timestamp, page: PageRequest) -> Result<Page<Outage>, StoreError> {
        self.outages_since(since, page)
    }

    fn silences(&self, since: Timestamp, page: PageRequest) -> Result<Page<Silence>, StoreError> {
        self.silences_after(since, page)
    }

    fn alerts(&self, limit: u32) -> Result<Vec<AlertView>, StoreError> {
        self.newest_alerts(limit)
    }

    fn alerts_of(&self, incident: Uuid) -> Result<Vec<AlertView>, StoreError> {
        self.alerts_of_incident(incident)
    }

    fn last_proof(&self) -> Result<Option<ProofView>, StoreError> {
        self.newest_proof()
    }

    fn due_alerts(&self, without: &[i64]) -> Result<Vec<DueAlert>, StoreError> {
        self.alerts_to_send(without)
    }

    fn alerts_behind(
        &self,
        head: &DueAlert,
        without: &[i64],
        limit: u32,
    ) -> Result<Vec<DueAlert>, StoreError> {
        self.alerts_to_send_behind(head, without, limit)
    }

    fn api_tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        self.all_api_tokens()
    }

    fn api_token(&self, hash: TokenHash) -> Result<Option<ApiToken>, StoreError> {
        self.api_token_of(hash)
    }

    fn export(&self, slug: Option<&str>) -> Result<Export, StoreError> {
        self.export_of(slug)
    }

    fn has_deleted(&self) -> Result<bool, StoreError> {
        self.has_rows_to_purge()
    }

    fn sweep(self: Arc<Self>, now: Timestamp, kept: Retention) -> Box<dyn Sweep> {
        self.begin_sweep(now, kept)
    }
}
