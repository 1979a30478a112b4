//! The lines of a message for people: a headline, then the facts. Chat programs, e-mail and commands show them.

use jiff::SignedDuration;

use super::digest_facts::DigestFacts;
use super::digest_text;
use super::escape::Markup;
use super::facts::{EventName, Member};
use super::lines::{fitting, length};
use super::payload::Message;
use super::words::{duration, failures, minute, run_time};

/// The name of the link to the page that acknowledges an incident or mutes its environment.
const ACKNOWLEDGE: &str = "Acknowledge or mute";
/// The number of jobs of a group that a headline names.
const MAX_NAMED: usize = 3;
/// The number of bytes of a job's note that a message repeats at most. The beginning names the error, the end is the newest output.
const MAX_NOTE: usize = 1_000;
/// The part of them that shows the beginning of a longer note.
const NOTE_HEAD: usize = 300;

/// Returns the first line: the job, its environment, since when it fails, and how many runs have failed.
pub(super) fn headline(message: &Message, markup: Markup) -> String {
    let [slug, environment] = [&message.monitor.slug, &message.environment].map(|name| markup.escape(name));
    let since = minute(message.incident.started_at);
    let failures = failures(message.incident.failures);
    if !message.members.is_empty() {
        let said = message.say(MAX_NAMED, |slug| markup.escape(slug));
        return format!("{}: {said}", state(message));
    }
    if let Some(digest) = &message.digest {
        return format!("DIGEST since {}: {}", minute(digest.since), digest_text::summary(digest));
    }
    match message.event {
        EventName::Opened | EventName::Failure | EventName::Reminder => {
            format!("{}: {slug} in {environment} since {since}: {failures}", state(message))
        }
        EventName::Broken => format!("BROKEN: {slug} in {environment} since {since}: {failures}"),
        EventName::Muted => format!("MUTED: {slug} in {environment}, failing since {since}: {failures}"),
        EventName::Resolved => {
            let lasted = message.incident.duration_s.map_or(SignedDuration::ZERO, SignedDuration::from_secs);
            format!(
                "{}: {slug} in {environment} after {} (since {since}): {failures}",
                state(message),
                duration(lasted)
            )
        }
        EventName::Test
        | EventName::Drill
        | EventName::Digest
        | EventName::TargetFailing
        | EventName::TargetRecovered => {
            markup.escape(message.plain.as_ref().map_or(&message.title, |plain| &plain.title))
        }
    }
}

/// Returns the word with which a headline begins.
fn state(message: &Message) -> &'static str {
    match message.event {
        EventName::Resolved => "RECOVERED",
        EventName::Reminder => "STILL FAILING",
        _ if message.escalated => "ESCALATED, FAILING",
        _ => "FAILING",
    }
}

/// Returns the lines below the headline, of at most `limit` bytes with `line_break` between them. The note gives way first; of a group, the
/// last members.
pub(super) fn details(message: &Message, markup: Markup, line_break: &str, limit: usize) -> String {
    if !message.members.is_empty() {
        return members(message, markup, line_break, limit);
    }
    if let Some(digest) = &message.digest {
        return digest_details(digest, message, markup, line_break, limit);
    }
    let (mut lines, addresses) = (facts(message, markup), links(message, markup));
    let taken = length(&lines, line_break) + length(&addresses, line_break);
    if let Some(note) = message.run.as_ref().and_then(|run| run.note.as_deref()) {
        lines.extend(note_lines(note, markup, line_break, limit.saturating_sub(taken)));
    }
    lines.extend(addresses);
    let mut text = lines.join(line_break);
    truncate(&mut text, limit);
    text
}

/// Shortens a text to at most so many bytes, at the end of a character.
pub(super) fn truncate(text: &mut String, limit: usize) {
    text.truncate(floor(text, limit));
}

/// Returns a line for each job of a group in each environment, as many as there is room for, then the number of the others and the address of the page that has
/// all. The lines have links that acknowledge if there is room for those of all jobs.
fn members(message: &Message, markup: Markup, line_break: &str, limit: usize) -> String {
    let jobs = message.newest_by_environment();
    let written =
        |with_links: bool| jobs.iter().map(move |job| member(job, markup, with_links)).collect::<Vec<_>>();
    let shown = |room: usize| {
        let with_links = written(true);
        let all_links_fit = length(&with_links, line_break) <= room;
        let lines = if all_links_fit { with_links } else { written(false) };
        fitting(&lines, jobs.len(), line_break, room)
    };
    above_address(message, markup, line_break, limit, shown)
}

/// Returns the sections of a digest, and the address of the page that has all monitors.
fn digest_details(
    digest: &DigestFacts,
    message: &Message,
    markup: Markup,
    line_break: &str,
    limit: usize,
) -> String {
    let shown = |room| digest_text::sections(digest, markup, line_break, room);
    above_address(message, markup, line_break, limit, shown)
}

/// Returns lines that know their room, and below them the address of the list of monitors.
fn above_address(
    message: &Message,
    markup: Markup,
    line_break: &str,
    limit: usize,
    lines: impl FnOnce(usize) -> Vec<String>,
) -> String {
    let address = message.links.as_ref().map(|links| markup.link("Monitors", &links.monitor));
    let taken = address.as_ref().map_or(0, |address| address.len() + line_break.len());
    let mut lines = lines(limit.saturating_sub(taken));
    lines.extend(address);
    let mut text = lines.join(line_break);
    truncate(&mut text, limit);
    text
}

/// Returns the line of one job of a group in one environment.
fn member(job: &Member, markup: Markup, with_link: bool) -> String {
    let [slug, environment] = [&job.monitor.slug, &job.environment].map(|name| markup.escape(name));
    let (since, failures) = (minute(job.incident.started_at), failures(job.incident.failures));
    let time = if job.event == EventName::Resolved {
        let lasted = job.incident.duration_s.map_or(SignedDuration::ZERO, SignedDuration::from_secs);
        format!("after {} (since {since})", duration(lasted))
    } else {
        format!("since {since}")
    };
    let page = job.links.as_ref().and_then(|links| links.acknowledge.as_ref()).filter(|_| with_link);
    let link = page.map(|page| format!(". {}", markup.link(ACKNOWLEDGE, page)));
    format!("{slug} in {environment} {time}: {failures}{}", link.unwrap_or_default())
}

/// Returns the facts that are known, one a line.
fn facts(message: &Message, markup: Markup) -> Vec<String> {
    if message.event.is_about_server() {
        // A message of an earlier version has the escaped words only.
        return vec![markup.escape(message.plain.as_ref().map_or(&message.text, |plain| &plain.text))];
    }
    let reason = message.reason.as_deref().map(|reason| format!("Reason: {}", markup.escape(reason)));
    let last_ok = message.last_ok.map_or_else(|| "never".to_owned(), minute);
    let run = message.run.as_ref();
    // A run that resolves an incident may have come long before it was expected.
    let expected = run.filter(|_| message.event != EventName::Resolved).and_then(|run| run.expected_at);
    let expected = expected.map(|at| format!("Expected: {}", minute(at)));
    let took = run.and_then(|run| run.duration_ms).map(|took| format!("Duration: {}", run_time(took)));
    let owner = message.monitor.owner.as_deref().map(|owner| format!("Owner: {}", markup.escape(owner)));
    let last_ok = format!("Last success: {last_ok}");
    [reason, Some(last_ok), expected, took, owner].into_iter().flatten().collect()
}

/// Returns the lines with addresses of pages; none if the server does not know its own address.
fn links(message: &Message, markup: Markup) -> Vec<String> {
    let Some(links) = &message.links else { return Vec::new() };
    let acknowledge = links.acknowledge.as_ref().map(|page| markup.link(ACKNOWLEDGE, page));
    let pages = [markup.link("Why", &links.why), markup.link("Monitor", &links.monitor)];
    acknowledge.into_iter().chain(pages).collect()
}

/// Returns a job's note below the line `Note:`. Each of its lines begins with `| `, so that none looks like a line of ours. No line if fewer
/// than 40 bytes are left for it.
fn note_lines(note: &str, markup: Markup, line_break: &str, room: usize) -> Vec<String> {
    let mut allowed = room.min(MAX_NOTE);
    loop {
        let mut lines = vec!["Note:".to_owned()];
        let shown = shorten(note.trim_end(), allowed);
        lines.extend(shown.lines().map(|line| format!("| {}", markup.escape(line))));
        let taken = length(&lines, line_break);
        if allowed < 40 {
            return Vec::new();
        }
        if taken <= room {
            return lines;
        }
        // Escapes and line breaks take room, too.
        allowed = allowed * 3 / 4;
    }
}

/// Returns the beginning and the end of a text, with `…` for the rest, in about so many bytes.
fn shorten(text: &str, allowed: usize) -> String {
    if text.len() <= allowed {
        return text.to_owned();
    }
    let head = floor(text, NOTE_HEAD.min(allowed / 3));
    let tail = text.len() - (allowed - allowed / 3).min(allowed.saturating_sub(head));
    let tail = (tail..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("{}\n…\n{}", &text[..head], &text[tail..])
}

/// Returns the last end of a character that is not behind `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::alerts::ResponseKeys;
    use crate::alerts::page_links::PageLinks;
    use crate::alerts::payload::tests::event;
    use crate::domain::IncidentEventKind;

    fn message(kind: IncidentEventKind, note: Option<&str>) -> Message {
        let mut event = event(kind);
        if let Some(run) = &mut event.run {
            run.note = note.map(Into::into);
        }
        let public_url = &"https://crons.example".parse().unwrap();
        let keys = Some(&ResponseKeys::new("secret"));
        Message::new(&event, Uuid::nil(), Some(PageLinks { public_url, keys }))
    }

    #[test]
    fn a_message_has_its_facts_in_order_and_ends_with_links() {
        let message = message(IncidentEventKind::Failure, Some("disk full\nRECOVERED: nothing\n"));
        assert_eq!(
            headline(&message, Markup::Plain),
            "FAILING: nightly-backup in production since 2024-06-03 10:00 UTC: 3 runs missed, 1 timed out, 2 failed"
        );
        assert_eq!(
            details(&message, Markup::Plain, "\n", 4_000).replace(message.link_keys().next().unwrap(), "KEY"),
            "Reason: 2 missed check-ins detected\n\
             Last success: 2024-06-03 09:00 UTC\n\
             Expected: 2024-06-03 12:00 UTC\n\
             Owner: team:ops\n\
             Note:\n\
             | disk full\n\
             | RECOVERED: nothing\n\
             Acknowledge or mute: https://crons.example/incidents/02020202020202020202020202020202/respond?key=KEY\n\
             Why: https://crons.example/why/04040404040404040404040404040404\n\
             Monitor: https://crons.example/monitors/nightly-backup"
        );
    }

    #[test]
    fn a_recovery_tells_its_length_and_no_reason() {
        let message = message(IncidentEventKind::Resolved, None);
        assert!(headline(&message, Markup::Plain).starts_with(
            "RECOVERED: nightly-backup in production after 2 h 5 min (since 2024-06-03 10:00 UTC): 3 runs missed"
        ));
        let details = details(&message, Markup::Markdown, "\n\n", 4_000);
        assert!(
            details.starts_with("Last success: ") && details.contains("\n\nDuration: 4 s\n\n"),
            "{details}"
        );
        assert!(details.contains("\n\n[Why](https://crons.example/why/0202"), "{details}");
    }

    #[test]
    fn a_long_note_keeps_its_beginning_and_its_end_and_every_link() {
        let note = format!("first error{}last line", "\nmore and more output".repeat(500));
        let shown = details(&message(IncidentEventKind::Opened, Some(&note)), Markup::Markdown, "\n", 1_000);
        assert!(shown.len() <= 1_000);
        for part in
            ["| first error", "| …", "last line\n", "[Monitor](https://crons.example/monitors/nightly"]
        {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }

    proptest! {
        #[test]
        fn no_note_makes_a_message_longer_than_allowed(note in "[<&é\\n@]{0,3000}", limit in 450_usize..2_000) {
            for markup in [Markup::Plain, Markup::Slack, Markup::Markdown] {
                let shown = details(&message(IncidentEventKind::Opened, Some(&note)), markup, "\n\n", limit);
                prop_assert!(shown.len() <= limit);
                prop_assert!(shown.ends_with("/monitors/nightly-backup") || shown.ends_with("nightly-backup)"), "{shown}");
            }
        }
    }
}
