//! CronJobs of Kubernetes: the `command` of each container, wrapped.

use crons_types::{Schedule, Timezone};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::Value;

use super::imported::{Imported, Left, NotWrapped};
use super::interval::interval;
use super::job;
use super::program::Program;
use super::wrapped::{Slugs, Wrapped};
use crate::span::span;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CronJob {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    schedule: String,
    time_zone: Option<String>,
    starting_deadline_seconds: Option<i64>,
    job_template: JobTemplate,
}

#[derive(Deserialize)]
struct JobTemplate {
    spec: JobSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JobSpec {
    active_deadline_seconds: Option<i64>,
    template: PodTemplate,
}

#[derive(Deserialize)]
struct PodTemplate {
    spec: PodSpec,
}

#[derive(Deserialize)]
struct PodSpec {
    containers: Vec<Container>,
}

#[derive(Deserialize)]
struct Container {
    name: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
}

/// Prints the wrapped commands of the CronJobs in a YAML text; objects of other kinds are passed over.
///
/// # Errors
/// If the text is not YAML, or has no CronJob.
pub(super) fn import(
    text: &str,
    timezone: Timezone,
    program: &Program,
    slugs: &mut Slugs,
) -> Result<Imported, NotWrapped> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(text).map_err(|error| format!("no YAML: {error}"))?;
    let mut imported = Imported::default();
    let mut found = 0;
    for object in documents.into_iter().flat_map(objects) {
        if object["kind"] != "CronJob" {
            continue;
        }
        found += 1;
        let name = object["metadata"]["name"].as_str().unwrap_or("without a name").to_owned();
        match wrap(object, timezone, program, slugs) {
            Ok(wrapped) => imported.text.push_str(&wrapped),
            Err(cause) => imported.left.push(Left { place: format!("CronJob {name}"), cause }),
        }
    }
    if found == 0 {
        return Err(NotWrapped::NotNeeded("there is no object of kind CronJob".to_owned()));
    }
    Ok(imported)
}

/// The objects of a document: itself, or the items of a list.
fn objects(mut document: Value) -> Vec<Value> {
    match document.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => vec![document],
    }
}

fn wrap(
    object: Value,
    timezone: Timezone,
    program: &Program,
    slugs: &mut Slugs,
) -> Result<String, NotWrapped> {
    let CronJob { metadata, spec } =
        serde_json::from_value(object).map_err(|error| format!("it is no CronJob of batch/v1: {error}"))?;
    let containers = spec.job_template.spec.template.spec.containers;
    let [Container { name, command, args }] = &containers[..] else {
        return Err(NotWrapped::Unable(format!(
            "its pod has {} containers; wrap the command of the one that is the job",
            containers.len()
        )));
    };
    if command.is_empty() {
        return Err(NotWrapped::Unable(format!(
            "its container {name} has no `command`: that of the image runs, which the file does not say; write it out"
        )));
    }
    let words: Vec<&str> = command.iter().chain(args).map(String::as_str).collect();
    if let Some(run) = program.run_in_words(&words) {
        run.slug.iter().for_each(|slug| slugs.reserve(slug));
        return Err(NotWrapped::NotNeeded(format!("its container {name} runs under `crons run` already")));
    }
    let (schedule, zone) = schedule(&spec.schedule)?;
    let zone = match spec.time_zone {
        Some(zone) => Some(Timezone::parse(&zone).map_err(|error| format!("timeZone: {error}"))?),
        None => zone,
    };
    let seconds =
        |seconds: Option<i64>| seconds.filter(|seconds| *seconds > 0).map(SignedDuration::from_secs);
    let wrapped = Wrapped {
        slug: slugs.unique(&job::slug_of_name(&metadata.name)),
        schedule,
        timezone: zone.unwrap_or(timezone),
        lateness: seconds(spec.starting_deadline_seconds).unwrap_or_default(),
        longest: seconds(spec.job_template.spec.active_deadline_seconds),
    };
    let words = std::iter::once(program.path().to_owned())
        .chain(wrapped.arguments())
        .chain(std::iter::once("--".to_owned()))
        .chain(command.iter().cloned());
    // An array of JSON is one of YAML, too.
    let words = serde_json::to_string(&words.collect::<Vec<_>>()).map_err(|error| error.to_string())?;
    Ok(format!(
        "# CronJob {}, container {name}: its image needs the program `crons`\ncommand: {words}\n\n",
        metadata.name
    ))
}

/// A schedule of Kubernetes (robfig/cron), with the zone that stands before it.
fn schedule(text: &str) -> Result<(Schedule, Option<Timezone>), String> {
    let refuse = |reason: &str| format!("schedule: {text:?} {reason}");
    let mut rest = text.trim();
    let mut zone = None;
    if let Some(named) = rest.strip_prefix("CRON_TZ=").or_else(|| rest.strip_prefix("TZ=")) {
        let (name, after) = named.split_once(' ').ok_or_else(|| refuse("has a zone and no schedule"))?;
        zone = Some(Timezone::parse(name).map_err(|error| format!("schedule: {error}"))?);
        rest = after.trim();
    }
    if let Some(every) = rest.strip_prefix("@every ") {
        let length = span(every).ok().and_then(|length| SignedDuration::try_from(length).ok());
        let interval = interval(every, length).map_err(|error| format!("schedule: {error}"))?;
        return Ok((Schedule::Interval(interval), zone));
    }
    if rest == "@midnight" {
        rest = "@daily";
    }
    // `?` means `*` there.
    let fields: Vec<&str> =
        rest.split_whitespace().map(|field| if field == "?" { "*" } else { field }).collect();
    if let [_, _, day, _, weekday] = fields[..]
        && [day, weekday].iter().all(|field| *field != "*")
        && [day, weekday].iter().any(|field| field.starts_with('*'))
    {
        return Err(refuse(
            "runs in Kubernetes when the day of the month or the weekday matches, and means on the server that both must, \
             as one of them starts with `*`; write its days out, such as 2-31/2",
        ));
    }
    let crontab = Schedule::crontab(&fields.join(" ")).map_err(|error| format!("schedule: {error}"))?;
    Ok((crontab, zone))
}

#[cfg(test)]
mod tests;
