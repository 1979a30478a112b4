//! Hides secrets in the job's output before it leaves this process: values of variables whose names say that they are secret, and what
//! [`patterns`](super::patterns) finds.

use std::ops::Range;

use super::patterns;

/// A variable is secret if its name contains one of these, in either case.
const SECRET_NAMES: [&str; 9] =
    ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "DSN", "CREDENTIAL", "AUTHORIZATION"];
/// A variable is secret if its name has one of these among its words.
const SECRET_WORDS: [&str; 2] = ["PASS", "PWD"];
/// A variable is secret if its name ends with this word. Before others it is no secret: `SSH_AUTH_SOCK` is a path.
const LAST_WORD: &str = "AUTH";
/// The working folder, which shells export.
const FOLDER: &str = "PWD";
/// Shorter values, such as `1` and `on`, are no secrets, and would hide half of the output.
const MIN_LEN: usize = 3;
/// A line of a value of several lines, as a private key is, is hidden by itself from this length on.
const MIN_LINE: usize = 8;
/// The longest secret that is recognised when it begins before the tail.
const MAX_MARGIN: usize = 16 << 10;
/// The longest secret of a URL or a header, for the same.
const MAX_FOUND: usize = 4 << 10;
/// Values that switch something, as in `ALWAYS_AUTH=true`.
const SWITCHES: [&str; 5] = ["true", "false", "yes", "none", "null"];
/// Stands in place of a secret.
const HIDDEN: &str = "***";

pub(super) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Hides the secrets among these variables, and these values.
    pub(super) fn new(
        variables: impl IntoIterator<Item = (String, String)>,
        values: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut secrets = Vec::new();
        let named = variables.into_iter().filter(|(name, _)| is_secret_name(name)).map(|(_, value)| value);
        for value in named.chain(values) {
            let lines = value.lines().map(str::trim).filter(|line| line.len() >= MIN_LINE);
            secrets.extend(lines.map(str::to_owned));
            secrets.push(value.trim().to_owned());
        }
        secrets.retain(|secret| secret.len() >= MIN_LEN && !SWITCHES.contains(&&*secret.to_lowercase()));
        secrets.sort_unstable();
        secrets.dedup();
        Self { secrets }
    }

    /// The number of bytes before a text that are needed to recognise a secret that begins in them.
    pub(super) fn margin(&self) -> usize {
        let longest = self.secrets.iter().map(String::len).max().unwrap_or_default();
        longest.clamp(MAX_FOUND, MAX_MARGIN)
    }

    /// The text from `start` on, without secrets. A secret that begins before `start` is hidden as well.
    pub(super) fn redact(&self, text: &str, start: usize) -> String {
        let mut hidden: Vec<Range<usize>> = patterns::secrets(text);
        for secret in &self.secrets {
            hidden.extend(text.match_indices(&**secret).map(|(at, found)| at..at + found.len()));
        }
        hidden.sort_unstable_by_key(|range| (range.start, range.end));
        let (mut redacted, mut shown_to, mut hidden_to) = (String::new(), start, 0);
        for Range { start: from, end } in hidden {
            if end <= shown_to || end <= hidden_to {
                continue;
            }
            if from >= hidden_to {
                redacted.push_str(text.get(shown_to..from.max(shown_to)).unwrap_or_default());
                redacted.push_str(HIDDEN);
            }
            (shown_to, hidden_to) = (end, end);
        }
        redacted.push_str(text.get(shown_to..).unwrap_or_default());
        redacted
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_uppercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    name != FOLDER
        && (SECRET_NAMES.iter().any(|secret| name.contains(secret))
            || words.clone().next_back() == Some(LAST_WORD)
            || words.any(|word| SECRET_WORDS.contains(&word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(variables: &[(&str, &str)]) -> Redactor {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Redactor::new(owned, ["flag-value".to_owned()])
    }

    #[test]
    fn values_of_secret_variables_and_url_passwords_are_hidden() {
        let redactor = redactor(&[
            ("AWS_SECRET_ACCESS_KEY", "abc/def+1"),
            ("db_password", "hunter2"),
            ("GITHUB_TOKEN", "ghp_longer_hunter2"),
            ("PEM_KEY", "-----BEGIN-----\nMIIEvQIBADANBg\n-----END-----"),
            ("SHORT_KEY", "1"),
            ("HOME", "/root"),
        ]);
        for (text, expected) in [
            ("k=abc/def+1;", "k=***;"),
            ("hunter2hunter2", "******"),
            ("ghp_longer_hunter2!", "***!"),
            ("MIIEvQIBADANBg\n1 /root", "***\n1 /root"),
            ("flag-value", "***"),
            ("at postgres://bob:p@ss:w@db:5432/x and", "at postgres://bob:***@db:5432/x and"),
            ("https://key@host/1 http://a:@b a://b c:d@e", "https://key@host/1 http://a:@b a://b c:d@e"),
        ] {
            assert_eq!(redactor.redact(text, 0), expected);
        }
    }

    #[test]
    fn the_words_of_a_name_say_whether_it_is_secret() {
        for name in
            ["DB_PASS", "smtp_pass", "MYSQL_PWD", "AWS_CREDENTIALS", "BASIC_AUTH", "HTTP_AUTHORIZATION"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["PWD", "OLDPWD", "SSH_AUTH_SOCK", "COMPASS", "BYPASS_CACHE", "AUTHOR", "PATH"] {
            assert!(!is_secret_name(name), "{name}");
        }
        assert_eq!(redactor(&[("NPM_ALWAYS_AUTH", "true")]).redact("true", 0), "true");
    }

    #[test]
    fn a_secret_that_begins_before_the_text_is_hidden() {
        let redactor = redactor(&[("KEY", "0123456789"), ("OTHER_KEY", "678")]);
        assert_eq!(redactor.redact("xx0123456789yy", 5), "***yy");
        assert_eq!(redactor.redact("xx0123456789yy", 12), "yy");
        assert_eq!(redactor.redact("ftp://u:secret@h", 10), "***@h");
    }
}
