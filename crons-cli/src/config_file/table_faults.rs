//! Reads one table of crons.toml, and finds all of its faults. A reader of serde stops at the first fault, so the table is read again
//! without the key at fault, until it can be read or the next fault is of no key.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::toml_error::{self, Description};

/// A fault: its offset in the file, and its description.
pub(super) type Fault = (usize, String);

/// Values for required keys that are missing or at fault, so that the keys beside them are read. They are tried in this order.
const STAND_INS: &str = "values = ['https://example.com', 'smtps://example.com', 'ops@example.com', '00:00', '1h', ['opened'], \
    ['ops@example.com'], [{ key = 'owner', match = 'is set' }]]";

/// A table of crons.toml.
pub(super) struct Table<'a, 'i> {
    /// The name in messages, such as `webhook.ops`.
    pub(super) name: String,
    /// The offset of its header.
    pub(super) at: usize,
    pub(super) keys: &'a DeTable<'i>,
}

/// The value of a table without the keys that are at fault.
pub(super) struct Readable<T> {
    pub(super) value: T,
    /// The keys that are missing or at fault, so that other values stand for theirs.
    replaced: BTreeMap<String, usize>,
}

impl<T> Readable<T> {
    /// Returns whether the value is that of the file.
    pub(super) fn is_faultless(&self) -> bool {
        self.replaced.is_empty()
    }
}

impl<'i> Table<'_, 'i> {
    /// Reads the table by `read`, and adds its faults. Returns the value of the keys that are right; `None` if there is none.
    pub(super) fn read<T>(
        &self,
        read: impl Fn(DeTable<'i>) -> Result<T, Error>,
        faults: &mut Vec<Fault>,
    ) -> Option<Readable<T>> {
        let mut keys = self.keys.clone();
        // Each key at fault, with the number of times that it was.
        let mut replaced = BTreeMap::<String, usize>::new();
        loop {
            let error = match read(keys.clone()) {
                Ok(value) => return Some(Readable { value, replaced }),
                Err(error) => self.describe(&error),
            };
            let Some(key) = error.key.clone() else {
                // After a change this may be a consequence of it.
                if replaced.is_empty() {
                    faults.push((self.at, error.message));
                }
                return None;
            };
            if !is_replaced(&replaced, &key) {
                let of_items = self.faults_of_items(&key, &keys, &read);
                faults.extend(if of_items.is_empty() { vec![(error.at, error.message)] } else { of_items });
            }
            let times = replaced.entry(key.clone()).or_default();
            keys.remove(key.as_str());
            if let Some(before) = times.checked_sub(1) {
                keys.insert(Spanned::new(0..0, Cow::Owned(key)), stand_in(before)?);
            }
            *times += 1;
        }
    }

    /// Adds the faults that a check of the whole value has found, each of which begins with its key. Those of keys that are missing or at
    /// fault are left out.
    pub(super) fn add<T>(&self, found: Vec<String>, readable: &Readable<T>, faults: &mut Vec<Fault>) {
        for fault in found {
            let key = leading_key(&fault).unwrap_or_default();
            if !is_replaced(&readable.replaced, key) {
                faults.push((self.place(key), format!("{}.{fault}", self.name)));
            }
        }
    }

    /// Returns the faults of the items of a list, each of which is read without the others; no fault if the value is no list of several.
    fn faults_of_items<T>(
        &self,
        key: &str,
        keys: &DeTable<'i>,
        read: &impl Fn(DeTable<'i>) -> Result<T, Error>,
    ) -> Vec<Fault> {
        let Some(list) = keys.get(key) else { return Vec::new() };
        let DeValue::Array(items) = list.get_ref() else { return Vec::new() };
        let mut faults = Vec::new();
        for item in items.iter().filter(|_| items.len() > 1) {
            let mut keys = keys.clone();
            if let Some(value) = keys.get_mut(key) {
                let alone = DeValue::Array(std::iter::once(item.clone()).collect());
                *value = Spanned::new(list.span(), alone);
            }
            let error = read(keys).err().map(|error| self.describe(&error));
            if let Some(error) = error.filter(|error| error.key.as_deref() == Some(key)) {
                let at = if item.span().contains(&error.at) { error.at } else { item.span().start };
                faults.push((at, error.message));
            }
        }
        faults
    }

    /// Describes an error, and finds the key at fault.
    fn describe(&self, error: &Error) -> Described {
        let Description { path, problem } = toml_error::describe(error);
        // The reader of a target reads the table around it, too.
        let path = path.strip_prefix(&self.name).map_or(path.as_str(), |rest| rest.trim_start_matches('.'));
        let name = &self.name;
        if let Some(key) = path.split('.').next().filter(|key| !key.is_empty()) {
            let at = error.span().map_or_else(|| self.place(key), |span| span.start);
            // A reader of one value begins its message with the key.
            let last = path.rsplit('.').next().unwrap_or_default();
            let problem = without_key(&problem, last);
            return Described { key: Some(key.to_owned()), at, message: format!("{name}.{path}: {problem}") };
        }
        if let Some(key) = toml_error::named_key(error) {
            let at = self.place(&key);
            return Described { key: Some(key), at, message: format!("{name}: {problem}") };
        }
        match leading_key(&problem) {
            Some(key) => Described {
                key: Some(key.to_owned()),
                at: self.place(key),
                // The error of a value may begin with the key, too.
                message: format!("{name}.{key}: {}", without_key(without_key(&problem, key), key)),
            },
            None => Described { key: None, at: self.at, message: format!("{name}: {problem}") },
        }
    }

    /// The offset of a key; that of the header if the key is missing.
    fn place(&self, key: &str) -> usize {
        self.keys.get_key_value(key).map_or(self.at, |(key, _)| key.span().start)
    }
}

/// An error with its place. `key` is `None` if it is of no key.
struct Described {
    key: Option<String>,
    at: usize,
    message: String,
}

/// Returns whether a key, or another key of the same secret, has a stand-in or is left out.
fn is_replaced(replaced: &BTreeMap<String, usize>, key: &str) -> bool {
    ["", "_file", "_env"].iter().any(|way| replaced.contains_key(&format!("{key}{way}")))
}

/// The message without the key at its beginning.
fn without_key<'a>(message: &'a str, key: &str) -> &'a str {
    message.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message)
}

/// The key at the beginning of a message such as `at: "8" is not a time`.
fn leading_key(message: &str) -> Option<&str> {
    let (key, _) = message.split_once(": ")?;
    let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (!key.is_empty() && key.bytes().all(is_key)).then_some(key)
}

fn stand_in(number: usize) -> Option<Spanned<DeValue<'static>>> {
    let values = DeTable::parse(STAND_INS).ok()?.into_inner();
    values.get("values")?.get_ref().as_array()?.get(number).cloned()
}
