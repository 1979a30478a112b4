//! The monitors that a new silence selects, to tell whether there are any.

use serde_json::Value;

/// The filters of a silence: patterns in which `*` stands for any characters; `None` selects all.
pub(super) struct Selection<'a> {
    pub(super) slug: Option<&'a str>,
    pub(super) environment: Option<&'a str>,
    pub(super) owner: Option<&'a str>,
}

impl Selection<'_> {
    /// Returns whether a monitor of the API, or an environment of it, matches all filters.
    pub(super) fn matches(&self, monitor: &Value) -> bool {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let owner = &monitor["owner"];
        let owner = owner["id"].as_str().map(|id| format!("{}:{id}", text(&owner["type"])));
        let environments = monitor["environments"].as_array().into_iter().flatten();
        let mut names = environments.map(|environment| text(&environment["name"]));
        is_selected(self.slug, Some(&text(&monitor["slug"])))
            && is_selected(self.owner, owner.as_deref())
            && (self.environment.is_none() || names.any(|name| is_selected(self.environment, Some(&name))))
    }
}

/// Returns whether a text is selected by a pattern. Without a pattern each is, without a text none.
fn is_selected(pattern: Option<&str>, text: Option<&str>) -> bool {
    match (pattern, text) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(pattern), Some(text)) => matches_pattern(&pattern.to_lowercase(), &text.to_lowercase()),
    }
}

/// Returns whether a text is the pattern with some characters, or none, in place of each `*`.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(head) else { return false };
    let (parts, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in parts.split('*') {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("job", "job", true),
            ("job", "job-2", false),
            ("*", "", true),
            ("nightly-*", "nightly-backup", true),
            ("*-backup", "nightly-backup", true),
            ("n*y-*p", "nightly-backup", true),
            ("a*a", "a", false),
            ("*a*a*", "xaxax", true),
            ("*a*a*a*", "xaxax", false),
            ("NIGHTLY*", "nightly", true),
        ] {
            assert_eq!(is_selected(Some(pattern), Some(text)), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_monitor_is_selected_if_all_filters_match() {
        let monitor = json!({"slug": "job", "owner": {"type": "team", "id": "ops", "name": "ops"},
            "environments": [{"name": "production"}, {"name": "dev"}]});
        let all = Selection { slug: None, environment: None, owner: None };
        assert!(
            all.matches(&monitor) && all.matches(&json!({"slug": "new", "owner": null, "environments": []}))
        );
        for (slug, environment, owner, expected) in [
            ("job", None, None, true),
            ("j*", Some("d*"), Some("team:ops"), true),
            ("j*", Some("staging"), None, false),
            ("x*", None, None, false),
            ("*", None, Some("team:web"), false),
        ] {
            let selection = Selection { slug: Some(slug), environment, owner };
            assert_eq!(selection.matches(&monitor), expected, "{slug} {environment:?} {owner:?}");
        }
        let unowned = Selection { owner: Some("*"), ..all };
        assert!(!unowned.matches(&json!({"slug": "job", "owner": null})));
    }
}
