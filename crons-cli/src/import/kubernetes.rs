//! CronJobs of Kubernetes: the `command` of each container, wrapped.

mod cron_job;
mod schedule;

use std::fmt::Write;

use crons_types::Timezone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use self::cron_job::{Container, CronJob};
use self::schedule::schedule;
use super::imported::{Imported, Left, NotWrapped};
use super::job;
use super::program::{ExistingRun, Program};
use super::wrapped::{Slugs, Wrapped};

/// The settings by which CronJobs are read and written.
pub(super) struct Settings<'a> {
    /// The zone of schedules that name none.
    pub(super) timezone: Timezone,
    pub(super) program: &'a Program,
    /// The instant from which changes of the clocks are looked for.
    pub(super) now: Timestamp,
}

/// Prints the wrapped commands of the CronJobs in a YAML text; objects of other kinds are passed over.
///
/// # Errors
/// If the text is not YAML, or has no CronJob.
pub(super) fn import(text: &str, settings: &Settings<'_>, slugs: &mut Slugs) -> Result<Imported, NotWrapped> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| no_yaml(text, &error))?;
    let cron_jobs = documents.into_iter().flat_map(objects).filter(|object| object["kind"] == "CronJob");
    let cron_jobs: Vec<Value> = cron_jobs.collect();
    if cron_jobs.is_empty() {
        return Err(NotWrapped::NotNeeded("there is no object of kind CronJob".to_owned()));
    }
    for run in cron_jobs.iter().filter_map(|object| existing_run(object, settings.program)) {
        run.slug.iter().for_each(|slug| slugs.reserve(slug));
    }
    let mut imported = Imported::default();
    for object in cron_jobs {
        let name = object["metadata"]["name"].as_str().unwrap_or("without a name").to_owned();
        match wrap(object, settings, slugs) {
            Ok(wrapped) => imported.text.push_str(&wrapped),
            Err(cause) => imported.left.push(Left { place: format!("CronJob {name}"), cause }),
        }
    }
    Ok(imported)
}

/// Finds `crons run` in the first container of a CronJob.
fn existing_run(object: &Value, program: &Program) -> Option<ExistingRun> {
    let container = object.pointer("/spec/jobTemplate/spec/template/spec/containers/0")?;
    let words = ["command", "args"].iter().filter_map(|key| container[*key].as_array()).flatten();
    program.run_in_words(&words.filter_map(Value::as_str).collect::<Vec<_>>())
}

/// Explains a text that cannot be read.
fn no_yaml(text: &str, error: &serde_saphyr::Error) -> String {
    if text.contains("{{") {
        return "it is a template of Helm, and no YAML yet: helm template CHART | crons import kubernetes -"
            .to_owned();
    }
    let message = error.to_string();
    // The first line says the fault; the others show the text, or advise programmers of the library.
    let message = message.lines().next().unwrap_or_default();
    let fault = message.split_once(", set DuplicateKeyPolicy").map_or(message, |(fault, _)| fault);
    format!("no YAML: {}", fault.trim_start_matches("error: "))
}

/// The objects of a document: itself, or the items of a list.
fn objects(mut document: Value) -> Vec<Value> {
    match document.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => vec![document],
    }
}

/// The comments and the wrapped command of a CronJob.
fn wrap(object: Value, settings: &Settings<'_>, slugs: &mut Slugs) -> Result<String, NotWrapped> {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    if !version.starts_with("batch/") {
        return Err(NotWrapped::Unable(format!(
            "apiVersion: {version:?} is not batch/v1, so it is no CronJob of Kubernetes"
        )));
    }
    let CronJob { metadata, spec } =
        serde_json::from_value(object).map_err(|error| format!("it is no CronJob of batch/v1: {error}"))?;
    let job = spec.job_template.spec;
    let pod = job.template.spec;
    let [Container { name, command, args, env }] = &pod.containers[..] else {
        return Err(NotWrapped::Unable(format!(
            "its pod has {} containers; wrap the command of the one that is the job",
            pod.containers.len()
        )));
    };
    if command.is_empty() {
        return Err(NotWrapped::Unable(format!(
            "its container {name} has no `command`: that of the image runs, which the file does not say; write it out"
        )));
    }
    let words: Vec<&str> = command.iter().chain(args).map(String::as_str).collect();
    if settings.program.run_in_words(&words).is_some() {
        return Err(NotWrapped::NotNeeded(format!("its container {name} runs under `crons run` already")));
    }
    let (schedule, zone) = schedule(&spec.schedule)?;
    let zone = match spec.time_zone {
        Some(zone) => Some(Timezone::parse(&zone).map_err(|error| format!("timeZone: {error}"))?),
        None => zone,
    };
    let limits = [job.active_deadline_seconds, pod.active_deadline_seconds];
    let wrapped = Wrapped {
        slug: slugs.unique(&job::slug_of_name(&metadata.name)),
        schedule,
        timezone: zone.unwrap_or(settings.timezone),
        lateness: seconds(spec.starting_deadline_seconds).unwrap_or_default(),
        longest: limits.into_iter().filter_map(seconds).min(),
    };
    let suspended = (spec.suspend == Some(true)).then(|| {
        "it is suspended: while it is, disable its monitor, or each run counts as missed".to_owned()
    });
    let dsn = (!env.iter().any(|variable| variable.name == "SENTRY_DSN"))
        .then(|| "nothing is reported without the DSN: add SENTRY_DSN to its `env`".to_owned());
    let mut text =
        format!("# CronJob {}, container {name}: its image needs the program `crons`\n", metadata.name);
    for note in
        [suspended, wrapped.margin_warning(), wrapped.clock_warning(settings.now), dsn].into_iter().flatten()
    {
        _ = writeln!(text, "# Note: {note}");
    }
    let words = std::iter::once(settings.program.path().to_owned())
        .chain(wrapped.arguments())
        .chain(std::iter::once("--".to_owned()))
        .chain(command.iter().cloned());
    // An array of JSON is one of YAML, too.
    let words = serde_json::to_string(&words.collect::<Vec<_>>()).map_err(|error| error.to_string())?;
    _ = writeln!(text, "command: {words}\n");
    Ok(text)
}

/// A length of time in seconds; `None` for a setting that is missing or no time.
fn seconds(seconds: Option<i64>) -> Option<SignedDuration> {
    seconds.filter(|seconds| *seconds > 0).map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests;
