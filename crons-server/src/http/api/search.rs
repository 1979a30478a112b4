//! The search of the list of monitors: words, and `key:value`, with quotes around text with blanks.

use uuid::Uuid;

use crate::domain::EnvironmentStatus;
use crate::http::error::HttpError;
use crate::quote::quoted;
use crate::store::MonitorSummary;

const KEYS: &str = "id, slug, name, status, owner and environment";
const STATUSES: &str = "active, disabled, ok or error";

/// A condition of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    /// The name or the slug contains this text; upper and lower case are alike.
    Text(String),
    Id(Uuid),
    Slug(String),
    Name(String),
    Owner(Option<String>),
    Environment(String),
    Enabled(bool),
    /// The status of an environment, at least one of the monitor's.
    Status(EnvironmentStatus),
}

impl Term {
    /// Returns whether the condition holds for a monitor.
    pub(super) fn takes(&self, monitor: &MonitorSummary) -> bool {
        let contains = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        match self {
            Self::Text(part) => contains(&monitor.name, part) || contains(&monitor.slug, part),
            Self::Id(id) => monitor.id == *id,
            Self::Slug(slug) => monitor.slug == *slug,
            Self::Name(name) => monitor.name.to_lowercase() == name.to_lowercase(),
            Self::Owner(owner) => monitor.owner == *owner,
            Self::Environment(name) => monitor.environments.iter().any(|row| row.name == *name),
            Self::Enabled(enabled) => monitor.enabled == *enabled,
            Self::Status(status) => monitor.environments.iter().any(|row| row.status == *status),
        }
    }
}

/// Reads a search.
///
/// # Errors
/// If a key does not exist, does not allow its value, or a quote is not closed.
pub(super) fn terms(search: &str) -> Result<Vec<Term>, HttpError> {
    words(search)?.into_iter().map(term).collect()
}

/// A word of a search: the text before its first colon outside of quotes, and the rest.
#[derive(Debug, Default)]
struct Word {
    key: Option<String>,
    text: String,
}

fn words(search: &str) -> Result<Vec<Word>, HttpError> {
    let (mut words, mut word, mut quoted, mut any) = (Vec::new(), Word::default(), false, false);
    for c in search.chars() {
        match c {
            '"' => (quoted, any) = (!quoted, true),
            ':' if !quoted && word.key.is_none() && any => word.key = Some(std::mem::take(&mut word.text)),
            c if c.is_whitespace() && !quoted => {
                if any {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => {
                word.text.push(c);
                any = true;
            }
        }
    }
    if quoted {
        return Err(HttpError::bad_request("query: a quote is not closed; write a second `\"`"));
    }
    if any {
        words.push(word);
    }
    Ok(words)
}

fn term(Word { key, text }: Word) -> Result<Term, HttpError> {
    let refused = |key: &str, allowed: &str| {
        HttpError::bad_request(format!("query: {} is no value of `{key}`; write {allowed}", quoted(&text)))
    };
    let Some(key) = key else { return Ok(Term::Text(text)) };
    match key.as_str() {
        "id" => text.parse().map(Term::Id).map_err(|_| refused("id", "the id of a monitor")),
        "slug" => Ok(Term::Slug(text)),
        "name" => Ok(Term::Name(text)),
        "owner" if text == "unassigned" => Ok(Term::Owner(None)),
        "owner" => Ok(Term::Owner(Some(text))),
        "environment" => Ok(Term::Environment(text)),
        "status" => match text.as_str() {
            "active" => Ok(Term::Enabled(true)),
            "disabled" => Ok(Term::Enabled(false)),
            "ok" => Ok(Term::Status(EnvironmentStatus::Ok)),
            "error" => Ok(Term::Status(EnvironmentStatus::Error)),
            _ => Err(refused("status", STATUSES)),
        },
        key => Err(HttpError::bad_request(format!(
            "query: there is no key {}; allowed are {KEYS}; put text with a colon in quotes",
            quoted(key)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_read_word_by_word() {
        let text = |text: &str| Term::Text(text.to_owned());
        for (search, expected) in [
            ("", Some(vec![])),
            ("  ", Some(vec![])),
            ("night", Some(vec![text("night")])),
            ("a  b", Some(vec![text("a"), text("b")])),
            ("\"a b\"", Some(vec![text("a b")])),
            ("\"a:b\"", Some(vec![text("a:b")])),
            (":a", Some(vec![text(":a")])),
            ("name:\"A b\" c", Some(vec![Term::Name("A b".to_owned()), text("c")])),
            ("slug:a:b", Some(vec![Term::Slug("a:b".to_owned())])),
            ("owner:team:ops", Some(vec![Term::Owner(Some("team:ops".to_owned()))])),
            ("owner:unassigned", Some(vec![Term::Owner(None)])),
            ("environment:dev", Some(vec![Term::Environment("dev".to_owned())])),
            ("status:disabled", Some(vec![Term::Enabled(false)])),
            ("status:error", Some(vec![Term::Status(EnvironmentStatus::Error)])),
            ("status:broken", None),
            ("id:7", None),
            ("colour:red", None),
            ("\"a", None),
        ] {
            assert_eq!(terms(search).ok(), expected, "{search}");
        }
    }
}
