//! The slug of a job, by what its command runs.

mod programs;

use crons_types::Slug;

use self::programs::{DISPATCHERS, INTERPRETERS, Interpreter, PREPARATIONS, SHELLS, WRAPPERS, Wrapper};
use super::program::base_name;
use super::shell::{KEYWORDS, is_assignment, is_shell_word};
use super::words::{Token, tokens};

/// Scripts within scripts are looked at so deep.
const MAX_DEPTH: usize = 3;
/// The most characters of several options in one word.
const MAX_CLUSTER: usize = 5;

/// The slug for a command, by the program or the script that it runs.
pub(super) fn slug(command: &str) -> String {
    slug_of_name(&name(command, 0).or_else(|| first_program(command)).unwrap_or_default())
}

/// The slug for a name that the scheduler has for the job.
pub(super) fn slug_of_name(name: &str) -> String {
    // systemd writes a dash within an instance as `\x2d`.
    let name = name.replace("\\x2d", "-").replace(['.', '/', '@', ':'], "-");
    // The server refuses a slug of digits alone.
    let is_number = |slug: &Slug| slug.as_str().bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let slug = Slug::normalize(&name).filter(|slug| !is_number(slug));
    let slug = slug.or_else(|| Slug::normalize(&format!("job-{name}")));
    slug.map_or_else(|| "job".to_owned(), |slug| slug.to_string())
}

/// Returns whether a program is known to run another one, or a script.
pub(super) fn runs_another(program: &str) -> bool {
    let stem =
        base_name(program).trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
    SHELLS.contains(&stem)
        || WRAPPERS.iter().any(|wrapper| wrapper.name == stem)
        || INTERPRETERS.iter().any(|interpreter| interpreter.name == stem)
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
            // The mark of the word behind it.
            Token::Substitution => continue,
            _ => {}
        }
        is_target = *token == Token::Redirection;
    }
    words
}

/// The program of the first simple command, for a command in which nothing else has a name.
fn first_program(command: &str) -> Option<String> {
    let tokens = tokens(command);
    let parts = tokens.split(|token| matches!(token, Token::Operator(_)));
    parts.map(words_of).find_map(|words| {
        let word = words.iter().find(|word| !is_assignment(word) && !KEYWORDS.contains(word))?;
        Some(stem(base_name(word)).to_owned())
    })
}

/// The name of a simple command; `None` if it only prepares another one, or has no name of its own, such as code for an interpreter.
fn name_of_words(words: &[&str], depth: usize) -> Option<String> {
    let mut words = words.iter().copied().peekable();
    while words.next_if(|word| is_assignment(word) || KEYWORDS.contains(word)).is_some() {}
    loop {
        let program = base_name(words.next()?);
        if let Some(Wrapper { valued, own, .. }) = WRAPPERS.iter().find(|wrapper| wrapper.name == program) {
            skip_options(&mut words, valued);
            words.by_ref().take(*own).for_each(drop);
            skip_options(&mut words, valued);
            while words.next_if(|word| is_assignment(word)).is_some() {}
            continue;
        }
        if is_shell_word(program) || PREPARATIONS.contains(&program) {
            return None;
        }
        let stem = stem(program);
        if SHELLS.contains(&stem) {
            return script_of_shell(program, &mut words, depth);
        }
        let without_version =
            stem.trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
        return match INTERPRETERS.iter().find(|interpreter| interpreter.name == without_version) {
            Some(interpreter) => script_of(interpreter, program, &mut words),
            None => Some(dispatched(program, &mut words)),
        };
    }
}

/// The name of what a shell runs: that of its script, perhaps a whole command.
fn script_of_shell<'a>(
    shell: &str,
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
    depth: usize,
) -> Option<String> {
    while let Some(option) = words.next_if(|word| word.starts_with(['-', '+'])) {
        if ["-o", "+o", "-O", "+O", "--rcfile", "--init-file"].contains(&option) {
            words.next();
        } else if !option.starts_with("--") && option.ends_with('c') && depth < MAX_DEPTH {
            return words.next().and_then(|script| name(script, depth + 1));
        }
    }
    Some(dispatched(words.next().map_or(shell, base_name), words))
}

/// The name of what another interpreter runs; `None` for code in the command itself.
fn script_of<'a>(
    interpreter: &Interpreter,
    program: &str,
    words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>,
) -> Option<String> {
    while let Some(option) = words.next_if(|word| word.starts_with('-')) {
        if interpreter.valued.contains(&option) {
            words.next();
        } else if interpreter.name == "python" && option == "-m" {
            return words.next().map(str::to_owned);
        } else if interpreter.code.iter().any(|code| is_option(option, code)) {
            return None;
        }
    }
    Some(dispatched(words.next().map_or(program, base_name), words))
}

/// Returns whether a word is an option, or several of one letter of which it is the last, as in `-ne`.
fn is_option(word: &str, option: &str) -> bool {
    let is_cluster = option.len() == 2 && word.len() <= MAX_CLUSTER && !word.starts_with("--");
    word == option || is_cluster && word.ends_with(&option[1..])
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
            (
                "test -x /usr/bin/certbot -a \\! -d /run/systemd/system && perl -e 'sleep int(rand(43200))' && certbot -q renew",
                "certbot",
            ),
            ("if [ -f /x ]; then /srv/one.sh; fi", "one"),
            ("for f in a b; do /srv/two.sh $f; done", "two"),
            ("while ! ping -c1 x; do sleep 1; done; three", "ping"),
            ("time -p backup", "backup"),
            ("php -d memory_limit=2G bin/magento cron:run", "magento-cron-run"),
            ("python3 -W ignore b.py", "b"),
            ("python3.11 -X dev b.py", "b"),
            ("node -r dotenv/config c.js", "c"),
            ("java -Xmx1g -jar /opt/app.jar", "app"),
            ("perl -ne 'print' x; /srv/d.pl", "d"),
            ("perl -e 'print 1'", "perl"),
            ("bash -o pipefail -ec 'x | y'", "x"),
            ("bash --rcfile /x /srv/e.sh", "e"),
            ("> $(f) g", "g"),
            ("sleep 5", "sleep"),
            ("echo hi", "echo"),
            ("docker exec app ./job", "docker-exec"),
            ("./123", "job-123"),
            ("$2 x", "job-2"),
            ("> /var/log/a", "job"),
            ("\u{4efb}\u{52a1}", "job"),
        ] {
            assert_eq!(slug(command), expected, "{command}");
        }
    }
}
