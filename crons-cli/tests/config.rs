//! Settings from crons.toml, variables and flags, as `crons` takes them or says what is wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const TOKEN: &str = "open-sesame-0123456789";

/// `crons` in a folder of its own, and with no variables but those a test sets.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        // As the process sees the folder that it runs in.
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn crons(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crons"));
        let ours = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("CRONS_"));
        ours.for_each(|name| {
            command.env_remove(name);
        });
        command.args(arguments).envs(variables.iter().copied()).current_dir(self.0.path());
        command
    }

    /// Whether it ended well, and what it said on either stream.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
        let output = self.crons(arguments, variables).output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.success(), said.concat())
    }

    fn serve(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        let arguments = [&["serve"], arguments].concat();
        let mut command = self.crons(&arguments, variables);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut greeting = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            greeting.push(line.unwrap());
            if greeting.last().is_some_and(|line| line.contains("-d '")) {
                break;
            }
        }
        Server { process, greeting: greeting.join("\n") }
    }
}

/// A server that runs for the length of a test.
struct Server {
    process: Child,
    greeting: String,
}

impl Server {
    /// Its DSN without the key: `http://127.0.0.1:9170`.
    fn url(&self) -> String {
        let dsn =
            self.greeting.lines().find_map(|line| line.trim().strip_prefix("export SENTRY_DSN=")).unwrap();
        format!("http://{}", dsn.split(['@', '/']).nth(3).unwrap())
    }

    fn status(&self, path: &str, token: Option<&str>) -> u16 {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = agent.get(format!("{}{path}", self.url()));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.call().unwrap().status().as_u16()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn what_crons_config_prints_is_a_good_file_in_which_every_flag_has_its_key() {
    let folder = Folder::new(&[]);
    let (printed, template) = folder.run(&["config"], &[]);
    assert!(printed);
    fs::write(folder.path("crons.toml"), &template).unwrap();
    let (good, said) = folder.run(&["config", "--check"], &[]);
    assert!(good && said == "ok: crons.toml\n", "{said}");
    let (_, help) =
        folder.run(&["serve", "--help"], &[("CRONS_ADMIN_TOKEN", TOKEN), ("CRONS_KEY", "abc123")]);
    for key in ["listen", "database", "key", "admin_token", "rate_limit", "max_monitors", "max_environments"]
    {
        assert!(
            template.contains(&format!("\n#{key} = ")) || template.contains(&format!("\n# {key} = ")),
            "{key}"
        );
        assert!(help.contains(&format!("--{}", key.replace('_', "-"))), "{key}: {help}");
        assert!(help.contains(&format!("[env: CRONS_{}", key.to_ascii_uppercase())), "{key}: {help}");
    }
    for (key, default) in [("listen", "127.0.0.1:9170"), ("rate_limit", "6"), ("max_monitors", "1500")] {
        assert!(help.contains(&format!("[default: {default}]")), "{key}: {help}");
    }
    assert!(!help.contains(TOKEN) && !help.contains("abc123"), "{help}");
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let folder = Folder::new(&[(
        "crons.toml",
        "listen = \"127.0.0.1:0\"\ndatabase = \"sqlite:file.db\"\nkey = \"of-the-file\"\n",
    )]);
    for (flags, variables, database, key) in [
        (&[][..], &[][..], "file.db", "of-the-file"),
        (&[], &[("CRONS_DATABASE", "sqlite:variable.db")], "variable.db", "of-the-file"),
        (&["--key", "of-a-flag"], &[("CRONS_KEY", "of-a-variable")], "file.db", "of-a-flag"),
    ] {
        let server = folder.serve(flags, variables);
        let said = &server.greeting;
        assert!(said.contains(&format!("kept in {}", folder.path(database).display())), "{said}");
        assert!(said.contains(&format!("SENTRY_DSN=http://{key}@127.0.0.1:")), "{said}");
        assert!(
            said.contains(&format!("Settings are those of {}.", folder.path("crons.toml").display())),
            "{said}"
        );
    }
}

#[test]
fn the_file_is_the_one_that_is_named_or_the_one_that_is_there_or_none() {
    let key = |name: &str| format!("listen = \"127.0.0.1:0\"\nkey = \"{name}\"\n");
    let folder =
        Folder::new(&[("crons.toml", &key("here")), ("a.toml", &key("flag")), ("b.toml", &key("variable"))]);
    for (flags, variables, expected) in [
        (&["--config", "a.toml"][..], &[("CRONS_CONFIG", "b.toml")][..], "flag@"),
        (&[], &[("CRONS_CONFIG", "b.toml")], "variable@"),
        (&[], &[], "here@"),
    ] {
        let server = folder.serve(flags, variables);
        assert!(server.greeting.contains(expected), "{}", server.greeting);
    }
    let bare = Folder::new(&[]);
    let server = bare.serve(&["--listen", "127.0.0.1:0"], &[]);
    assert!(!server.greeting.contains("Settings"), "{}", server.greeting);
    let (started, said) = folder.run(&["serve", "--config", "c.toml"], &[]);
    assert!(!started && said.contains("c.toml") && said.contains("`crons config` prints"), "{said}");
}

#[test]
fn a_file_that_is_wrong_is_refused_with_every_fault_in_it() {
    let folder =
        Folder::new(&[("crons.toml", "lisen = \"x\"\nrate_limit = 0\n"), ("syntax.toml", "\nkey = abc\n")]);
    for arguments in [&["serve"][..], &["config", "--check"]] {
        let (good, said) = folder.run(arguments, &[]);
        assert!(!good, "{said}");
        assert!(said.contains("crons.toml, line 1: `lisen` is no key; did you mean `listen`?"), "{said}");
        assert!(said.contains("crons.toml, line 2: rate_limit: \"0\" is neither"), "{said}");
    }
    let (good, said) = folder.run(&["config", "--check", "syntax.toml"], &[]);
    assert!(!good && said.contains("syntax.toml, line 2: this is no TOML"), "{said}");
    let (good, said) = folder.run(&["config", "--check", "nowhere.toml"], &[]);
    assert!(!good && said.contains("nowhere.toml"), "{said}");
}

#[test]
fn alerts_of_the_wrong_shape_are_refused_in_words_of_toml_and_no_address_is_shown() {
    let webhook = "[webhook.ops]\nurl = \"https://hooks.example/topsecret\"\n";
    let alert = |keys: &str| format!("{webhook}[[alert]]\n{keys}\n");
    for (text, expected) in [
        (
            "[webhook]\nops = \"https://hooks.example/topsecret\"\n".to_owned(),
            "line 2: invalid type: a text, expected a table with url, and perhaps secret and timeout in `webhook.ops`",
        ),
        (
            "webhook = \"https://hooks.example/topsecret\"\n".to_owned(),
            "line 1: invalid type: a text, expected a table in `webhook`",
        ),
        (
            "[webhook.ops]\nurl = 5\n".to_owned(),
            "line 2: invalid type: integer `5`, expected a text in quotes in `webhook.ops.url`",
        ),
        (
            "alert = 5\n".to_owned(),
            "line 1: invalid type: integer `5`, expected a list such as [\"..\"] in `alert`",
        ),
        (
            "alert = [\"x\"]\n".to_owned(),
            "line 1: invalid type: a text, expected a table [[alert]] with on and to",
        ),
        (
            alert("on = \"opened\"\nto = [\"ops\"]"),
            "line 4: invalid type: a text, expected a list such as [\"..\"] in `alert.on`",
        ),
        (alert("on = [\"opened\"]\nto = \"ops\""), "line 5: invalid type: a text, expected a list"),
        (
            alert("on = [\"opened\"]\nto = [\"ops\"]\ntags = [5]"),
            "line 6: invalid type: integer `5`, expected a table with key, match and value",
        ),
    ] {
        let folder = Folder::new(&[("crons.toml", &text)]);
        let (good, said) = folder.run(&["config", "--check"], &[]);
        assert!(!good && said.contains(expected), "{text}: {said}");
        for hidden in ["topsecret", "struct ", "Table", "sequence"] {
            assert!(!said.contains(hidden), "{text}: {said}");
        }
    }
}

#[test]
fn a_flag_or_a_variable_that_is_wrong_is_refused_by_name_and_no_secret_is_shown() {
    let folder = Folder::new(&[]);
    for (flags, variables, part) in [
        (&["--rate-limit", "often"][..], &[][..], "--rate-limit or CRONS_RATE_LIMIT: rate_limit: \"often\""),
        (&["--max-monitors", "0"], &[], "max_monitors: \"0\" is no whole number from 1"),
        (&[], &[("CRONS_MAX_ENVIRONMENTS", "-1")], "CRONS_MAX_ENVIRONMENTS: max_environments: \"-1\""),
        (&["--admin-token", "hunter2"], &[], "openssl rand -hex 32"),
        (
            &[],
            &[("CRONS_ADMIN_TOKEN", "hunter2 hunter2 hunter2")],
            "CRONS_ADMIN_TOKEN: admin_token: it must be 16",
        ),
        (&[], &[("CRONS_KEY", "hunter2!")], "CRONS_KEY: key: it must be 1 to 64"),
    ] {
        let (started, said) = folder.run(&[&["serve", "--listen", "127.0.0.1:0"], flags].concat(), variables);
        assert!(!started && said.contains(part), "{flags:?} {variables:?}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn an_address_that_others_can_reach_is_refused_without_an_admin_token() {
    let folder = Folder::new(&[("open.toml", "listen = \"0.0.0.0:0\"\n")]);
    let (started, said) = folder.run(&["serve", "--config", "open.toml"], &[]);
    assert!(!started);
    for part in ["0.0.0.0:0", "--admin-token", "CRONS_ADMIN_TOKEN", "admin_token in crons.toml", "127.0.0.1"]
    {
        assert!(said.contains(part), "{said}");
    }
    assert!(!folder.path("crons.db").exists());
    let (good, said) = folder.run(&["config", "--check", "open.toml"], &[]);
    assert!(good && said.starts_with("ok: open.toml; but listen:"), "{said}");
}

#[test]
fn with_an_admin_token_it_is_open_to_others_and_says_so_without_saying_the_token() {
    let folder = Folder::new(&[]);
    let token = [("CRONS_ADMIN_TOKEN", TOKEN)];
    let server = folder.serve(&["--listen", "0.0.0.0:0"], &token);
    let said = &server.greeting;
    for part in ["open to other machines", "ask for the admin token", "not encrypted", "this one's name"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains(TOKEN), "{said}");
    assert_eq!(server.status("/", None), 401);
    assert_eq!(server.status("/", Some(TOKEN)), 200);
    assert_eq!(server.status("/health", None), 200);
    drop(server);

    let said = folder.serve(&["--listen", "127.0.0.1:0"], &token).greeting.clone();
    assert!(said.contains("this machine only") && said.contains("ask for the admin token"), "{said}");
    assert!(!said.contains("encrypted") && !said.contains(TOKEN), "{said}");
}

#[test]
fn without_a_token_the_greeting_is_about_this_machine_alone() {
    let folder = Folder::new(&[]);
    let server = folder.serve(&["--listen", "127.0.0.1:0"], &[]);
    assert!(server.greeting.contains("(this machine only;"), "{}", server.greeting);
    for part in ["token", "encrypted", "other machines"] {
        assert!(!server.greeting.contains(part), "{part}: {}", server.greeting);
    }
    assert_eq!(server.status("/", None), 200);
}
