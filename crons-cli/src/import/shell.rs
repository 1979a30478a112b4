//! Commands that only a shell can run, since a program alone cannot be them.

use super::words::{Token, tokens};

/// Words of the grammar of `sh` and `bash`: a command may follow them.
pub(super) const KEYWORDS: [&str; 10] =
    ["!", "coproc", "do", "elif", "else", "if", "then", "until", "while", "{"];

/// Words of the grammar that no command follows.
const CLOSING_KEYWORDS: [&str; 9] = ["case", "done", "esac", "fi", "for", "function", "in", "select", "}"];

/// Commands of `sh` and `bash` themselves. A program of the same name may be missing, or differ.
const BUILTINS: [&str; 62] = [
    ".",
    ":",
    "[",
    "[[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "time",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
];

/// Returns whether a command must be run by a shell: whether it is more than the words of one program. Redirections and a last `&` apply to
/// `crons run` as they did to the command, so they need none.
pub(super) fn needs_shell(command: &str) -> bool {
    let mut tokens = tokens(command);
    tokens.pop_if(|token| *token == Token::Operator("&".to_owned()));
    let first = tokens.iter().find_map(|token| match token {
        Token::Word(word) => Some(word.as_str()),
        _ => None,
    });
    let starts_in_shell = first.is_none_or(|word| is_shell_word(word) || is_assignment(word));
    starts_in_shell || tokens.iter().any(|token| matches!(token, Token::Operator(_) | Token::Substitution))
}

/// Returns whether a word is a keyword or a command of the shell itself.
pub(super) fn is_shell_word(word: &str) -> bool {
    [&KEYWORDS[..], &CLOSING_KEYWORDS, &BUILTINS].iter().any(|words| words.contains(&word))
}

/// Returns whether a word sets a variable for the command behind it.
pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_not_plainly_one_program_needs_a_shell() {
        for (command, expected) in [
            ("/usr/bin/backup --all", false),
            ("backup > /dev/null 2>&1", false),
            ("backup &> log", false),
            ("backup \"a; b\" 'c | d'", false),
            ("backup '$(date)' $HOME \"$HOME\"", false),
            ("backup &", false),
            ("backup $(date +%F)", true),
            ("backup `hostname`", true),
            ("backup \"${X:-(}\"", true),
            ("backup 'a", true),
            ("logger start $(echo \")\"); /usr/bin/backup", true),
            ("cd /app && ./run", true),
            ("a; b", true),
            ("a | b", true),
            ("a & b", true),
            ("(a)", true),
            ("FOO=bar backup", true),
            ("[ -x /bin/a ] && /bin/a", true),
            ("! backup", true),
            ("test -x /bin/a", true),
            ("time backup", true),
            ("coproc backup", true),
            ("let x=1", true),
            ("declare -x A=b", true),
            ("pushd /srv", true),
            ("unset A", true),
            ("", true),
        ] {
            assert_eq!(needs_shell(command), expected, "{command}");
        }
    }
}
