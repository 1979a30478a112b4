//! Filters on the tags of an event, as in Sentry's alert rules: "The event's tags match {key} {match} {value}"
//! (<https://docs.sentry.io/product/alerts/create-alerts/issue-alert-config/>). The rules of alerts and silences have them.

use serde::{Deserialize, Serialize, Serializer};

use crate::quote::quoted;

/// The tags that a filter can look at: Sentry's, and the owner of the monitor.
const KEYS: [&str; 5] = ["monitor.slug", "monitor.id", "monitor.incident", "environment", "owner"];

/// A filter cannot work. The message names the key, its value, what is allowed, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFilter(String);

impl std::fmt::Display for InvalidFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidFilter {}

/// A comparison of a tag with a value, without regard to case. As a text: the code or the label, such as `sw` or `starts with`.
///
/// If the event lacks the tag, only the negative comparisons match: `ne`, `nsw`, `new`, `nc` and `ns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `eq`, "equals"
    Equals,
    /// `ne`, "does not equal"
    DoesNotEqual,
    /// `sw`, "starts with"
    StartsWith,
    /// `nsw`, "does not start with"
    DoesNotStartWith,
    /// `ew`, "ends with"
    EndsWith,
    /// `new`, "does not end with"
    DoesNotEndWith,
    /// `co`, "contains"
    Contains,
    /// `nc`, "does not contain"
    DoesNotContain,
    /// `is`, "is set"
    IsSet,
    /// `ns`, "is not set"
    IsNotSet,
    /// `in`, "is in": the value is a list with commas between its entries
    IsIn,
    /// `glob`, "matches pattern": each `*` in the value stands for any characters, or none. Sentry has no such comparison.
    MatchesPattern,
}

impl Operator {
    /// Each comparison with its code in Sentry's API and its label in Sentry's form.
    const ALL: [(Self, &str, &str); 12] = [
        (Self::Equals, "eq", "equals"),
        (Self::DoesNotEqual, "ne", "does not equal"),
        (Self::StartsWith, "sw", "starts with"),
        (Self::DoesNotStartWith, "nsw", "does not start with"),
        (Self::EndsWith, "ew", "ends with"),
        (Self::DoesNotEndWith, "new", "does not end with"),
        (Self::Contains, "co", "contains"),
        (Self::DoesNotContain, "nc", "does not contain"),
        (Self::IsSet, "is", "is set"),
        (Self::IsNotSet, "ns", "is not set"),
        (Self::IsIn, "in", "is in"),
        (Self::MatchesPattern, "glob", "matches pattern"),
    ];

    fn label(self) -> &'static str {
        Self::ALL.iter().find(|(this, ..)| *this == self).map_or("", |(_, _, label)| label)
    }

    fn needs_value(self) -> bool {
        !matches!(self, Self::IsSet | Self::IsNotSet)
    }
}

impl std::str::FromStr for Operator {
    type Err = InvalidFilter;

    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        let named = |code: &str, label: &str| {
            text.eq_ignore_ascii_case(code) || text.trim().eq_ignore_ascii_case(label)
        };
        let found = Self::ALL.iter().find(|(_, code, label)| named(code, label));
        found.map(|(this, ..)| *this).ok_or_else(|| {
            let labels: Vec<_> =
                Self::ALL.iter().map(|(_, code, label)| format!("`{label}` ({code})")).collect();
            InvalidFilter(format!(
                "match: {} is not a comparison; write one of {}",
                quoted(text),
                labels.join(", ")
            ))
        })
    }
}

/// A condition on one tag of an event.
///
/// ```
/// use crons_server::{Filter, Operator};
///
/// Filter::new("monitor.slug", Operator::StartsWith, "billing-")?;
/// assert!(Filter::new("slug", Operator::StartsWith, "billing-").is_err());
/// # Ok::<(), crons_server::InvalidFilter>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "FilterTable")]
pub struct Filter {
    key: String,
    compare: Operator,
    /// The value in lower case.
    value: String,
}

impl Filter {
    /// A filter that compares the tag `key` with `value`. The tags are `monitor.slug`, `monitor.id`, `monitor.incident`,
    /// `environment` and `owner`; a monitor without an owner lacks the last one. [`IsSet`](Operator::IsSet) and
    /// [`IsNotSet`](Operator::IsNotSet) take no value.
    ///
    /// # Errors
    /// If the tag does not exist, if the comparison needs a value and it is empty, so that the filter could never match, or if it takes none
    /// and there is one, so that the filter would match every monitor.
    pub fn new(key: &str, compare: Operator, value: &str) -> Result<Self, InvalidFilter> {
        let Some(key) = KEYS.into_iter().find(|known| known.eq_ignore_ascii_case(key)) else {
            let known = KEYS.join("`, `");
            return Err(InvalidFilter(format!(
                "key: events have no tag {}; write one of `{known}`",
                quoted(key)
            )));
        };
        if value.is_empty() && compare.needs_value() {
            let label = compare.label();
            return Err(InvalidFilter(format!(
                "value: it is empty, so the filter `{key} {label}` never matches; write the value to compare with"
            )));
        }
        if !value.is_empty() && !compare.needs_value() {
            let (label, value) = (compare.label(), quoted(value));
            return Err(InvalidFilter(format!(
                "value: it is {value}, and `{label}` takes none; write the comparison `equals` for this value, or leave the value out"
            )));
        }
        Ok(Self { key: key.to_owned(), compare, value: value.to_lowercase() })
    }

    /// A filter on `key`: for the pattern of `value` if that has a `*`, else for the value itself.
    ///
    /// ```
    /// use crons_server::Filter;
    ///
    /// let filter = Filter::pattern("monitor.slug", "nightly-*")?;
    /// assert_eq!(filter.to_string(), "monitor.slug matches pattern \"nightly-*\"");
    /// # Ok::<(), crons_server::InvalidFilter>(())
    /// ```
    ///
    /// # Errors
    /// If the tag does not exist, or the value is empty.
    pub fn pattern(key: &str, value: &str) -> Result<Self, InvalidFilter> {
        let compare = if value.contains('*') { Operator::MatchesPattern } else { Operator::Equals };
        Self::new(key, compare, value)
    }

    /// The ids of the only monitors that match, if the filter is such a list; `None` for other filters.
    pub(crate) fn monitor_ids(&self) -> Option<Vec<&str>> {
        let is_list = self.key == "monitor.id" && matches!(self.compare, Operator::IsIn | Operator::Equals);
        is_list.then(|| self.value.split(',').map(str::trim).collect())
    }

    /// The length of the value in bytes.
    pub(super) fn value_len(&self) -> usize {
        self.value.len()
    }

    /// Whether the tags of an event match.
    pub(crate) fn matches(&self, tags: &[(&str, String)]) -> bool {
        let tag = tags.iter().find(|(key, _)| *key == self.key).map(|(_, value)| value.to_lowercase());
        let value = self.value.as_str();
        let is = |test: fn(&str, &str) -> bool| tag.as_deref().is_some_and(|tag| test(tag, value));
        match self.compare {
            Operator::Equals => is(|tag, value| tag == value),
            Operator::DoesNotEqual => !is(|tag, value| tag == value),
            Operator::StartsWith => is(|tag, value| tag.starts_with(value)),
            Operator::DoesNotStartWith => !is(|tag, value| tag.starts_with(value)),
            Operator::EndsWith => is(|tag, value| tag.ends_with(value)),
            Operator::DoesNotEndWith => !is(|tag, value| tag.ends_with(value)),
            Operator::Contains => is(|tag, value| tag.contains(value)),
            Operator::DoesNotContain => !is(|tag, value| tag.contains(value)),
            Operator::IsSet => tag.is_some(),
            Operator::IsNotSet => tag.is_none(),
            Operator::IsIn => is(|tag, value| value.split(',').any(|one| one.trim() == tag)),
            Operator::MatchesPattern => is(matches_pattern),
        }
    }
}

/// The filter in words: `monitor.slug starts with "billing-"`.
impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key, compare, value } = self;
        write!(f, "{key} {}", compare.label())?;
        if compare.needs_value() { write!(f, " {}", quoted(value)) } else { Ok(()) }
    }
}

/// The form that deserializing accepts.
impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Table<'a> {
            key: &'a str,
            r#match: &'a str,
            value: &'a str,
        }
        Table { key: &self.key, r#match: self.compare.label(), value: &self.value }.serialize(serializer)
    }
}

/// Whether `text` is `pattern`, in which each `*` stands for any characters, or none.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        // The earliest place leaves the most for the parts after it.
        let Some((_, after)) = text.split_once(part) else { return false };
        text = after;
    }
    text.ends_with(last)
}

/// A filter as it is written in TOML or JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with key, match and value")]
struct FilterTable {
    key: String,
    r#match: String,
    #[serde(default)]
    value: String,
}

impl TryFrom<FilterTable> for Filter {
    type Error = InvalidFilter;

    fn try_from(table: FilterTable) -> Result<Self, InvalidFilter> {
        Self::new(&table.key, table.r#match.parse()?, &table.value)
    }
}

impl Filter {
    /// Reads filters as a database has them. Earlier versions took a value for [`IsSet`](Operator::IsSet) and ignored it.
    ///
    /// # Errors
    /// If the text is no list of filters.
    pub(crate) fn stored(json: &str) -> serde_json::Result<Vec<Self>> {
        let read = |mut table: FilterTable| {
            if table.r#match.parse().is_ok_and(|compare: Operator| !compare.needs_value()) {
                table.value.clear();
            }
            Self::try_from(table).map_err(serde::de::Error::custom)
        };
        serde_json::from_str::<Vec<FilterTable>>(json)?.into_iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_filter_with_a_value_that_was_ignored_is_read() {
        let stored = Filter::stored(
            r#"[{"key": "owner", "match": "is set", "value": "x"}, {"key": "owner", "match": "eq", "value": "y"}]"#,
        );
        let expected = [("is set", ""), ("equals", "y")]
            .map(|(compare, value)| Filter::new("owner", compare.parse().unwrap(), value).unwrap());
        assert_eq!(stored.unwrap(), expected);
        assert!(Filter::stored(r#"[{"key": "nothing", "match": "is set"}]"#).is_err());
    }

    #[test]
    fn each_operator_matches_in_its_own_way() {
        // The tag, the code and the label of the operator, the value, whether they match, and whether an event without the tag matches.
        const CASES: &[(&str, &str, &str, &str, bool, bool)] = &[
            ("billing-eu", "eq", "equals", "Billing-EU", true, false),
            ("billing-eu", "eq", "equals", "billing", false, false),
            ("billing-eu", "ne", "does not equal", "BILLING-eu", false, true),
            ("billing-eu", "ne", "does not equal", "billing", true, true),
            ("billing-eu", "sw", "starts with", "BILLING-", true, false),
            ("billing-eu", "sw", "starts with", "eu", false, false),
            ("billing-eu", "nsw", "does not start with", "billing", false, true),
            ("billing-eu", "nsw", "does not start with", "eu", true, true),
            ("billing-eu", "ew", "ends with", "-EU", true, false),
            ("billing-eu", "ew", "ends with", "billing", false, false),
            ("billing-eu", "new", "does not end with", "eu", false, true),
            ("billing-eu", "new", "does not end with", "billing", true, true),
            ("billing-eu", "co", "contains", "LING", true, false),
            ("billing-eu", "co", "contains", "us", false, false),
            ("billing-eu", "nc", "does not contain", "ling", false, true),
            ("billing-eu", "nc", "does not contain", "us", true, true),
            ("billing-eu", "is", "is set", "", true, false),
            ("billing-eu", "ns", "is not set", "", false, true),
            ("billing-eu", "in", "is in", "a, Billing-EU ,b", true, false),
            ("billing-eu", "in", "is in", "billing", false, false),
            ("billing-eu", "in", "is in", "billing-eu", true, false),
            ("billing-eu", "glob", "matches pattern", "BILL*-eu", true, false),
            ("billing-eu", "glob", "matches pattern", "*", true, false),
            ("billing-eu", "glob", "matches pattern", "billing-eu", true, false),
            ("billing-eu", "glob", "matches pattern", "b*i*n*g*", true, false),
            ("billing-eu", "glob", "matches pattern", "billing*", true, false),
            ("billing-eu", "glob", "matches pattern", "billing", false, false),
            ("billing-eu", "glob", "matches pattern", "billing*us", false, false),
            ("billing-eu", "glob", "matches pattern", "billing-eu*u", false, false),
            ("billing-eu", "glob", "matches pattern", "*g*b*", false, false),
        ];
        for (tag, code, label, value, matches, missing) in CASES {
            for operator in [code, label] {
                let filter = Filter::new("Environment", operator.parse().unwrap(), value).unwrap();
                let tags = [("monitor.slug", "job".to_owned()), ("environment", (*tag).to_owned())];
                assert_eq!(filter.matches(&tags), *matches, "{tag} {operator} {value}");
                assert_eq!(filter.matches(&tags[..1]), *missing, "without the tag: {operator} {value}");
            }
        }
        let tried: std::collections::BTreeSet<_> = CASES.iter().map(|case| case.1).collect();
        assert_eq!(tried.len(), Operator::ALL.len(), "every operator is in the table");
    }

    #[test]
    fn a_filter_that_could_never_match_or_ignores_its_value_is_refused() {
        let read = |json| serde_json::from_value::<Filter>(json).map_err(|error| error.to_string());
        let refused = |json| read(json).unwrap_err();
        let unknown = refused(serde_json::json!({"key": "slug", "match": "eq", "value": "a"}));
        assert!(unknown.contains("no tag \"slug\"") && unknown.contains("`monitor.slug`"), "{unknown}");
        let operator = refused(serde_json::json!({"key": "monitor.slug", "match": "like", "value": "a"}));
        assert!(operator.contains("\"like\"") && operator.contains("`starts with` (sw)"), "{operator}");
        let empty = refused(serde_json::json!({"key": "monitor.slug", "match": "ne"}));
        assert_eq!(
            empty,
            "value: it is empty, so the filter `monitor.slug does not equal` never matches; write the value to compare with"
        );
        for compare in ["is", "is set", "ns"] {
            assert!(read(serde_json::json!({"key": "monitor.slug", "match": compare})).is_ok());
            let ignored =
                refused(serde_json::json!({"key": "monitor.slug", "match": compare, "value": "billing"}));
            assert!(
                ignored.starts_with("value: it is \"billing\", and `is") && ignored.contains("`equals`"),
                "{ignored}"
            );
        }
    }
}
