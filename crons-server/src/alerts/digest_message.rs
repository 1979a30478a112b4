//! The messages of a digest: one for each target that the table `[digest]` names, whatever the rules are.

use jiff::Timestamp;
use uuid::Uuid;

use super::digest_facts::DigestFacts;
use super::digest_text::summary;
use super::escape::escape_chat;
use super::facts::{EventName, Links, Words};
use super::group::id_of;
use super::payload::{Alert, Message, ServerNotice};
use super::rules::Alerts;
use super::words::{minute, thousands};
use crate::domain::NewId;

/// The number of jobs that the sentence names of each section.
const MAX_NAMED: usize = 5;

impl Alerts {
    /// Creates the messages of the digest `id`, one for each of its targets; none without the table `[digest]`.
    ///
    /// # Errors
    /// If a message cannot be written as JSON.
    pub(crate) fn digest_messages(
        &self,
        facts: &DigestFacts,
        id: Uuid,
        at: Timestamp,
        new_id: NewId<'_>,
    ) -> serde_json::Result<Vec<Alert>> {
        let mut names: Vec<&str> = Vec::new();
        for name in self.digest().iter().flat_map(|digest| digest.to()) {
            // A target that is written twice gets one message.
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        let words = |named: fn(&str) -> String| Words {
            title: format!("Cron digest: {}", summary(facts)),
            text: sentence(facts, named),
        };
        let message = |message_id| {
            let mut message = Message::about_server(ServerNotice {
                id: message_id,
                event: EventName::Digest,
                at,
                incident: id,
                started_at: facts.since,
                subject: "digest",
                chat: words(|slug| format!("`{}`", escape_chat(slug))),
                plain: words(str::to_owned),
                fingerprint: "crons:digest".to_owned(),
            });
            message.links = self.public_url().map(|url| Links {
                why: url.list(),
                monitor: url.list(),
                acknowledge: None,
            });
            message.digest = Some(Box::new(facts.clone()));
            message
        };
        names.into_iter().map(|target| Alert::about_server(&message(new_id()), target)).collect()
    }
}

/// Returns the id of the digest that was due at `time` in the database that has had digests from `enabled_at` on. A second server that
/// shares the database makes the same one, and the database keeps one message of each event and target.
pub(crate) fn digest_id(enabled_at: Timestamp, time: Timestamp) -> Uuid {
    let part = |instant: Timestamp| Uuid::from_u128(instant.as_microsecond().unsigned_abs().into());
    id_of(&[part(enabled_at), part(time)])
}

/// Returns the sentence for people, which names some jobs of each section in the words of `written`.
fn sentence(facts: &DigestFacts, written: fn(&str) -> String) -> String {
    let DigestFacts { since, failed, slow, never_ran, muted, .. } = facts;
    let quiet = muted
        .by_reason()
        .into_iter()
        .map(|(word, count, jobs)| named(word, count, jobs.into_iter().map(|job| written(&job.slug))));
    let sections = [
        named("failed", failed.count, failed.jobs.iter().map(|job| written(&job.slug))),
        named("slow", slow.count, slow.jobs.iter().map(|job| written(&job.slug))),
        named("never ran", never_ran.count, never_ran.jobs.iter().map(|job| written(&job.slug))),
    ];
    let sections: Vec<_> = sections.into_iter().chain(quiet).flatten().collect();
    let what = if sections.is_empty() { summary(facts) } else { sections.join("; ") };
    format!("Since {}: {what}.", minute(*since))
}

/// Returns the part of the sentence about a section: `2 failed (a, b)`; `None` if it has no jobs.
fn named(word: &str, count: usize, slugs: impl Iterator<Item = String>) -> Option<String> {
    let mut names: Vec<String> = slugs.take(MAX_NAMED).collect();
    if count > names.len() {
        names.push(format!("and {} more", thousands(count - names.len())));
    }
    (count > 0).then(|| format!("{} {word} ({})", thousands(count), names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::digest_facts::tests::{facts, nothing};
    use crate::alerts::escape::Markup;
    use crate::alerts::text::{details, headline};

    /// The message of a digest, as it is stored for its target.
    fn message(facts: &DigestFacts) -> Message {
        let tables = serde_json::json!({
            "webhook": {"ops": {"url": "http://127.0.0.1:1/"}},
            "digest": {"at": "08:00", "to": ["ops", "ops"]},
        });
        let mut alerts: Alerts = serde_json::from_value(tables).unwrap();
        alerts.link_to(Some("https://crons.example/base".parse().unwrap()));
        let made = alerts.digest_messages(facts, Uuid::nil(), facts.until, &mut Uuid::new_v4).unwrap();
        let [Alert { target, event: "digest", group_until: None, body, .. }] = &made[..] else {
            panic!("{made:?}")
        };
        assert_eq!(target, "ops");
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn the_message_has_the_facts_a_sentence_and_a_link() {
        let stored = message(&facts(7));
        assert_eq!(stored.digest.as_deref(), Some(&facts(7)));
        assert_eq!(stored.title, "Cron digest: 7 failed, 1 slow, 1 never ran, 1 silenced");
        assert_eq!(
            stored.text,
            "Since 2024-06-02 08:00 UTC: 7 failed (`job-0`, `job-1`, `job-2`, `job-3`, `job-4`, and 2 more); 1 slow (`a-job`); \
             1 never ran (`a-job`); 1 silenced (`a-job`)."
        );
        assert_eq!(
            headline(&stored, Markup::Verbatim),
            "DIGEST since 2024-06-02 08:00 UTC: 7 failed, 1 slow, 1 never ran, 1 silenced"
        );
        let shown = details(&stored, Markup::Plain, "\n", 4_000);
        assert!(shown.starts_with("Failed (7):\njob-0 in production: "), "{shown}");
        assert!(shown.ends_with("\nMonitors: https://crons.example/base/"), "{shown}");
        let tight = details(&message(&facts(1_000)), Markup::Markdown, "\n\n", 1_000);
        assert!(
            tight.len() <= 1_000 && tight.ends_with("\n\n[Monitors](https://crons.example/base/)"),
            "{tight}"
        );
    }

    #[test]
    fn a_day_on_which_all_went_well_is_one_line() {
        let stored = message(&nothing(12));
        assert_eq!(stored.text, "Since 2024-06-02 08:00 UTC: all 12 jobs ran as expected.");
        let told = headline(&stored, Markup::Plain);
        assert_eq!(told, "DIGEST since 2024-06-02 08:00 UTC: all 12 jobs ran as expected");
        assert_eq!(details(&stored, Markup::Plain, "\n", 4_000), "Monitors: https://crons.example/base/");
    }

    #[test]
    fn a_digest_of_thousands_stays_below_a_megabyte() {
        assert!(serde_json::to_string(&message(&facts(10_000))).unwrap().len() < 100_000);
    }

    #[test]
    fn each_digest_of_a_database_has_one_id() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(digest_id(at(1), at(2)), digest_id(at(1), at(2)));
        assert_ne!(digest_id(at(1), at(2)), digest_id(at(1), at(3)));
        assert_ne!(digest_id(at(1), at(2)), digest_id(at(2), at(2)));
    }
}
