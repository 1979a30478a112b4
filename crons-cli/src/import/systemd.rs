//! Timers of systemd: a drop-in file for the service of each.

use std::path::{Path, PathBuf};

use crons_types::{Schedule, Timezone};
use jiff::SignedDuration;

use super::imported::{Imported, Left, NotWrapped};
use super::interval::interval;
use super::job;
use super::on_calendar::OnCalendar;
use super::unit_file::UnitFile;
use super::wrapped::{Slugs, Wrapped};
use crate::span::span;

/// The folders in which systemd looks for units of the system, the most important first.
pub(super) const FOLDERS: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The default of `AccuracySec=`: systemd may start a job this much later.
const ACCURACY: SignedDuration = SignedDuration::from_mins(1);

/// Prints drop-in files for timers.
pub(super) fn import(
    units: &[String],
    folders: &[&str],
    timezone: Timezone,
    crons: &str,
    slugs: &mut Slugs,
) -> Imported {
    let mut imported = Imported::default();
    for unit in units {
        match drop_in(unit, folders, timezone, crons, slugs) {
            Ok(text) => imported.text.push_str(&text),
            Err(cause) => imported.left.push(Left { place: unit.clone(), cause }),
        }
    }
    imported
}

/// The drop-in file for the service of a timer.
fn drop_in(
    unit: &str,
    folders: &[&str],
    timezone: Timezone,
    crons: &str,
    slugs: &mut Slugs,
) -> Result<String, NotWrapped> {
    let timer_path = find(unit, folders)?;
    let name = timer_path.file_stem().unwrap_or_default().to_string_lossy();
    let timer = read(&timer_path)?;
    let service_name = timer.value("Timer", "Unit").map_or_else(|| format!("{name}.service"), str::to_owned);
    let beside = timer_path.with_file_name(&service_name);
    let service_path = if beside.is_file() { beside } else { find(&service_name, folders)? };
    let command = wrap(&timer, &read(&service_path)?, timezone, crons, slugs)?;
    let schedule = timer.values("Timer", "OnCalendar").join(", ");
    let schedule = if schedule.is_empty() { "an interval".to_owned() } else { schedule };
    Ok(format!(
        "# /etc/systemd/system/{service_name}.d/crons.conf, for {name}.timer ({schedule})\n\
         [Service]\nExecStart=\nExecStart={command}\n\n"
    ))
}

/// The file of a unit, which is named by its path, or by its name in one of the folders.
fn find(unit: &str, folders: &[&str]) -> Result<PathBuf, String> {
    let path = Path::new(unit);
    if unit.contains('/') {
        return Ok(path.to_owned());
    }
    let name = if path.extension().is_some() { unit.to_owned() } else { format!("{unit}.timer") };
    let mut candidates = folders.iter().map(|folder| Path::new(folder).join(&name));
    candidates.find(|path| path.is_file()).ok_or_else(|| {
        format!("there is no unit {name} in {}; name the path of its file", folders.join(", "))
    })
}

fn read(path: &Path) -> Result<UnitFile, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(UnitFile::parse(&text))
}

/// The command of the service, wrapped.
fn wrap(
    timer: &UnitFile,
    service: &UnitFile,
    timezone: Timezone,
    crons: &str,
    slugs: &mut Slugs,
) -> Result<String, NotWrapped> {
    let service_type = service.value("Service", "Type").unwrap_or("simple");
    if !matches!(service_type, "simple" | "exec" | "oneshot" | "idle") {
        return Err(NotWrapped::Unable(format!(
            "its service has Type={service_type}, which expects the job itself as its main process"
        )));
    }
    let commands = service.values("Service", "ExecStart");
    let [command] = commands[..] else {
        return Err(NotWrapped::Unable(format!(
            "its service has {} lines ExecStart=; one is needed: wrap each by hand",
            commands.len()
        )));
    };
    let (prefix, command) = command.split_at(command.find(|sign| !"-:+!@".contains(sign)).unwrap_or(0));
    if prefix.contains('@') {
        return Err(NotWrapped::Unable(
            "ExecStart= has the prefix `@`, which names the process; `crons run` cannot pass that on"
                .to_owned(),
        ));
    }
    if job::is_wrapped(command.split_whitespace()) {
        return Err(NotWrapped::NotNeeded("its service runs under `crons run` already".to_owned()));
    }
    let (schedule, zone, seconds) = schedule(timer)?;
    let setting = |key: &str, default| match timer.value("Timer", key) {
        Some(text) => length(text).ok_or_else(|| format!("{key}={text} is no time span")),
        None => Ok(default),
    };
    let accuracy = setting("AccuracySec", ACCURACY)?;
    let delay = setting("RandomizedDelaySec", SignedDuration::ZERO)?;
    let limit = if service_type == "oneshot" { "TimeoutStartSec" } else { "RuntimeMaxSec" };
    let wrapped = Wrapped {
        slug: slugs.unique(&job::slug(command)),
        schedule,
        timezone: zone.unwrap_or(timezone),
        lateness: seconds + accuracy + delay,
        longest: service.value("Service", limit).and_then(length),
    };
    let words = std::iter::once(crons.to_owned()).chain(wrapped.arguments());
    let words: Vec<String> = words.map(|word| unit_quoted(&word)).collect();
    Ok(format!("{prefix}{} -- {command}", words.join(" ")))
}

/// The schedule of a timer, with its zone and the seconds after the minute.
fn schedule(timer: &UnitFile) -> Result<(Schedule, Option<Timezone>, SignedDuration), String> {
    let calendars = timer.values("Timer", "OnCalendar");
    let spans: Vec<&str> =
        ["OnUnitActiveSec", "OnUnitInactiveSec"].iter().flat_map(|key| timer.values("Timer", key)).collect();
    match (&calendars[..], &spans[..]) {
        ([calendar], []) => {
            let OnCalendar { schedule, timezone, seconds } = OnCalendar::parse(calendar)?;
            Ok((schedule, timezone, seconds))
        }
        ([], [text]) => {
            Ok((Schedule::Interval(interval(text)?), None, SignedDuration::ZERO))
        }
        ([], []) => Err("it has no OnCalendar=, OnUnitActiveSec= or OnUnitInactiveSec=, so no run is expected at any time".to_owned()),
        _ => Err("it has several schedules; a monitor has one: give each a timer and a service of its own".to_owned()),
    }
}

/// Reads a length of time of systemd; `None` for `infinity` and for a text that is none.
fn length(text: &str) -> Option<SignedDuration> {
    SignedDuration::try_from(span(text).ok()?).ok()
}

/// Quotes a word for `ExecStart=`, where `%` and `$` are special.
fn unit_quoted(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=@,+%".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
