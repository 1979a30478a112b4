//! The line about payloads of the last day that were refused, with the reasons and what to do.

use std::collections::BTreeMap;

use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

use crate::http::pages::words;
use crate::store::RefusedView;

/// The most refused payloads that a page reads.
pub(super) const MAX_READ: u32 = 500;
/// The reasons that the line lists. If there are more, it says how many.
const LISTED: usize = 20;

/// Payloads that were refused for one reason and are of one slug.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group<'a> {
    slug: Option<String>,
    /// Whether a monitor of this slug exists.
    is_known: bool,
    reason: &'a str,
    count: usize,
    last: Timestamp,
}

/// The line; nothing if nothing was refused. `refused` has the last received first.
pub(super) fn line(refused: &[RefusedView], now: Timestamp) -> Markup {
    let groups = groups(refused);
    let unknown = groups.iter().filter(|group| !group.is_known).filter_map(|group| group.slug.as_ref());
    let unknown = unknown.collect::<std::collections::BTreeSet<_>>().len();
    html! {
        @if !groups.is_empty() {
            details.refused open[groups.len() <= 3] {
                summary {
                    b {
                        @if refused.len() == MAX_READ as usize { "The newest " }
                        (count(refused.len(), "payload", "payloads")) " of the last day refused"
                    }
                    @if unknown > 0 { ", of " (count(unknown, "slug", "slugs")) " without a monitor" }
                }
                ul {
                    @for group in groups.iter().take(LISTED) {
                        li {
                            @match (&group.slug, group.is_known) {
                                (Some(slug), true) => a href={ "/monitors/" (slug) } { (slug) },
                                (Some(slug), false) => { code { (slug) } " (no monitor)" },
                                (None, _) => "without a slug",
                            }
                            ", " (count(group.count, "time", "times")) ", last " (words::relative(group.last, now)) ": "
                            span.detail { (group.reason) }
                        }
                    }
                    @if groups.len() > LISTED { li { "and " (groups.len() - LISTED) " more" } }
                }
            }
        }
    }
}

/// The last received group first.
fn groups(refused: &[RefusedView]) -> Vec<Group<'_>> {
    let mut places: BTreeMap<(Option<String>, &str), usize> = BTreeMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for view in refused {
        let is_known = view.monitor_slug.is_some();
        let slug = view.monitor_slug.clone().or_else(|| written_slug(&view.payload));
        // The last reason is the one that the check-in was refused for.
        let reason = view.errors.last().map_or("no reason was stored", |error| error.message.as_str());
        let place = *places.entry((slug.clone(), reason)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.count += 1,
            None => groups.push(Group { slug, is_known, reason, count: 1, last: view.received }),
        }
    }
    groups
}

/// The slug in a payload; of a long one only its beginning is stored, which is no JSON.
fn written_slug(payload: &str) -> Option<String> {
    let payload: Value = serde_json::from_str(payload).ok()?;
    let slug = payload.get("monitor_slug")?.as_str()?;
    Some(slug.chars().take(80).collect())
}

fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ErrorView;

    fn refused(slug: Option<&str>, payload: &str, second: i64, reasons: &[&str]) -> RefusedView {
        let error = |message: &&str| ErrorView { name: String::new(), message: (*message).to_owned() };
        RefusedView {
            monitor_slug: slug.map(str::to_owned),
            received: Timestamp::from_second(second).unwrap(),
            payload: payload.to_owned(),
            errors: reasons.iter().map(error).collect(),
        }
    }

    #[test]
    fn payloads_are_counted_by_slug_and_reason() {
        let nobody = r#"{"monitor_slug":"nobody"}"#;
        let rows = [
            refused(None, nobody, 9, &["not found"]),
            refused(Some("job"), "{}", 8, &["start refused", "finished"]),
            refused(None, r#"{"monitor_slug":"nob"#, 7, &["cut"]),
            refused(None, nobody, 6, &["not found"]),
            refused(None, nobody, 5, &["other"]),
        ];
        let found = groups(&rows);
        let found: Vec<_> = found
            .iter()
            .map(|group| {
                (group.slug.as_deref(), group.is_known, group.reason, group.count, group.last.as_second())
            })
            .collect();
        assert_eq!(
            found,
            [
                (Some("nobody"), false, "not found", 2, 9),
                (Some("job"), true, "finished", 1, 8),
                (None, false, "cut", 1, 7),
                (Some("nobody"), false, "other", 1, 5),
            ]
        );
    }

    #[test]
    fn names_of_clients_are_text_in_the_line() {
        let payload = r#"{"monitor_slug":"<script>alert(1)</script>"}"#;
        let rows = [refused(None, payload, 9, &["<b>no</b>"])];
        let html = line(&rows, Timestamp::from_second(10).unwrap()).into_string();
        assert!(html.contains("&lt;script&gt;") && html.contains("&lt;b&gt;no"), "{html}");
        assert!(!html.contains("<script>") && !html.contains("<b>no"), "{html}");
        assert!(html.contains("<b>1 payload of the last day refused</b>"), "{html}");
        let most: Vec<_> = (0..MAX_READ).map(|_| rows[0].clone()).collect();
        let html = line(&most, Timestamp::from_second(10).unwrap()).into_string();
        assert!(html.contains("<b>The newest 500 payloads of the last day refused</b>"), "{html}");
        assert_eq!(line(&[], Timestamp::UNIX_EPOCH).into_string(), "");
    }
}
