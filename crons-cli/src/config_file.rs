//! crons.toml: found, read, and what is wrong in it said by line.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crons_server::Alerts;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::settings::{Config, KEYS, no_key};

/// Read if it is there and no other is named.
pub(crate) const NAME: &str = "crons.toml";
/// It with every key explained.
pub(crate) const TEMPLATE: &str = include_str!("crons.toml");

/// The file that is named, or ./crons.toml if it is there.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn find(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, String> {
    let path = named.unwrap_or(Path::new(NAME));
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!(
            "cannot read the settings in {}: {error}; `crons config` prints such a file, for you to save there",
            path.display()
        )),
    }
}

/// Puts what a file says into a configuration; what is wrong in it, a sentence each.
///
/// Lines are named and not shown: one may hold a secret.
pub(crate) fn apply(path: &Path, text: &str, config: &mut Config) -> Vec<String> {
    let mut faults = Vec::new();
    match DeTable::parse(text) {
        Ok(root) => {
            match alerts(&root) {
                Ok(alerts) => config.settings.alerts = alerts,
                Err(fault) => faults.push(fault),
            }
            Walk { text, config, faults: &mut faults }.table("", root.get_ref());
        }
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start);
            faults.push((start, format!("this is no TOML: {}", error.message().replace('\n', ", "))));
        }
    }
    faults.sort();
    let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let name = path.display();
    faults.into_iter().map(|(at, fault)| format!("{name}, line {}: {fault}", line(at))).collect()
}

/// What a file says about alerts, which has a shape of its own; or the place and the kind of what is wrong with it.
fn alerts(root: &Spanned<DeTable<'_>>) -> Result<Alerts, (usize, String)> {
    let tables = root.get_ref().iter().filter(|(key, _)| is_alerts(key.get_ref()));
    let tables = tables.map(|(key, value)| (key.clone(), value.clone())).collect::<DeTable<'_>>();
    let tables = Spanned::new(root.span(), tables);
    Alerts::deserialize(toml::Deserializer::from(tables)).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        (at, in_words(&error.to_string()))
    })
}

/// Rewrites an error of serde in words of TOML. A text that stands in a wrong place is left out: it may be an address with a secret.
fn in_words(error: &str) -> String {
    const TEXT: &str = "invalid type: string \"";
    let mut words = error.trim().replace('\n', " ");
    if words.starts_with(TEXT)
        && let Some(end) = words.rfind("\", expected ")
    {
        words = format!("invalid type: a text{}", &words[end + 1..]);
    }
    for (jargon, word) in [
        ("invalid type: map", "invalid type: a table"),
        ("invalid type: sequence", "invalid type: a list"),
        ("expected a sequence", "expected a list such as [\"..\"]"),
        ("expected a map", "expected a table"),
        ("expected a string", "expected a text in quotes"),
    ] {
        words = words.replace(jargon, word);
    }
    words
}

fn is_alerts(key: &str) -> bool {
    matches!(key, "webhook" | "alert")
}

/// On the way through a file.
struct Walk<'a> {
    text: &'a str,
    config: &'a mut Config,
    /// Each with its place in the file.
    faults: &'a mut Vec<(usize, String)>,
}

impl Walk<'_> {
    /// `prefix` is the name of the table, with a point behind it.
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let (at, key) = (key.span().start, format!("{prefix}{}", key.get_ref()));
            if is_alerts(&key) {
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
                // Without the underscores that a number may have.
                DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
                DeValue::Table(_) | DeValue::Array(_) if is_key => {
                    self.faults.push((at, format!("{key}: it takes one value, and this is more")));
                    continue;
                }
                _ => self.text.get(value.span()).unwrap_or_default(),
            };
            let outcome = match key.as_str() {
                _ if is_table => {
                    Err(format!("{key}: it is a table; write [{key}], and its keys below").into())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines behind a bare `#`, which are defaults, or those of `# ` that are examples, with it taken away.
    fn uncommented(mark: &str) -> String {
        let is_toml = |line: &&str| {
            line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
        };
        TEMPLATE
            .lines()
            .filter_map(|line| line.strip_prefix(mark))
            .filter(is_toml)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn keys_of(table: &DeTable<'_>) -> Vec<String> {
        let mut keys = Vec::new();
        for (key, value) in table {
            match value.get_ref() {
                DeValue::Table(inner) => {
                    keys.extend(keys_of(inner).iter().map(|inner| format!("{}.{inner}", key.get_ref())));
                }
                _ => keys.push(key.get_ref().to_string()),
            }
        }
        keys
    }

    #[test]
    fn as_it_is_printed_the_template_sets_nothing() {
        assert!(DeTable::parse(TEMPLATE).unwrap().get_ref().is_empty());
    }

    #[test]
    fn what_the_template_says_are_the_defaults_are_the_defaults() {
        let text = uncommented("#");
        // Values that are not the defaults, so that whatever the template leaves out is seen.
        let mut config = Config::default();
        for (key, other) in [
            ("listen", "[::1]:1"),
            ("database", "sqlite:other.db"),
            ("rate_limit", "off"),
            ("max_monitors", "1"),
            ("max_environments", "1"),
            ("retention.success_days", "1"),
            ("retention.failure_days", "1"),
            ("retention.check_ins", "720"),
        ] {
            config.set(key, other).unwrap();
        }
        let faults = apply(Path::new(NAME), &text, &mut config);
        assert!(faults.is_empty(), "{faults:?} in\n{text}");
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
    }

    #[test]
    fn every_key_stands_in_the_template() {
        let (defaults, examples) = (uncommented("#"), uncommented("# "));
        let mut keys = keys_of(DeTable::parse(&defaults).unwrap().get_ref());
        let examples = DeTable::parse(&examples).unwrap();
        keys.extend(keys_of(examples.get_ref()));
        for key in
            KEYS.into_iter().chain(["webhook.ops.url", "webhook.ops.secret", "webhook.ops.timeout", "alert"])
        {
            assert!(keys.iter().any(|there| there == key), "{key} is not in {keys:?}");
        }
        assert_eq!(keys.len(), KEYS.len() + 4, "{keys:?}");
    }

    #[test]
    fn the_alerts_of_the_template_work_with_a_secret_of_ones_own() {
        let text = uncommented("# ");
        let examples = text.split_once("[webhook").unwrap().1;
        let (mut config, secret) = (Config::default(), "whsec_, and what `openssl rand -base64 32` prints");
        let text = format!("[webhook{examples}");
        assert!(!apply(Path::new(NAME), &text, &mut config).is_empty(), "the placeholder is a secret");
        let text = text.replace(secret, "whsec_bm90IGEgc2VjcmV0LCBtYWtlIG9uZSBvZiB5b3VyIG93bg==");
        assert_eq!(apply(Path::new(NAME), &text, &mut config), [""; 0]);
        assert_eq!(config.settings.alerts.webhooks().count(), 1);
    }

    #[test]
    fn what_stands_in_the_place_of_a_secret_is_no_secret_that_someone_may_keep() {
        for (key, value) in [
            ("key", "what stands before the @ in the DSN"),
            ("admin_token", "what `openssl rand -hex 32` prints"),
        ] {
            assert!(TEMPLATE.contains(value));
            assert!(Config::default().set(key, value).is_err(), "{key}");
        }
    }

    #[test]
    fn each_fault_is_said_with_its_line_in_the_order_of_the_file() {
        let text = "\
            rate_limit = \"often\"\n\
            lisen = \"127.0.0.1:1\"\n\
            \n\
            database = [\"a\", \"b\"]\n\
            max_monitors = 1_000\n\
            max_environments = 0x10\n\
            [retention]\n\
            check_ins = 719\n\
            days = 3\n";
        let mut config = Config::default();
        let faults = apply(Path::new("a/crons.toml"), text, &mut config);
        let expected = [
            ("a/crons.toml, line 1: rate_limit: \"often\" is neither", "off"),
            ("a/crons.toml, line 2: `lisen` is no key", "did you mean `listen`?"),
            ("a/crons.toml, line 4: database: it takes one value", ""),
            ("a/crons.toml, line 6: max_environments: \"0x10\" is no whole number from 1", ""),
            (
                "a/crons.toml, line 8: retention.check_ins: \"719\" is no whole number from 720",
                "leave the key out",
            ),
            ("a/crons.toml, line 9: `retention.days` is no key", "`crons config`"),
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        for (fault, (start, part)) in faults.iter().zip(expected) {
            assert!(fault.starts_with(start) && fault.contains(part), "{fault}");
        }
        assert_eq!(config.settings.quotas.monitors, 1_000);
    }

    #[test]
    fn no_message_shows_a_secret() {
        for text in [
            "admin_token = hunter2-hunter2-hunter2",
            "admin_token = \"hunter2\"",
            "admin_token = [\"hunter2-hunter2-hunter2\"]",
            "admin_token = \"hunter2 hunter2 hunter2\"",
            "admin_tokn = \"hunter2-hunter2-hunter2\"",
            "key = \"hunter2 hunter2\"",
            "key = { is = \"hunter2\" }",
        ] {
            let faults = apply(Path::new(NAME), text, &mut Config::default());
            assert_eq!(faults.len(), 1, "{text}");
            assert!(!faults[0].contains("hunter2"), "{text}: {faults:?}");
        }
    }
}
