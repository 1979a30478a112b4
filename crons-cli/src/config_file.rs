//! crons.toml: finds the file, reads it, and names each fault by its line.

mod toml_error;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crons_server::{Alerts, Maintenance, Pulse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::settings::{Config, KEYS, no_key};

/// The file that is read if it exists and no other is named.
pub(crate) const NAME: &str = "crons.toml";
/// A file with every key explained and none set.
pub(crate) const TEMPLATE: &str = include_str!("crons.toml");

/// Reads the named file, or ./crons.toml. Returns its path and text; `None` if no file is named and ./crons.toml does not exist.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn find(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, String> {
    let path = named.unwrap_or(Path::new(NAME));
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!(
            "cannot read the settings in {}: {error}; name an existing file, or save what `crons config` prints there",
            path.display()
        )),
    }
}

/// Sets the keys of a file in `config`. Returns the faults in the order of their lines, one message each.
///
/// A message names the line and does not repeat it, since it may hold a secret.
pub(crate) fn apply(path: &Path, text: &str, config: &mut Config) -> Vec<String> {
    let mut faults = Vec::new();
    match DeTable::parse(text) {
        Ok(root) => {
            match alerts(&root) {
                Ok(alerts) => config.settings.alerts = alerts,
                Err(fault) => faults.push(fault),
            }
            match windows(&root) {
                Ok(windows) => config.settings.maintenance = windows,
                Err(fault) => faults.push(fault),
            }
            match pulse(&root) {
                Ok(pulse) => config.settings.pulse = pulse,
                Err(fault) => faults.push(fault),
            }
            Walk { text, config, faults: &mut faults }.table("", root.get_ref());
        }
        Err(error) => {
            let span = error.span().unwrap_or_default();
            faults
                .push((span.start, toml_error::describe_syntax(&error, text.get(span).unwrap_or_default())));
        }
    }
    faults.sort();
    let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let name = path.display();
    faults.into_iter().map(|(at, fault)| format!("{name}, line {}: {fault}", line(at))).collect()
}

/// Reads the tables of targets, rules and the digest. The error is the offset of the fault in the file, and its description.
fn alerts(root: &Spanned<DeTable<'_>>) -> Result<Alerts, (usize, String)> {
    read(root, Alerts::is_table).map_err(|(at, fault)| {
        // The targets of a digest are compared with all tables, so the error has no place of its own.
        let digest = root.get_ref().iter().find(|(key, _)| key.get_ref() == "digest");
        match digest.filter(|_| fault.starts_with("digest.to: ")) {
            Some((key, _)) if at < key.span().start => (key.span().start, fault),
            _ => (at, fault),
        }
    })
}

/// Reads the tables `maintenance`. The error is as that of [`alerts`].
fn windows(root: &Spanned<DeTable<'_>>) -> Result<Vec<Maintenance>, (usize, String)> {
    #[derive(Deserialize)]
    struct Windows {
        #[serde(default)]
        maintenance: Vec<Maintenance>,
    }
    read::<Windows>(root, is_maintenance).map(|windows| windows.maintenance)
}

/// Reads the table `pulse`. The error is as that of [`alerts`].
fn pulse(root: &Spanned<DeTable<'_>>) -> Result<Option<Pulse>, (usize, String)> {
    #[derive(Deserialize)]
    struct Table {
        pulse: Option<Pulse>,
    }
    read::<Table>(root, is_pulse).map(|table| table.pulse)
}

/// Reads the tables whose keys are wanted.
fn read<T: DeserializeOwned>(
    root: &Spanned<DeTable<'_>>,
    is_wanted: fn(&str) -> bool,
) -> Result<T, (usize, String)> {
    let tables = root.get_ref().iter().filter(|(key, _)| is_wanted(key.get_ref()));
    let tables = tables.map(|(key, value)| (key.clone(), value.clone())).collect::<DeTable<'_>>();
    let tables = Spanned::new(root.span(), tables);
    T::deserialize(toml::Deserializer::from(tables)).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        (at, toml_error::describe(&error))
    })
}

fn is_maintenance(key: &str) -> bool {
    key == "maintenance"
}

fn is_pulse(key: &str) -> bool {
    key == "pulse"
}

/// A walk through the tables of a file that sets their keys.
struct Walk<'a> {
    text: &'a str,
    config: &'a mut Config,
    /// The faults, each with its offset in the file.
    faults: &'a mut Vec<(usize, String)>,
}

impl Walk<'_> {
    /// Sets the keys of one table. `prefix` is the name of the table and a dot, empty for the root.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let (at, key) = (key.span().start, format!("{prefix}{}", key.get_ref()));
            if Alerts::is_table(&key) || is_maintenance(&key) || is_pulse(&key) {
                continue;
            }
            let below = format!("{key}.");
            let is_table = KEYS.iter().any(|known| known.starts_with(&below));
            let is_key = KEYS.contains(&key.as_str());
            let text = match value.get_ref() {
                DeValue::Table(table) if is_table => {
                    self.table(&below, table);
                    continue;
                }
                DeValue::String(text) => text,
                // The text without the underscores that TOML allows in a number.
                DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
                DeValue::Table(_) | DeValue::Array(_) if is_key => {
                    self.faults.push((at, format!("{key}: write one value, not a list or a table")));
                    continue;
                }
                _ => self.text.get(value.span()).unwrap_or_default(),
            };
            let outcome = match key.as_str() {
                _ if is_table => {
                    Err(format!("{key}: this is the name of a table; write [{key}], and its keys below it")
                        .into())
                }
                _ if is_key => self.config.set(&key, text),
                _ => Err(no_key(&key).into()),
            };
            if let Err(error) = outcome {
                self.faults.push((at, error.to_string()));
            }
        }
    }
}
