//! Escapes names of clients in texts that chat programs interpret, so that a name can neither mention people nor link.
//!
//! Chat programs show only the keys `text` and `title` of a message. Slack reads mrkdwn (`<!channel>`, `<url|text>`, `@here`;
//! <https://api.slack.com/reference/surfaces/formatting>), Mattermost, Discord and Teams read Markdown (`@all`, `@everyone`,
//! `[text](url)`).

/// An invisible character that is not part of a name. Between two characters of a mention or a link, it ends the mention or link.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

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
        // `](` and `][` make a link, as does `://`.
        let breaks = match next {
            '@' | '\u{ff20}' | ']' => true,
            ':' => rest.peek() == Some(&'/'),
            _ => false,
        };
        if breaks {
            escaped.push(ZERO_WIDTH_SPACE);
        }
    }
    escaped
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

    proptest! {
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
