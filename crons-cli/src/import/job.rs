//! A command that a scheduler runs: the name of its monitor, and whether it needs a shell.

use crons_types::Slug;

use super::program::base_name;
use super::words::{Token, tokens};

/// Words of the shell: a command that begins with one of them is no program.
const SHELL_WORDS: [&str; 30] = [
    ".", ":", "[", "[[", "alias", "case", "cd", "command", "eval", "exec", "exit", "export", "for",
    "function", "if", "pushd", "read", "return", "set", "shopt", "source", "test", "trap", "ulimit", "umask",
    "unset", "until", "wait", "while", "{",
];

/// A program that runs another one.
struct Wrapper {
    name: &'static str,
    /// The options of the program that have a value of their own.
    valued: &'static [&'static str],
    /// The number of arguments of the program before the other one.
    own: usize,
}

const WRAPPERS: [Wrapper; 16] = [
    Wrapper { name: "chronic", valued: &[], own: 0 },
    Wrapper { name: "chrt", valued: &[], own: 1 },
    Wrapper { name: "command", valued: &[], own: 0 },
    Wrapper { name: "env", valued: &["-u", "-C"], own: 0 },
    Wrapper { name: "exec", valued: &["-a"], own: 0 },
    Wrapper { name: "flock", valued: &["-w", "-E"], own: 1 },
    Wrapper { name: "ionice", valued: &["-c", "-n", "-p"], own: 0 },
    Wrapper { name: "nice", valued: &["-n"], own: 0 },
    Wrapper { name: "nohup", valued: &[], own: 0 },
    Wrapper { name: "setsid", valued: &[], own: 0 },
    Wrapper { name: "stdbuf", valued: &["-i", "-o", "-e"], own: 0 },
    Wrapper { name: "sudo", valued: &["-u", "-g", "-h", "-p"], own: 0 },
    Wrapper { name: "systemd-cat", valued: &["-t", "-p"], own: 0 },
    Wrapper { name: "taskset", valued: &[], own: 1 },
    Wrapper { name: "time", valued: &["-f", "-o"], own: 0 },
    Wrapper { name: "timeout", valued: &["-k", "-s"], own: 1 },
];

/// Programs that run a script.
const INTERPRETERS: [&str; 12] =
    ["bash", "dash", "sh", "zsh", "ksh", "python", "perl", "php", "ruby", "node", "Rscript", "run-parts"];

/// Programs whose next word says what they do.
const DISPATCHERS: [&str; 13] = [
    "artisan",
    "bin/console",
    "composer",
    "console",
    "docker",
    "drush",
    "make",
    "manage",
    "npm",
    "occ",
    "rake",
    "wp",
    "yarn",
];

/// Returns whether a command must be run by a shell, since a program alone cannot be it. Redirections and a last `&` apply to
/// `crons run` as they did to the command, so they need none.
pub(super) fn needs_shell(command: &str) -> bool {
    let mut tokens = tokens(command);
    tokens.pop_if(|token| *token == Token::Operator("&".to_owned()));
    let first = tokens.iter().find_map(|token| match token {
        Token::Word(word) => Some(word.as_str()),
        _ => None,
    });
    let starts_in_shell =
        first.is_none_or(|word| SHELL_WORDS.contains(&word) || word == "!" || is_assignment(word));
    starts_in_shell || tokens.iter().any(|token| matches!(token, Token::Operator(_)))
}

/// The slug for a command, by the program or the script that it runs.
pub(super) fn slug(command: &str) -> String {
    slug_of_name(&name(command, 0).unwrap_or_default())
}

/// The slug for a name that the scheduler has for the job.
pub(super) fn slug_of_name(name: &str) -> String {
    // systemd writes a dash within an instance as `\x2d`.
    let name = name.replace("\\x2d", "-").replace(['.', '/', '@', ':'], "-");
    // The server refuses a slug of digits alone.
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let slug = Slug::normalize(&name).filter(|_| !is_number);
    let slug = slug.or_else(|| Slug::normalize(&format!("job-{name}")));
    slug.map_or_else(|| "job".to_owned(), |slug| slug.to_string())
}

fn name(command: &str, depth: usize) -> Option<String> {
    let tokens = tokens(command);
    let parts = tokens.split(|token| matches!(token, Token::Operator(_)));
    parts.map(words_of).find_map(|words| name_of_words(&words, depth))
}

/// The words of a simple command, without the targets of redirections.
fn words_of(tokens: &[Token]) -> Vec<&str> {
    let mut words = Vec::new();
    let mut is_target = false;
    for token in tokens {
        match token {
            Token::Word(word) if !is_target => words.push(word.as_str()),
            _ => {}
        }
        is_target = *token == Token::Redirection;
    }
    words
}

fn name_of_words(words: &[&str], depth: usize) -> Option<String> {
    let mut words = words.iter().copied().skip_while(|word| is_assignment(word)).peekable();
    loop {
        let program = base_name(words.next()?);
        if let Some(Wrapper { valued, own, .. }) = WRAPPERS.iter().find(|wrapper| wrapper.name == program) {
            skip_options(&mut words, valued);
            words.by_ref().take(*own).for_each(drop);
            skip_options(&mut words, valued);
            while words.next_if(|word| is_assignment(word)).is_some() {}
            continue;
        }
        if SHELL_WORDS.contains(&program) || ["sleep", "mkdir", "echo", "true"].contains(&program) {
            return None;
        }
        let stem = stem(program);
        let is_interpreter =
            INTERPRETERS.contains(&stem) || stem.starts_with("python") || stem.starts_with("php");
        if !is_interpreter {
            return Some(dispatched(program, &mut words));
        }
        while let Some(option) = words.next_if(|word| word.starts_with('-')) {
            match option {
                // The script is the next word, perhaps a whole command.
                "-c" | "-lc" if depth < 3 => return words.next().and_then(|script| name(script, depth + 1)),
                "-m" => return words.next().map(str::to_owned),
                _ => {}
            }
        }
        let script = words.next().map_or(program, base_name);
        return Some(dispatched(script, &mut words));
    }
}

/// The name of a program, with the word after it where that says what the program does.
fn dispatched<'a>(program: &str, words: &mut impl Iterator<Item = &'a str>) -> String {
    let stem = stem(program);
    let next = words.find(|word| !word.starts_with('-')).filter(|_| DISPATCHERS.contains(&stem));
    next.map_or_else(|| stem.to_owned(), |next| format!("{stem}-{}", next.replace(':', "-")))
}

fn skip_options<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>, valued: &[&str]) {
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        if valued.contains(&option) {
            words.next();
        }
    }
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    })
}

/// A file name without the ending of a script.
fn stem(name: &str) -> &str {
    const ENDINGS: [&str; 10] = [".sh", ".bash", ".py", ".pl", ".php", ".rb", ".js", ".ts", ".R", ".jar"];
    ENDINGS
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .filter(|stem| !stem.is_empty())
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_operators_or_shell_words_needs_a_shell() {
        for (command, expected) in [
            ("/usr/bin/backup --all", false),
            ("backup > /dev/null 2>&1", false),
            ("backup &> log", false),
            ("backup \"a; b\" 'c | d'", false),
            ("backup $(date +%F) `hostname`", false),
            ("backup &", false),
            ("cd /app && ./run", true),
            ("a; b", true),
            ("a | b", true),
            ("a & b", true),
            ("(a)", true),
            ("FOO=bar backup", true),
            ("[ -x /bin/a ] && /bin/a", true),
            ("! backup", true),
            ("test -x /bin/a", true),
            ("", true),
        ] {
            assert_eq!(needs_shell(command), expected, "{command}");
        }
    }

    #[test]
    fn a_slug_is_the_name_of_what_runs() {
        for (command, expected) in [
            ("/usr/local/bin/nightly_backup.sh --all", "nightly_backup"),
            ("cd /app && php artisan schedule:run >> /dev/null 2>&1", "artisan-schedule-run"),
            ("/usr/bin/python3 -u /opt/etl/load.py --day 1", "load"),
            ("python -m etl.load", "etl-load"),
            ("FOO=1 BAR=2 /usr/bin/env python3 report.py", "report"),
            ("/usr/bin/flock -n /tmp/lock /usr/bin/rsync -a a b", "rsync"),
            ("sudo -u www-data nice -n 19 /srv/clean.rb", "clean"),
            ("timeout 30m backup", "backup"),
            ("test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )", "cron-daily"),
            ("bash -c 'sleep 30; /opt/sync --fast'", "sync"),
            ("/usr/bin/certbot -q renew", "certbot"),
            ("docker exec app ./job", "docker-exec"),
            ("./123", "job-123"),
            ("> /var/log/a", "job"),
            ("\u{4efb}\u{52a1}", "job"),
        ] {
            assert_eq!(slug(command), expected, "{command}");
        }
    }
}
