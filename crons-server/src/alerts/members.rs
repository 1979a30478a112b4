//! The message that stands for several: its members, and what it says of all of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::escape::escape_chat;
use super::facts::{EventName, Links, Member};
use super::payload::Message;
use super::words::{minute, thousands};
use crate::domain::Failures;

/// The number of jobs that a sentence names.
const MAX_NAMED: usize = 10;

impl From<Message> for Member {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            event: message.event,
            at: message.at,
            fingerprint: message.fingerprint,
            monitor: message.monitor,
            environment: message.environment,
            incident: message.incident,
            check_in_id: message.check_in_id,
            reason: message.reason,
            last_ok: message.last_ok,
            links: message.links,
        }
    }
}

impl Message {
    /// Returns the message that stands for `first` and `others`, with an id of its own. The keys that describe one run are null, and the others
    /// those of the first.
    pub(super) fn group(first: Self, others: Vec<Self>, id: Uuid) -> Self {
        let mut tags = first.tags.clone();
        for other in &others {
            tags.retain(|key, value| other.tags.get(key) == Some(value));
        }
        let monitors = first.links.as_ref().and_then(|links| links.monitor.rsplit_once("/monitors/"));
        let monitors = monitors.map(|(base, _)| format!("{base}/"));
        let mut group = Self {
            id,
            event: first.event,
            at: others.iter().map(|other| other.at).fold(first.at, Timestamp::max),
            title: String::new(),
            text: String::new(),
            reason: None,
            level: Cow::Borrowed("error"),
            fingerprint: format!("crons:group:{id}"),
            tags,
            monitor: first.monitor.clone(),
            environment: first.environment.clone(),
            incident: first.incident.clone(),
            check_in_id: first.check_in_id,
            run: None,
            last_ok: None,
            escalated: first.escalated,
            links: monitors.map(|page| Links { why: page.clone(), monitor: page, acknowledge: None }),
            plain: None,
            members: std::iter::once(first).chain(others).map(Member::from).collect(),
            digest: None,
        };
        let said = group.say(MAX_NAMED, |slug| format!("`{}`", escape_chat(slug)));
        group.title = format!("Cron failure: {}", jobs(jobs_of(&group.newest_by_environment()).len()));
        group.text = format!("{said}.");
        group
    }

    /// Returns the newest member of each job in each environment, in the order of their first members.
    pub(super) fn newest_by_environment(&self) -> Vec<&Member> {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut newest: Vec<&Member> = Vec::new();
        for member in &self.members {
            if let Some(place) = places.get(member.fingerprint.as_str()) {
                newest[*place] = member;
            } else {
                places.insert(&member.fingerprint, newest.len());
                newest.push(member);
            }
        }
        newest
    }

    /// Returns what has happened to all members: `14 jobs missed since 2024-06-03 03:00 UTC: a, b (2 environments), c and 11 more`, with at
    /// most `most` slugs, each as `written` returns it.
    pub(super) fn say(&self, most: usize, written: impl Fn(&str) -> String) -> String {
        let members = self.newest_by_environment();
        let all = jobs_of(&members);
        let name = |(slug, environments): &(&str, usize)| match environments {
            1 => written(slug),
            several => format!("{} ({} environments)", written(slug), thousands(*several)),
        };
        let mut names: Vec<String> = all.iter().take(most).map(name).collect();
        if all.len() > names.len() {
            let last = names.pop().unwrap_or_default();
            names.push(format!("{last} and {} more", thousands(all.len() - most)));
        }
        let (count, names) = (jobs(all.len()), names.join(", "));
        if self.event == EventName::Resolved {
            return format!("{count} recovered: {names}");
        }
        let since = members.iter().map(|member| member.incident.started_at).min().unwrap_or(self.at);
        format!("{count} {} since {}: {names}", state(&members), minute(since))
    }
}

/// Returns the slug of each job with the number of its environments that have members, in the order of their first members.
fn jobs_of<'a>(newest: &[&'a Member]) -> Vec<(&'a str, usize)> {
    let mut places: BTreeMap<Uuid, usize> = BTreeMap::new();
    let mut jobs: Vec<(&str, usize)> = Vec::new();
    for member in newest {
        let place = *places.entry(member.monitor.id).or_insert(jobs.len());
        match jobs.get_mut(place) {
            Some((_, environments)) => *environments += 1,
            None => jobs.push((&member.monitor.slug, 1)),
        }
    }
    jobs
}

/// Returns the word for what has happened to all jobs; `failing` if it is not the same for all.
fn state(members: &[&Member]) -> &'static str {
    let all = |of: fn(Failures) -> bool| members.iter().all(|member| of(member.incident.failures));
    if all(|failures| failures.error + failures.timeout == 0) {
        "missed"
    } else if all(|failures| failures.error + failures.missed == 0) {
        "timed out"
    } else if all(|failures| failures.missed + failures.timeout == 0) {
        "failed"
    } else {
        "failing"
    }
}

fn jobs(count: usize) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{} jobs", thousands(count)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::ResponseKeys;
    use crate::alerts::escape::Markup;
    use crate::alerts::page_links::PageLinks;
    use crate::alerts::payload::tests::event;
    use crate::alerts::text::{details, headline};
    use crate::domain::IncidentEventKind;

    fn group(count: u128, kind: IncidentEventKind) -> Message {
        let public_url = &"https://crons.example/base".parse().unwrap();
        let keys = &ResponseKeys::new("secret");
        let mut messages = (0..count).map(|number| {
            let mut event = event(kind);
            event.monitor.slug = crons_types::Slug::parse(&format!("job-{number}")).unwrap();
            event.monitor.guid = Uuid::from_u128(number);
            event.incident.failures = Failures { error: 0, missed: 2, timeout: 0 };
            Message::new(&event, Uuid::from_u128(number), Some(PageLinks { public_url, keys: Some(keys) }))
        });
        let first = messages.next().unwrap();
        Message::group(first, messages.collect(), Uuid::nil())
    }

    #[test]
    fn a_group_says_how_many_since_when_and_names_some() {
        let message = group(14, IncidentEventKind::Opened);
        assert_eq!(
            headline(&message, Markup::Plain),
            "FAILING: 14 jobs missed since 2024-06-03 10:00 UTC: job-0, job-1, job-2 and 11 more"
        );
        assert!(message.text.ends_with(", `job-9` and 4 more."), "{}", message.text);
        assert_eq!(message.title, "Cron failure: 14 jobs");
        let shown = details(&message, Markup::Plain, "\n", 4_000);
        assert!(
            shown.starts_with("job-0 in production since 2024-06-03 10:00 UTC: 2 runs missed. Acknowledge or mute: https://crons.example/base/incidents/"),
            "{shown}"
        );
        let without = details(&message, Markup::Plain, "\n", 2_000);
        assert!(
            without.starts_with("job-0 in production since 2024-06-03 10:00 UTC: 2 runs missed\njob-1 "),
            "all jobs come before links: {without}"
        );
        assert_eq!(without.lines().count(), 15);
        assert!(shown.ends_with("\nMonitors: https://crons.example/base/"), "{shown}");
        assert_eq!(shown.lines().count(), 15);
        assert_eq!(message.links.as_ref().unwrap().acknowledge, None, "each member has its own");
        assert_eq!(message.link_keys().count(), 14);
        let keys: Vec<_> = message.tags.keys().map(AsRef::as_ref).collect();
        assert_eq!(keys, ["environment", "monitor.incident"], "those that all members share");
    }

    #[test]
    fn a_list_that_is_too_long_ends_in_a_number_and_the_link() {
        let message = group(1_500, IncidentEventKind::Resolved);
        assert_eq!(
            headline(&message, Markup::Plain),
            "RECOVERED: 1,500 jobs recovered: job-0, job-1, job-2 and 1,497 more"
        );
        for limit in [200, 1_000, 4_000] {
            let shown = details(&message, Markup::Markdown, "\n\n", limit);
            assert!(shown.len() <= limit, "{limit}: {}", shown.len());
            let lines: Vec<_> = shown.split("\n\n").collect();
            let [members @ .., more, link] = &lines[..] else { panic!("{shown}") };
            assert_eq!(*more, format!("and {} more", thousands(1_500 - members.len())), "{limit}");
            assert_eq!(*link, "[Monitors](https://crons.example/base/)");
        }
    }

    #[test]
    fn a_job_that_fails_in_two_environments_is_one_job_and_two_lines() {
        let places =
            [(0, "production"), (1, "production"), (2, "production"), (3, "dev"), (4, "dev"), (0, "staging")];
        let mut messages = places.iter().map(|(number, environment)| {
            let mut event = event(IncidentEventKind::Opened);
            event.monitor.slug = crons_types::Slug::parse(&format!("job-{number}")).unwrap();
            event.monitor.guid = Uuid::from_u128(*number);
            event.environment.name = (*environment).to_owned();
            Message::new(&event, Uuid::nil(), None)
        });
        let first = messages.next().unwrap();
        let message = Message::group(first, messages.collect(), Uuid::nil());
        assert_eq!(message.title, "Cron failure: 5 jobs");
        assert_eq!(
            headline(&message, Markup::Plain),
            "FAILING: 5 jobs failing since 2024-06-03 10:00 UTC: job-0 (2 environments), job-1, job-2 and 2 more"
        );
        let shown = details(&message, Markup::Plain, "\n", 4_000);
        assert_eq!(shown.lines().count(), 6, "{shown}");
        assert!(shown.contains("\njob-0 in staging since "), "{shown}");
    }

    #[test]
    fn the_line_of_a_job_that_has_recovered_tells_how_long_it_failed() {
        let shown = details(&group(5, IncidentEventKind::Resolved), Markup::Plain, "\n", 4_000);
        assert!(
            shown.starts_with(
                "job-0 in production after 2 h 5 min (since 2024-06-03 10:00 UTC): 2 runs missed\njob-1 "
            ),
            "{shown}"
        );
    }

    #[test]
    fn several_events_of_one_job_are_one_line_and_all_members() {
        let mut first = event(IncidentEventKind::Opened);
        first.incident.failures = Failures { error: 1, missed: 0, timeout: 0 };
        let mut second = event(IncidentEventKind::Failure);
        second.incident.failures = Failures { error: 2, missed: 0, timeout: 0 };
        let [first, second] = [(first, 1), (second, 2)]
            .map(|(event, number)| Message::new(&event, Uuid::from_u128(number), None));
        let last_ok = second.last_ok;
        let message = Message::group(first, vec![second], Uuid::nil());
        let sent = serde_json::to_value(&message).unwrap();
        assert!(
            [&sent["reason"], &sent["run"], &sent["last_ok"]].iter().all(|value| value.is_null()),
            "{sent}"
        );
        let member = &sent["members"][1];
        assert_eq!(member["reason"], "2 missed check-ins detected");
        assert_eq!(member["last_ok"], last_ok.unwrap().to_string());
        assert_eq!(message.members.len(), 2);
        let shown = details(&message, Markup::Plain, "\n", 4_000);
        assert_eq!(shown, "nightly-backup in production since 2024-06-03 10:00 UTC: 2 runs failed");
        assert!(headline(&message, Markup::Plain).starts_with("FAILING: 1 job failed since"));
        assert_eq!([999, 1_000, 1_234_567].map(thousands), ["999", "1,000", "1,234,567"]);
    }
}
