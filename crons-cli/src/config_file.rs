//! crons.toml: finds the file, reads it, and names each fault by its line.

mod toml_error;
mod table_faults;
mod tables;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod template_tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use toml::de::{DeTable, DeValue};

use crate::settings::{Config, KEYS, no_key};
use crate::values::utf8;

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
    let name = path.display();
    match fs::read(path) {
        Ok(bytes) => {
            let text = utf8(bytes).map_err(|reason| format!("{name}, {reason}"))?;
            Ok(Some((path.to_owned(), text)))
        }
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let advice = match error.kind() {
                ErrorKind::IsADirectory => {
                    format!("name the file in it, such as {}", path.join(NAME).display())
                }
                ErrorKind::PermissionDenied => "name a file that this user may read".to_owned(),
                _ => "name an existing file, or save what `crons config` prints there".to_owned(),
            };
            Err(format!("cannot read the settings in {name}: {error}; {advice}"))
        }
    }
}

/// Parses the path of the file in a flag or a variable. The error of an empty one names the variable, which clap does not.
pub(crate) fn path_parser() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(|path| {
        if path.is_empty() {
            return Err("it is empty; name a file in --config or CRONS_CONFIG, or leave both out");
        }
        Ok(PathBuf::from(path))
    })
}

/// Sets the keys of a file in `config`. Returns the faults in the order of their lines, one message each.
///
/// A message names the line and does not repeat it, since it may hold a secret.
pub(crate) fn apply(path: &Path, text: &str, config: &mut Config) -> Vec<String> {
    let mut faults = Vec::new();
    match DeTable::parse(text) {
        Ok(root) => {
            faults.extend(tables::read(&root, &mut config.settings));
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
            if prefix.is_empty() && tables::is_table(&key) {
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
                _ if prefix.is_empty() && is_table_header(value.get_ref()) => Err(no_table(&key).into()),
                _ => Err(no_key(&key).into()),
            };
            if let Err(error) = outcome {
                self.faults.push((at, error.to_string()));
            }
        }
    }
}

/// Returns whether a value has the form of a table with a header.
fn is_table_header(value: &DeValue<'_>) -> bool {
    value.is_table()
        || value.as_array().is_some_and(|items| items.iter().any(|item| item.get_ref().is_table()))
}

/// The message about a table that does not exist, with the known table that is most like it.
fn no_table(unknown: &str) -> String {
    let retention = ("retention", "[retention]".to_owned());
    let nearest = tables::headers()
        .chain([retention])
        .map(|(name, header)| (strsim::levenshtein(&unknown.to_ascii_lowercase(), name), header))
        .min();
    match nearest {
        Some((distance, header)) if distance <= 2 && distance * 2 < unknown.len() => {
            format!("`{unknown}` is not a table; did you mean {header}?")
        }
        _ => format!("`{unknown}` is not a table; `crons config` prints all tables"),
    }
}
