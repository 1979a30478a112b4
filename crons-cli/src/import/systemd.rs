//! Timers of systemd: a drop-in file for the service of each.

mod unit_name;
mod unit_file;
mod units;
mod time_span;
mod on_calendar;
mod timer;
mod service;

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use crons_types::Timezone;
use jiff::Timestamp;

use self::service::{Service, unit_quoted};
use self::timer::Timer;
use self::unit_name::UnitName;
use self::units::{Manager, Unit, Units};
use super::imported::{Imported, Left, NotWrapped};
use super::job;
use super::program::Program;
use super::wrapped::{Slugs, Wrapped};

pub(super) use self::units::FOLDERS;

/// The settings by which units are read and drop-ins written.
pub(super) struct Settings<'a> {
    /// The folders of units that are named without a path.
    pub(super) folders: &'a [&'a str],
    /// The zone of calendar expressions that name none.
    pub(super) timezone: Timezone,
    pub(super) program: &'a Program,
    /// The instant from which changes of the clocks are looked for.
    pub(super) now: Timestamp,
}

/// Prints drop-in files for timers.
pub(super) fn import(units: &[String], settings: &Settings<'_>, slugs: &mut Slugs) -> Imported {
    let mut imported = Imported::default();
    // The timer of each file that was printed.
    let mut printed = HashMap::new();
    let mut for_users = false;
    for unit in units {
        match drop_in(unit, settings, slugs, &mut printed) {
            Ok(DropIn { text, manager }) => {
                imported.text.push_str(&text);
                for_users |= manager != Manager::System;
            }
            Err(cause) => imported.left.push(Left { place: unit.clone(), cause }),
        }
    }
    if !imported.text.is_empty() {
        let reload = if for_users {
            "systemctl daemon-reload` or `systemctl --user daemon-reload"
        } else {
            "systemctl daemon-reload"
        };
        imported.text.insert_str(
            0,
            &format!("# Write each block into the file that its first line names, then run `{reload}`.\n\n"),
        );
    }
    imported
}

/// A drop-in file, with its path in a comment.
struct DropIn {
    text: String,
    manager: Manager,
}

/// The drop-in file for the service of a timer.
fn drop_in(
    unit: &str,
    settings: &Settings<'_>,
    slugs: &mut Slugs,
    printed: &mut HashMap<String, String>,
) -> Result<DropIn, NotWrapped> {
    let units = Units::around(unit, settings.folders);
    let name = UnitName::parse(&Path::new(unit).file_name().unwrap_or_default().to_string_lossy());
    if name.kind != "timer" {
        let timer = name.with_kind("timer");
        return Err(NotWrapped::Unable(format!(
            "it is a {}, which has no schedule; name the timer that starts it, such as {timer}",
            name.kind
        )));
    }
    let timer_unit = units.read(&name)?;
    let service_name = match timer_unit.content.value("Timer", "Unit") {
        None => name.with_kind("service"),
        Some(text) => UnitName::parse(&name.expand(text).ok_or_else(|| {
            format!("Unit={text}: its specifiers cannot be replaced; name a timer whose Unit= has none")
        })?),
    };
    let service_unit = units.read(&service_name)?;
    if let Some(run) =
        service_unit.content.value("Service", "ExecStart").and_then(|text| settings.program.run_in(text))
    {
        run.slug.iter().for_each(|slug| slugs.reserve(slug));
        return Err(NotWrapped::NotNeeded("its service runs under `crons run` already".to_owned()));
    }
    let file = format!("{}/{service_name}.d/{}", units.manager.folder(), file_name(&service_unit)?);
    let service = Service::read(&service_unit.content)?;
    let timer = Timer::read(&timer_unit.content)?;
    if let Some(other) = printed.insert(file.clone(), name.to_string()) {
        return Err(NotWrapped::Unable(format!(
            "{other} starts {service_name}, too, and a monitor has one schedule: give each timer a service of its own"
        )));
    }
    let wrapped = Wrapped {
        slug: slugs.unique(&slug(&service_name)),
        schedule: timer.schedule,
        timezone: timer.timezone.unwrap_or(settings.timezone),
        lateness: timer.lateness,
        longest: service.longest,
    };
    let mut text = format!("# {file}, for {name} ({})\n", timer.written);
    for note in wrapped.margin_warning().into_iter().chain(wrapped.clock_warning(settings.now)) {
        _ = writeln!(text, "# Note: {note}");
    }
    // Options behind the slug: an instance whose name is no slug starts unmonitored.
    let lenient = if service_name.is_template() { " --lenient" } else { "" };
    if service_name.is_template() {
        text.push_str(
            "# Note: %i is the instance, which must be of a-z, 0-9, `-` and `_` (50 with the rest); others run unmonitored.\n",
        );
    }
    if !service.has_dsn {
        text.push_str(
            "# Note: nothing is reported without the DSN: add Environment=SENTRY_DSN=https://key@host/1\n",
        );
    }
    let options: Vec<String> = wrapped.options().iter().map(|word| unit_quoted(word)).collect();
    _ = write!(
        text,
        "[Service]\nExecStart=\nExecStart={}{} run {}{lenient} {} -- {}\n\n",
        service.prefix,
        unit_quoted(settings.program.path()),
        wrapped.slug,
        options.join(" "),
        service.command
    );
    Ok(DropIn { text, manager: units.manager })
}

/// The file name of the drop-in, which must come after those that set `ExecStart=`, as the last one counts.
fn file_name(service: &Unit) -> Result<&'static str, String> {
    let last = service.last_exec_start.as_deref().unwrap_or_default();
    ["crons.conf", "zz-crons.conf"].into_iter().find(|name| *name > last).ok_or_else(|| {
        format!(
            "the drop-in {last} of {} sets ExecStart= after any other; wrap the command in it by hand",
            service.name
        )
    })
}

/// The slug of a service: its name, which the machine has once. That of a template has `%i`, which systemd replaces by the instance.
fn slug(service: &UnitName) -> String {
    if service.is_template() {
        return format!("{}-%i", job::slug_of_name(&service.prefix));
    }
    job::slug_of_name(&service.stem())
}

#[cfg(test)]
mod tests;
