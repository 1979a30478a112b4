//! The tables of crons.toml that have names or stand in lists: targets, rules, the digest, maintenance windows and the pulse.

use std::collections::BTreeMap;

use crons_server::{Alerts, Digest, Maintenance, Pulse, Rule, Settings, Target, quoted};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::table_faults::{Fault, Readable, Table};
use super::toml_error;

const RULES: &str = "alert";
const DIGEST: &str = "digest";
const WINDOWS: &str = "maintenance";
const PULSE: &str = "pulse";

/// Returns whether a key of the file is the name of tables that [`read`] reads.
pub(super) fn is_table(key: &str) -> bool {
    headers().any(|(name, _)| name == key)
}

/// The names of the tables, each with a header to write.
pub(super) fn headers() -> impl Iterator<Item = (&'static str, String)> {
    let lists = [RULES, WINDOWS].map(|name| (name, format!("[[{name}]]")));
    let single = [DIGEST, PULSE].map(|name| (name, format!("[{name}]")));
    let targets = Target::kinds().map(|kind| (kind, format!("[{kind}.NAME]")));
    lists.into_iter().chain(single).chain(targets)
}

/// Reads the tables of a file into the settings. Returns their faults; tables of a kind that has some are left out.
pub(super) fn read(root: &Spanned<DeTable<'_>>, settings: &mut Settings) -> Vec<Fault> {
    let mut faults = Vec::new();
    let kinds = targets(root.get_ref(), &mut faults);
    for table in list(root.get_ref(), RULES, &mut faults) {
        if let Some(rule) = table.read(deserialize::<Rule>, &mut faults) {
            table.add(rule.value.faults(&kinds), &rule, &mut faults);
        }
    }
    if let Some(table) = single(root.get_ref(), DIGEST, &mut faults)
        && let Some(digest) = table.read(deserialize::<Digest>, &mut faults)
    {
        table.add(digest.value.faults(&kinds), &digest, &mut faults);
    }
    if faults.is_empty() {
        match alerts(root) {
            Ok(alerts) => settings.alerts = alerts,
            Err(fault) => faults.push(fault),
        }
    }
    let windows = list(root.get_ref(), WINDOWS, &mut faults);
    let windows: Vec<_> =
        windows.iter().map(|table| table.read(deserialize::<Maintenance>, &mut faults)).collect();
    let windows: Option<Vec<_>> = windows
        .into_iter()
        .map(|window| window.filter(Readable::is_faultless).map(|window| window.value))
        .collect();
    settings.maintenance = windows.unwrap_or_default();
    if let Some(table) = single(root.get_ref(), PULSE, &mut faults) {
        let pulse = table.read(deserialize::<Pulse>, &mut faults);
        settings.pulse = pulse.filter(Readable::is_faultless).map(|pulse| pulse.value);
    }
    faults
}

fn deserialize<T: DeserializeOwned>(table: DeTable<'_>) -> Result<T, Error> {
    T::deserialize(toml::Deserializer::from(Spanned::new(0..0, table)))
}

/// Checks the tables of targets. Returns the name of each, with its kind.
fn targets<'a>(root: &'a DeTable<'_>, faults: &mut Vec<Fault>) -> BTreeMap<&'a str, &'a str> {
    let mut kinds = BTreeMap::<&str, &str>::new();
    let is_kind = |key: &str| Target::kinds().any(|kind| kind == key);
    let mut of_kinds: Vec<_> = root.iter().filter(|(key, _)| is_kind(key.get_ref())).collect();
    of_kinds.sort_by_key(|(key, _)| key.span().start);
    for (kind, value) in of_kinds {
        let (at, kind) = (kind.span().start, kind.get_ref().as_ref());
        let DeValue::Table(named) = value.get_ref() else {
            faults.push((at, no_name(kind)));
            continue;
        };
        if named.values().any(|value| !value.get_ref().is_table()) {
            faults.push((at, no_name(kind)));
        }
        for (name, value) in named {
            let DeValue::Table(keys) = value.get_ref() else { continue };
            let (at, name) = (name.span().start, name.get_ref().as_ref());
            if let Some(other) = kinds.insert(name, kind) {
                faults.push((
                    at,
                    format!(
                        "{kind}: the name {} is that of a {other}, too, and rules name targets without their kind; choose another",
                        quoted(name)
                    ),
                ));
            }
            let around = |keys| {
                let table = |key: &str, value| {
                    DeTable::from_iter([(spanned(key.to_owned().into()), spanned(DeValue::Table(value)))])
                };
                deserialize::<Alerts>(table(kind, table(name, keys)))
            };
            Table { name: format!("{kind}.{name}"), at, keys }.read(around, faults);
        }
    }
    kinds
}

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

fn no_name(kind: &str) -> String {
    format!(
        "{kind}: a target has a name, by which rules name it; write [{kind}.NAME], such as [{kind}.ops], and the keys of the target below it"
    )
}

/// The tables of a list. If the value is something else, a fault says so.
fn list<'a, 'i>(root: &'a DeTable<'i>, key: &str, faults: &mut Vec<Fault>) -> Vec<Table<'a, 'i>> {
    let Some((written, value)) = root.get_key_value(key) else { return Vec::new() };
    let items = value.get_ref().as_array().into_iter().flatten();
    let tables: Vec<_> = items
        .filter_map(|item| Some((item.span().start, item.get_ref().as_table()?)))
        .map(|(at, keys)| Table { name: key.to_owned(), at, keys })
        .collect();
    if value.get_ref().as_array().is_none_or(|items| items.len() > tables.len()) {
        faults.push((
            written.span().start,
            format!("{key}: this is a list of tables; write [[{key}]] with two brackets for each, and its keys below it"),
        ));
    }
    tables
}

/// The table of this name; `None` if there is none. If the value is something else, a fault says so.
fn single<'a, 'i>(root: &'a DeTable<'i>, key: &str, faults: &mut Vec<Fault>) -> Option<Table<'a, 'i>> {
    let (written, value) = root.get_key_value(key)?;
    let at = written.span().start;
    if let Some(keys) = value.get_ref().as_table() {
        return Some(Table { name: key.to_owned(), at, keys });
    }
    faults.push((
        at,
        format!("{key}: this is one table; write [{key}] with one bracket, and its keys below it"),
    ));
    None
}

/// Reads the tables of targets, rules and the digest together.
fn alerts(root: &Spanned<DeTable<'_>>) -> Result<Alerts, Fault> {
    let tables = root.get_ref().iter().filter(|(key, _)| Alerts::is_table(key.get_ref()));
    let tables = tables.map(|(key, value)| (key.clone(), value.clone())).collect::<DeTable<'_>>();
    Alerts::deserialize(toml::Deserializer::from(Spanned::new(root.span(), tables))).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        (at, toml_error::describe(&error).to_string())
    })
}
