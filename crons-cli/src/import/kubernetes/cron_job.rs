//! Objects of kind CronJob, as far as they bear on a monitor.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CronJob {
    pub(super) metadata: Metadata,
    pub(super) spec: Spec,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) schedule: String,
    pub(super) time_zone: Option<String>,
    pub(super) starting_deadline_seconds: Option<i64>,
    #[serde(default)]
    pub(super) suspend: Option<bool>,
    pub(super) job_template: JobTemplate,
}

#[derive(Deserialize)]
pub(super) struct JobTemplate {
    pub(super) spec: JobSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobSpec {
    pub(super) active_deadline_seconds: Option<i64>,
    pub(super) template: PodTemplate,
}

#[derive(Deserialize)]
pub(super) struct PodTemplate {
    pub(super) spec: PodSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodSpec {
    pub(super) active_deadline_seconds: Option<i64>,
    pub(super) containers: Vec<Container>,
}

#[derive(Deserialize)]
pub(super) struct Container {
    pub(super) name: String,
    #[serde(default)]
    pub(super) command: Vec<String>,
    #[serde(default)]
    pub(super) args: Vec<String>,
    #[serde(default)]
    pub(super) env: Vec<Variable>,
}

#[derive(Deserialize)]
pub(super) struct Variable {
    pub(super) name: String,
}
