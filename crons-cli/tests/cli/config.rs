//! Tests of settings from crons.toml, variables and flags: which of them wins, and the message for each mistake.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::support::{Server, crons};

const TOKEN: &str = "open-sesame-0123456789";

/// Runs `crons` in a folder of its own.
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
        // The process sees its folder without symbolic links.
        self.0.path().canonicalize().unwrap().join(name)
    }

    fn crons(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = crons(arguments);
        command.envs(variables.iter().copied()).current_dir(self.0.path());
        command
    }

    /// Runs a command; returns whether it succeeded, and its standard output followed by its standard error.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (bool, String) {
        let output = self.crons(arguments, variables).output().unwrap();
        let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.success(), printed.concat())
    }

    fn serve(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Server {
        let arguments = [&["serve"], arguments].concat();
        let mut command = self.crons(&arguments, variables);
        command.stderr(Stdio::null());
        Server::spawn(command)
    }
}

/// The HTTP status of the answer to a GET.
fn status(server: &Server, path: &str, token: Option<&str>) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.get(server.url(path));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.call().unwrap().status().as_u16()
}

#[test]
fn crons_config_prints_a_valid_file_with_a_key_per_flag() {
    let folder = Folder::new(&[]);
    let (printed, template) = folder.run(&["config"], &[]);
    assert!(printed);
    fs::write(folder.path("crons.toml"), &template).unwrap();
    let (good, printed) = folder.run(&["config", "--check"], &[]);
    assert!(good && printed == "ok: crons.toml\n", "{printed}");
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
        let printed = &server.banner;
        assert!(printed.contains(&format!("stored in {}", folder.path(database).display())), "{printed}");
        assert!(printed.contains(&format!("SENTRY_DSN=http://{key}@127.0.0.1:")), "{printed}");
        assert!(
            printed.contains(&format!("Settings were read from {}.", folder.path("crons.toml").display())),
            "{printed}"
        );
    }
}

#[test]
fn the_settings_file_is_the_named_one_or_the_default_one() {
    let key = |name: &str| format!("listen = \"127.0.0.1:0\"\nkey = \"{name}\"\n");
    let folder =
        Folder::new(&[("crons.toml", &key("here")), ("a.toml", &key("flag")), ("b.toml", &key("variable"))]);
    for (flags, variables, expected) in [
        (&["--config", "a.toml"][..], &[("CRONS_CONFIG", "b.toml")][..], "flag@"),
        (&[], &[("CRONS_CONFIG", "b.toml")], "variable@"),
        (&[], &[], "here@"),
    ] {
        let server = folder.serve(flags, variables);
        assert!(server.banner.contains(expected), "{}", server.banner);
    }
    let bare = Folder::new(&[]);
    let server = bare.serve(&["--listen", "127.0.0.1:0"], &[]);
    assert!(!server.banner.contains("Settings"), "{}", server.banner);
    let (started, printed) = folder.run(&["serve", "--config", "c.toml"], &[]);
    assert!(!started && printed.contains("c.toml") && printed.contains("`crons config` prints"), "{printed}");
}

#[test]
fn a_wrong_file_is_refused_with_every_fault_in_it() {
    let folder =
        Folder::new(&[("crons.toml", "lisen = \"x\"\nrate_limit = 0\n"), ("syntax.toml", "\nkey = abc\n")]);
    for arguments in [&["serve"][..], &["config", "--check"]] {
        let (good, printed) = folder.run(arguments, &[]);
        assert!(!good, "{printed}");
        assert!(
            printed.contains("crons.toml, line 1: `lisen` is not a key; did you mean `listen`?"),
            "{printed}"
        );
        assert!(printed.contains("crons.toml, line 2: rate_limit: \"0\" is neither"), "{printed}");
    }
    let (good, printed) = folder.run(&["config", "--check", "syntax.toml"], &[]);
    assert!(!good && printed.contains("syntax.toml, line 2: this is not TOML"), "{printed}");
    fs::write(folder.path("twice.toml"), "key = \"a\"\nlisten = \"a\"\nkey = \"hunter2\"\n").unwrap();
    let (good, printed) = folder.run(&["config", "--check", "twice.toml"], &[]);
    assert!(
        !good && printed.contains("twice.toml, line 3: key: this key is written twice; write it once"),
        "{printed}"
    );
    assert!(!printed.contains("hunter2"), "{printed}");
    let (good, printed) = folder.run(&["config", "--check", "nowhere.toml"], &[]);
    assert!(!good && printed.contains("nowhere.toml"), "{printed}");
}

#[test]
fn wrong_alerts_are_refused_in_words_of_toml_without_urls() {
    let webhook = "[webhook.ops]\nurl = \"https://hooks.example/topsecret\"\n";
    let alert = |keys: &str| format!("{webhook}[[alert]]\n{keys}\n");
    for (text, expected) in [
        (
            "[webhook]\nops = \"https://hooks.example/topsecret\"\n".to_owned(),
            "line 1: webhook: a target has a name, by which rules name it; write [webhook.NAME], such as [webhook.ops], and the keys",
        ),
        (
            "webhook = \"https://hooks.example/topsecret\"\n".to_owned(),
            "line 1: webhook: a target has a name",
        ),
        (
            "[webhook.ops]\nurl = 5\n".to_owned(),
            "line 2: webhook.ops.url: this is 5, and must be a text in quotes",
        ),
        (
            "alert = 5\n".to_owned(),
            "line 1: alert: this is a list of tables; write [[alert]] with two brackets",
        ),
        ("alert = [\"x\"]\n".to_owned(), "line 1: alert: this is a list of tables; write [[alert]]"),
        (
            alert("on = \"opened\"\nto = [\"ops\"]"),
            "line 4: alert.on: this is a text, and must be a list such as [\"..\"]",
        ),
        (alert("on = [\"opened\"]\nto = \"ops\""), "line 5: alert.to: this is a text, and must be a list"),
        (
            alert("on = [\"opened\"]\nto = [\"ops\"]\ntags = [5]"),
            "line 6: alert.tags: this is 5, and must be a table with key, match and value",
        ),
        (
            alert("on = [\"open\"]\nto = [\"ops\"]"),
            "line 4: alert.on: `open` is not allowed; write one of `opened`, `failure`, `resolved`",
        ),
        (alert("on = [\"opened\"]"), "alert: the key `to` is missing"),
        (
            alert("to = [\"ops\"]\nwhen = 5"),
            "alert: there is no key `when`; allowed are `on`, `match`, `tags`, `to`, `remind`, `escalate`, `group_wait`",
        ),
        ("[webhook.ops]\nsecret = \"topsecret\"\n".to_owned(), "webhook.ops: the key `url` is missing"),
    ] {
        let folder = Folder::new(&[("crons.toml", &text)]);
        let (good, printed) = folder.run(&["config", "--check"], &[]);
        assert!(!good && printed.contains(expected), "{text}: {printed}");
        for hidden in
            ["topsecret", "struct ", "Table", "sequence", "invalid type", "field", "variant", "expected"]
        {
            assert!(!printed.contains(hidden), "{text}: {printed}");
        }
    }
}

#[test]
fn a_wrong_flag_or_variable_is_named_without_its_secret() {
    let folder = Folder::new(&[]);
    for (flags, variables, part) in [
        (&["--rate-limit", "often"][..], &[][..], "--rate-limit or CRONS_RATE_LIMIT: rate_limit: \"often\""),
        (
            &["--max-monitors", "0"],
            &[],
            "max_monitors: \"0\" is not valid; write a whole number from 1 to 4294967295, or leave it out\n",
        ),
        (&[], &[("CRONS_MAX_ENVIRONMENTS", "-1")], "CRONS_MAX_ENVIRONMENTS: max_environments: \"-1\""),
        (&["--admin-token", "hunter2"], &[], "openssl rand -hex 32"),
        (
            &[],
            &[("CRONS_ADMIN_TOKEN", "hunter2 hunter2 hunter2")],
            "CRONS_ADMIN_TOKEN: admin_token: it must be 16",
        ),
        (&[], &[("CRONS_KEY", "hunter2!")], "CRONS_KEY: key: it must be 1 to 64"),
    ] {
        let (started, printed) =
            folder.run(&[&["serve", "--listen", "127.0.0.1:0"], flags].concat(), variables);
        assert!(!started && printed.contains(part), "{flags:?} {variables:?}: {printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}

#[test]
fn a_reachable_address_is_refused_without_an_admin_token() {
    let folder = Folder::new(&[("open.toml", "listen = \"0.0.0.0:0\"\n")]);
    let (started, printed) = folder.run(&["serve", "--config", "open.toml"], &[]);
    assert!(!started);
    for part in ["0.0.0.0:0", "--admin-token", "CRONS_ADMIN_TOKEN", "admin_token in crons.toml", "127.0.0.1"]
    {
        assert!(printed.contains(part), "{printed}");
    }
    assert!(!folder.path("crons.db").exists());
    let (good, printed) = folder.run(&["config", "--check", "open.toml"], &[]);
    assert!(good && printed.starts_with("ok: open.toml; but listen:"), "{printed}");
}

#[test]
fn the_banner_of_an_open_server_never_shows_the_token() {
    let folder = Folder::new(&[]);
    let token = [("CRONS_ADMIN_TOKEN", TOKEN)];
    let server = folder.serve(&["--listen", "0.0.0.0:0"], &token);
    let printed = &server.banner;
    for part in [
        "other machines can reach it",
        "require the admin token: enter it on the sign-in page",
        "not encrypted",
        "the name of this machine",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!printed.contains(TOKEN), "{printed}");
    assert_eq!(status(&server, "/", None), 401);
    assert_eq!(status(&server, "/", Some(TOKEN)), 200);
    assert_eq!(status(&server, "/health", None), 200);
    drop(server);

    let printed = folder.serve(&["--listen", "127.0.0.1:0"], &token).banner.clone();
    assert!(
        printed.contains("only this machine can reach it") && printed.contains("require the admin token"),
        "{printed}"
    );
    assert!(!printed.contains("encrypted") && !printed.contains(TOKEN), "{printed}");
}

#[test]
fn the_banner_without_a_token_is_about_this_machine_only() {
    let folder = Folder::new(&[]);
    let server = folder.serve(&["--listen", "127.0.0.1:0"], &[]);
    assert!(server.banner.contains("(only this machine can reach it;"), "{}", server.banner);
    for part in ["token", "encrypted", "other machines"] {
        assert!(!server.banner.contains(part), "{part}: {}", server.banner);
    }
    assert_eq!(status(&server, "/", None), 200);
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_what_it_is() {
    let folder = Folder::new(&[]);
    fs::write(folder.path("latin.toml"), b"# settings\nkey = \"caf\xe9\"\n").unwrap();
    fs::create_dir(folder.path("etc")).unwrap();
    for (path, expected) in [
        ("latin.toml", "latin.toml, line 2: byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("etc", "name the file in it, such as etc/crons.toml"),
        ("nowhere.toml", "name an existing file, or save what `crons config` prints there"),
    ] {
        for arguments in [
            &["config", "--check", path][..],
            &["serve", "--config", path],
            &["alert", "test", "--config", path],
        ] {
            let (good, printed) = folder.run(arguments, &[]);
            assert!(!good && printed.contains(expected), "{arguments:?}: {printed}");
        }
    }
    for arguments in [&["serve"][..], &["alert", "test"]] {
        let (good, printed) = folder.run(arguments, &[("CRONS_CONFIG", "")]);
        assert!(
            !good && printed.contains("it is empty; name a file in --config or CRONS_CONFIG"),
            "{printed}"
        );
    }
}
