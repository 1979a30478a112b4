//! The JSON of incidents, with keys in the order of the alphabet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain;
use crate::store::{IncidentDetail, IncidentView};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Incident<'a> {
    acknowledged: Option<Acknowledgement<'a>>,
    /// Milliseconds from start to resolution, as durations of check-ins are.
    #[schema(value_type = Option<i64>)]
    duration: Option<i128>,
    environment: &'a str,
    failures: Failures,
    id: Uuid,
    monitor_slug: &'a str,
    /// `None` in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    occurrences: Option<Vec<Occurrence<'a>>>,
    resolved_at: Option<Timestamp>,
    resolving_check_in_id: Option<Uuid>,
    started_at: Timestamp,
    starting_check_in_id: Uuid,
    status: &'static str,
    title: String,
}

/// The failed runs of an incident, by kind.
#[derive(Serialize, ToSchema)]
struct Failures {
    error: u32,
    missed: u32,
    timeout: u32,
}

impl From<domain::Failures> for Failures {
    fn from(domain::Failures { error, missed, timeout }: domain::Failures) -> Self {
        Self { error, missed, timeout }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct Acknowledgement<'a> {
    at: Timestamp,
    by: &'a str,
}

/// A failure that people were notified of, in the words of a Sentry issue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Occurrence<'a> {
    at: Timestamp,
    check_in_id: Uuid,
    fingerprint: String,
    level: &'static str,
    reason: &'a str,
    subtitle: String,
    #[schema(value_type = BTreeMap<String, String>)]
    tags: BTreeMap<&'static str, String>,
    title: String,
}

impl<'a> From<&'a IncidentView> for Incident<'a> {
    fn from(view: &'a IncidentView) -> Self {
        let incident = &view.incident;
        Self {
            acknowledged: incident
                .acknowledged
                .as_ref()
                .map(|acknowledged| Acknowledgement { at: acknowledged.at, by: &acknowledged.by }),
            duration: incident
                .resolved_at
                .map(|resolved| resolved.duration_since(incident.started_at).as_millis()),
            environment: &view.environment,
            failures: incident.failures.into(),
            id: incident.guid,
            monitor_slug: &view.monitor_slug,
            occurrences: None,
            resolved_at: incident.resolved_at,
            resolving_check_in_id: incident.resolving_check_in,
            started_at: incident.started_at,
            starting_check_in_id: incident.starting_check_in,
            status: if incident.resolved_at.is_some() { "resolved" } else { "open" },
            title: domain::title(&view.monitor_name),
        }
    }
}

impl<'a> From<&'a IncidentDetail> for Incident<'a> {
    fn from(IncidentDetail { view, occurrences }: &'a IncidentDetail) -> Self {
        let occurrences = occurrences.iter().map(|occurrence| Occurrence::new(view, occurrence));
        Self { occurrences: Some(occurrences.collect()), ..Self::from(view) }
    }
}

impl<'a> Occurrence<'a> {
    fn new(view: &IncidentView, occurrence: &'a domain::Occurrence) -> Self {
        let IncidentView { monitor_guid, monitor_slug, monitor_name, environment, incident } = view;
        Self {
            at: occurrence.at,
            check_in_id: occurrence.check_in,
            fingerprint: domain::fingerprint(*monitor_guid, environment),
            level: domain::LEVEL,
            reason: &occurrence.reason,
            subtitle: format!("Your monitor is failing: {}.", occurrence.reason),
            tags: domain::tags(*monitor_guid, monitor_slug, incident.guid, environment).into_iter().collect(),
            title: domain::title(monitor_name),
        }
    }
}
