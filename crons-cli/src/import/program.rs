//! The program `crons`, and the commands that run a job under it already.

use std::path::{Path, PathBuf};

use crons_types::Slug;

use super::words::{Token, tokens};

/// Scripts within scripts are looked at so deep, as in `sh -c "flock x sh -c '..'"`.
const MAX_DEPTH: usize = 4;

/// The program `crons`, by the path that wrapped commands have.
pub(super) struct Program {
    path: String,
    /// Base names under which commands may name the program.
    names: Vec<String>,
    /// The file of this program, without symbolic links.
    file: Option<PathBuf>,
}

/// A command that runs its job under `crons run`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ExistingRun {
    /// The slug of its monitor; `None` if the command does not name a legal one.
    pub(super) slug: Option<String>,
}

impl Program {
    pub(super) fn new(path: String) -> Self {
        let file = std::env::current_exe().and_then(std::fs::canonicalize).ok();
        let mut names = vec!["crons".to_owned(), base_name(&path).to_owned()];
        names.extend(file.as_ref().and_then(|file| Some(file.file_name()?.to_str()?.to_owned())));
        Self { path, names, file }
    }

    /// The path that wrapped commands have.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Finds `crons run` in a command of a shell or of a unit, at any place of it. `None` if the job does not run under it.
    pub(super) fn run_in(&self, command: &str) -> Option<ExistingRun> {
        self.run_in_script(command, MAX_DEPTH)
    }

    /// Finds `crons run` in the words of a command, of which each may be a script.
    pub(super) fn run_in_words(&self, words: &[&str]) -> Option<ExistingRun> {
        self.run_in_parts(words, MAX_DEPTH)
    }

    fn run_in_script(&self, command: &str, depth: usize) -> Option<ExistingRun> {
        let tokens = tokens(command);
        let words = tokens.iter().filter_map(|token| match token {
            Token::Word(word) => Some(word.as_str()),
            _ => None,
        });
        self.run_in_parts(&words.collect::<Vec<_>>(), depth)
    }

    fn run_in_parts(&self, words: &[&str], depth: usize) -> Option<ExistingRun> {
        (0..).zip(words).find_map(|(place, word)| {
            if let Some(["run", arguments @ ..]) = words.get(place + 1..)
                && self.is_named_by(word)
            {
                let slug = arguments.iter().find(|argument| Slug::parse(argument).is_ok());
                return Some(ExistingRun { slug: slug.map(|slug| (*slug).to_owned()) });
            }
            let is_script = depth > 0 && word.contains(char::is_whitespace);
            is_script.then(|| self.run_in_script(word, depth - 1)).flatten()
        })
    }

    /// Returns whether a word names this program, directly or by a symbolic link.
    fn is_named_by(&self, word: &str) -> bool {
        let is_link = || {
            let path = Path::new(word);
            path.is_absolute() && self.file.is_some() && std::fs::canonicalize(path).ok() == self.file
        };
        self.names.iter().any(|name| name == base_name(word)) || is_link()
    }
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_under_crons_run_is_found_wherever_the_command_has_it() {
        let program = Program::new("/opt/cronrun".to_owned());
        for (command, expected) in [
            ("crons run backup -- ./x", Some(Some("backup"))),
            ("/usr/local/bin/crons run backup", Some(Some("backup"))),
            ("/opt/cronrun run backup", Some(Some("backup"))),
            ("SENTRY_DSN=https://k@h/1 crons run backup ./x", Some(Some("backup"))),
            ("cd /app && crons run --lenient backup -- ./x", Some(Some("backup"))),
            ("flock -n /tmp/l /usr/bin/env crons run backup", Some(Some("backup"))),
            ("sh -c 'cd /app; crons run backup -- ./x'", Some(Some("backup"))),
            ("sh -c \"sh -c 'crons run backup'\"", Some(Some("backup"))),
            ("crons run 'Not A Slug'", Some(None)),
            ("crons run", Some(None)),
            ("crons next @daily", None),
            ("run crons", None),
            ("/opt/app run backup", None),
            ("", None),
        ] {
            let found = program.run_in(command).map(|run| run.slug);
            assert_eq!(found.as_ref().map(Option::as_deref), expected, "{command}");
        }
        let words = ["sh", "-c", "crons run x -- y"];
        assert_eq!(program.run_in_words(&words).and_then(|run| run.slug).as_deref(), Some("x"));
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_to_this_program_is_this_program() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("monitored");
        std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &link).unwrap();
        let command = format!("{} run backup", link.display());
        assert!(Program::new("crons".to_owned()).run_in(&command).is_some());
    }
}
