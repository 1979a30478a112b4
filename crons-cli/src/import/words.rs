//! The words of a shell command, as far as they must be known to wrap it: which operators stand outside of quotes, and which program
//! runs.

/// A part of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word without its quotes. Expansions such as `$HOME` are left as they are.
    Word(String),
    /// A redirection such as `>`, `2>&1` or `<`, without its target.
    Redirection,
    /// `;`, `&`, `&&`, `||`, `|`, `(`, `)` or the end of a line.
    Operator(String),
    /// A mark before a word with a substitution such as `$(date)`, or with a quote that is not closed: only a shell can tell where such a
    /// word ends.
    Substitution,
}

/// Splits a command of `sh`. A quote that is not closed ends with the text.
pub(super) fn tokens(command: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = command.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => word.get_or_insert_default().extend(characters.next()),
            '\'' | '"' => {
                let is_plain = read_quoted(&mut characters, character, word.get_or_insert_default());
                if !is_plain {
                    tokens.push(Token::Substitution);
                }
            }
            '`' => {
                read_backticks(&mut characters, word.get_or_insert_default());
                tokens.push(Token::Substitution);
            }
            '$' if matches!(characters.peek(), Some('(' | '{')) => {
                read_substitution(&mut characters, word.get_or_insert_default());
                tokens.push(Token::Substitution);
            }
            '<' | '>' => {
                // A number before the sign, as in `2>`, belongs to it.
                let is_number =
                    word.as_ref().is_some_and(|word| word.chars().all(|digit| digit.is_ascii_digit()));
                if !is_number {
                    tokens.extend(word.take().map(Token::Word));
                }
                word = None;
                while characters.next_if(|next| matches!(next, '<' | '>' | '&' | '|')).is_some() {}
                tokens.push(Token::Redirection);
            }
            '&' if characters.peek() == Some(&'>') => {
                tokens.extend(word.take().map(Token::Word));
                while characters.next_if_eq(&'>').is_some() {}
                tokens.push(Token::Redirection);
            }
            ';' | '&' | '|' | '(' | ')' | '\n' => {
                tokens.extend(word.take().map(Token::Word));
                let mut operator = character.to_string();
                if let Some(second) = characters.next_if(|next| *next == character && "&|;".contains(*next)) {
                    operator.push(second);
                }
                tokens.push(Token::Operator(operator));
            }
            '#' if word.is_none() => while characters.next_if(|next| *next != '\n').is_some() {},
            ' ' | '\t' => tokens.extend(word.take().map(Token::Word)),
            character => word.get_or_insert_default().push(character),
        }
    }
    tokens.extend(word.map(Token::Word));
    tokens
}

type Characters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Reads up to the quote that closes. Returns whether there is one, and no substitution before it.
fn read_quoted(characters: &mut Characters<'_>, quote: char, word: &mut String) -> bool {
    let mut is_plain = true;
    while let Some(inner) = characters.next() {
        match inner {
            inner if inner == quote => return is_plain,
            '\\' if quote == '"' => word.extend(characters.next()),
            '`' if quote == '"' => {
                is_plain = false;
                read_backticks(characters, word);
            }
            '$' if quote == '"' && matches!(characters.peek(), Some('(' | '{')) => {
                is_plain = false;
                read_substitution(characters, word);
            }
            inner => word.push(inner),
        }
    }
    false
}

fn read_backticks(characters: &mut Characters<'_>, word: &mut String) {
    word.push('`');
    word.extend(characters.take_while(|character| *character != '`'));
    word.push('`');
}

/// Reads `$(..)` or `${..}` behind the `$`. Brackets within quotes do not count.
fn read_substitution(characters: &mut Characters<'_>, word: &mut String) {
    word.push('$');
    let mut depth = 0;
    let mut quote = None;
    while let Some(inner) = characters.next() {
        word.push(inner);
        match (quote, inner) {
            (Some(open), inner) if open == inner => quote = None,
            (None | Some('"'), '\\') => word.extend(characters.next()),
            (None, '\'' | '"') => quote = Some(inner),
            (None, '(' | '{') => depth += 1,
            (None, ')' | '}') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

/// Quotes a word for `sh`, where it needs quotes.
pub(super) fn shell_quoted(word: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./:=@,+".contains(character);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_operators_and_redirections_are_told_apart() {
        let shown = |command: &str| {
            let shown = tokens(command).into_iter().map(|token| match token {
                Token::Word(word) => format!("[{word}]"),
                Token::Redirection => "R".to_owned(),
                Token::Operator(operator) => operator.replace('\n', "NL"),
                Token::Substitution => "S".to_owned(),
            });
            shown.collect::<Vec<_>>().join(" ")
        };
        for (command, expected) in [
            ("/usr/bin/backup --all", "[/usr/bin/backup] [--all]"),
            ("echo 'a b' \"c \\\" d\" e\\ f", "[echo] [a b] [c \" d] [e f]"),
            ("job >/dev/null 2>&1", "[job] R [/dev/null] R [1]"),
            ("job >> log 2>> err < in", "[job] R [log] R [err] R [in]"),
            ("job &> log", "[job] R [log]"),
            ("file2>out", "[file2] R [out]"),
            ("cd /app && ./run; true", "[cd] [/app] && [./run] ; [true]"),
            ("a | b || c &", "[a] | [b] || [c] &"),
            ("(a; b)", "( [a] ; [b] )"),
            ("tar czf $(date +%F).tgz `hostname`", "[tar] [czf] S [$(date +%F).tgz] S [`hostname`]"),
            ("logger start $(echo \")\"); b", "[logger] [start] S [$(echo \")\")] ; [b]"),
            ("a \"x $(echo \")\") y\"; b", "[a] S [x $(echo \")\") y] ; [b]"),
            ("a ${X:-'}'} \"`b \"\"`\" '$(c)'", "[a] S [${X:-'}'}] S [`b \"\"`] [$(c)]"),
            ("a $X b\u{a0}c", "[a] [$X] [b\u{a0}c]"),
            ("echo a#b # c; d", "[echo] [a#b]"),
            ("echo 'unclosed; x", "[echo] S [unclosed; x]"),
            ("echo ''", "[echo] []"),
            ("a\nb", "[a] NL [b]"),
        ] {
            assert_eq!(shown(command), expected, "{command}");
        }
    }

    #[test]
    fn a_quoted_word_is_read_back_as_it_was() {
        for word in ["", "plain", "a b", "it's", "$HOME", "a\"b", "*/5", "\\", "a\nb", "#", "50%"] {
            assert_eq!(tokens(&shell_quoted(word)), [Token::Word(word.to_owned())], "{word}");
        }
    }
}
