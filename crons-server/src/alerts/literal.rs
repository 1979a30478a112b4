//! Names in texts that chat programs interpret: made harmless for each of their formats.
//!
//! Of the keys of a message only `text` and `title` are interpreted, by receivers that show them: Slack and its like read mrkdwn
//! (`<!channel>`, `<url|text>`, `@here`), Mattermost, Discord and Teams read Markdown (`@all`, `@everyone`, `[text](url)`).

/// Invisible, and no part of a name: what stands on both sides of it is no mention and no link any more.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// The text without anything that calls people, links, or ends a quotation in backticks or a line.
pub(super) fn literal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '`' | '<' | '>' => shown.push('_'),
            _ if next.is_control() || is_format(next) => shown.push(' '),
            _ => shown.push(next),
        }
        // Before `(` and `[` a bracket makes a link, before `//` a colon does.
        let breaks = match next {
            '@' | '\u{ff20}' | ']' => true,
            ':' => rest.peek() == Some(&'/'),
            _ => false,
        };
        if breaks {
            shown.push(ZERO_WIDTH_SPACE);
        }
    }
    shown
}

/// Whether the character ends a line or turns the direction of what comes after it.
fn is_format(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_calls_nobody_and_links_nowhere_in_any_format() {
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
            assert_eq!(literal(name), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_interpreted_is_left(name in "[@<>`!\\[\\]():/ a\n\r\\PC]{0,40}") {
            let shown = literal(&name);
            prop_assert!(!shown.contains(['`', '<', '>', '\n', '\r']), "{shown:?}");
            prop_assert!(!shown.contains("](") && !shown.contains("][") && !shown.contains("://"), "{shown:?}");
            for (at, _) in shown.match_indices('@') {
                prop_assert!(shown[at + 1..].starts_with(ZERO_WIDTH_SPACE), "{shown:?}");
            }
        }
    }
}
