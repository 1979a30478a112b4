//! Escapes names of clients in texts that chat programs interpret, so that a name can neither mention people nor link.
//!
//! Of a webhook's message, chat programs show only the keys `text` and `title`. Slack reads mrkdwn (`<!channel>`, `<url|text>`, `@here`;
//! <https://api.slack.com/reference/surfaces/formatting>), Mattermost, Discord and Teams read Markdown (`@all`, `@everyone`,
//! `[text](url)`).

/// An invisible character that is not part of a name. Between two characters of a mention or a link, it ends the mention or link.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// The markup that a target reads in the texts of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Markup {
    /// No markup, and names are never mentions: e-mail, commands, `PagerDuty`.
    Verbatim,
    /// No markup; some programs still turn `@name` into a mention and `https://` into a link.
    Plain,
    /// `<…>` mentions and links, and cannot be escaped: Google Chat.
    Angles,
    /// Slack's, with `&`, `<` and `>` as entities; Mattermost and Rocket.Chat read Markdown in the same texts.
    Slack,
    /// Markdown, with backslashes before its own characters.
    Markdown,
}

impl Markup {
    /// Escapes one line of text: it stays one line, mentions nobody and links nowhere, and the target shows its characters as they are,
    /// apart from those that cannot be escaped.
    pub(super) fn escape(self, text: &str) -> String {
        if self == Self::Angles {
            return escape_chat(text);
        }
        let mut escaped = String::with_capacity(text.len());
        let mut rest = text.chars().peekable();
        while let Some(next) = rest.next() {
            match (self, next) {
                (Self::Slack, '&') => escaped.push_str("&amp;"),
                (Self::Slack, '<') => escaped.push_str("&lt;"),
                (Self::Slack, '>') => escaped.push_str("&gt;"),
                (Self::Slack, '`') => escaped.push('\''),
                (Self::Markdown, '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '<' | '>' | '|' | '#') => {
                    escaped.extend(['\\', next]);
                }
                _ if next.is_control() || is_format(next) => escaped.push(' '),
                _ => escaped.push(next),
            }
            if self != Self::Verbatim && breaks(next, rest.peek()) {
                escaped.push(ZERO_WIDTH_SPACE);
            }
        }
        escaped
    }

    /// Returns a line that links to an address of ours.
    pub(super) fn link(self, name: &str, address: &str) -> String {
        match self {
            // Teams shows addresses in cards as plain text.
            Self::Markdown => format!("[{name}]({address})"),
            Self::Verbatim | Self::Plain | Self::Angles | Self::Slack => format!("{name}: {address}"),
        }
    }
}

/// Escapes a text: it mentions nobody, links nowhere, and ends neither a quotation in backticks nor a line.
pub(super) fn escape_chat(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '`' | '<' | '>' => escaped.push('_'),
            _ if next.is_control() || is_format(next) => escaped.push(' '),
            _ => escaped.push(next),
        }
        if breaks(next, rest.peek()) {
            escaped.push(ZERO_WIDTH_SPACE);
        }
    }
    escaped
}

/// Whether a mention or a link is broken after this character: `@` begins a mention; `](`, `][` and `://` make a link.
fn breaks(character: char, following: Option<&char>) -> bool {
    match character {
        '@' | '\u{ff20}' | ']' => true,
        ':' => following == Some(&'/'),
        _ => false,
    }
}

/// Whether the character ends a line, or changes the direction of the characters after it.
fn is_format(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_mentions_nobody_and_links_nowhere() {
        for (name, expected) in [
            ("production", "production"),
            ("Straße 7 & Söhne, 50 %", "Straße 7 & Söhne, 50 %"),
            ("@channel", "@\u{200b}channel"),
            ("@everyone @here", "@\u{200b}everyone @\u{200b}here"),
            ("<!here>", "_!here_"),
            ("<@U012AB3CD>", "_@\u{200b}U012AB3CD_"),
            ("<https://x.example|prod>", "_https:\u{200b}//x.example|prod_"),
            ("[prod](https://x.example)", "[prod]\u{200b}(https:\u{200b}//x.example)"),
            ("a` @all `b", "a_ @\u{200b}all _b"),
            ("a\r\n\n@all", "a   @\u{200b}all"),
            ("a\u{202e}b", "a b"),
        ] {
            assert_eq!(escape_chat(name), expected);
        }
    }

    #[test]
    fn each_markup_has_its_own_characters() {
        let name = "<!channel> @everyone a&b `c` *d* https://x.example";
        for (markup, expected) in [
            (Markup::Verbatim, name),
            (Markup::Plain, "<!channel> @\u{200b}everyone a&b `c` *d* https:\u{200b}//x.example"),
            (Markup::Angles, "_!channel_ @\u{200b}everyone a&b _c_ *d* https:\u{200b}//x.example"),
            (Markup::Slack, "&lt;!channel&gt; @\u{200b}everyone a&amp;b 'c' *d* https:\u{200b}//x.example"),
            (
                Markup::Markdown,
                "\\<!channel\\> @\u{200b}everyone a&b \\`c\\` \\*d\\* https:\u{200b}//x.example",
            ),
        ] {
            assert_eq!(markup.escape(name), expected, "{markup:?}");
        }
    }

    proptest! {
        #[test]
        fn no_markup_lets_a_mention_or_a_link_through(name in "[@<>`!\\[\\]():/& a\n\r\\PC]{0,40}") {
            for markup in [Markup::Plain, Markup::Angles, Markup::Slack, Markup::Markdown] {
                let shown = markup.escape(&name);
                prop_assert!(!shown.contains(['\n', '\r']) && !shown.contains("://"), "{shown:?}");
                prop_assert!(!shown.contains("]("), "{shown:?}");
                prop_assert!(markup != Markup::Slack || !shown.contains(['<', '>']), "{shown:?}");
                for (at, _) in shown.match_indices('@') {
                    prop_assert!(shown[at + 1..].starts_with(ZERO_WIDTH_SPACE), "{shown:?}");
                }
            }
        }

        #[test]
        fn no_escaped_name_has_a_mention_or_a_link(name in "[@<>`!\\[\\]():/ a\n\r\\PC]{0,40}") {
            let shown = escape_chat(&name);
            prop_assert!(!shown.contains(['`', '<', '>', '\n', '\r']), "{shown:?}");
            prop_assert!(!shown.contains("](") && !shown.contains("][") && !shown.contains("://"), "{shown:?}");
            for (at, _) in shown.match_indices('@') {
                prop_assert!(shown[at + 1..].starts_with(ZERO_WIDTH_SPACE), "{shown:?}");
            }
        }
    }
}
