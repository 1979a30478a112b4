//! `crons completions` and `crons man`, for all commands.

use std::collections::BTreeSet;
use std::process::Command;

use super::support::run;

/// The names of all commands, as `crons --help` lists them.
fn commands() -> BTreeSet<String> {
    let help = run(&["--help"], "").stdout;
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    let names = names.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn completions_know_every_command_and_bash_reads_them() {
    let commands = commands();
    assert!(commands.contains("run") && commands.contains("doctor"), "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell], "");
        assert!(script.success, "{shell}: {}", script.stderr);
        for name in &commands {
            assert!(script.stdout.contains(name.as_str()), "{shell}: {name}");
        }
        assert!(!script.stdout.contains("copy-output"), "{shell}: a hidden command");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crons.bash");
    std::fs::write(&file, run(&["completions", "bash"], "").stdout).unwrap();
    // The script prints the completions that bash offers after `crons doc`.
    let script = "source \"$1\" && COMP_WORDS=(crons doc) COMP_CWORD=1 && _crons crons doc crons && echo \"${COMPREPLY[@]}\"";
    match Command::new("bash").args(["-n"]).arg(&file).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => return assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
    let offered = Command::new("bash").args(["-c", script, "bash"]).arg(&file).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&offered.stdout).trim(), "doctor", "{offered:?}");
    let refused = run(&["completions", "tcsh"], "");
    assert!(!refused.success && refused.stderr.contains("bash"), "{}", refused.stderr);
}

#[test]
fn every_command_has_a_page_that_man_reads() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("share/man1");
    let written = run(&["man", target.to_str().unwrap()], "");
    assert!(written.success, "{}", written.stderr);
    let files: BTreeSet<String> = std::fs::read_dir(&target)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let printed: BTreeSet<String> =
        written.stdout.lines().map(|line| line.rsplit('/').next().unwrap().to_owned()).collect();
    assert_eq!(files, printed);
    for name in commands() {
        assert!(files.contains(&format!("crons-{name}.1")), "{name}: {files:?}");
    }
    assert!(
        files.contains("crons-import-crontab.1") && files.contains("crons-history-import.1"),
        "{files:?}"
    );
    assert!(
        files.contains("crons.1")
            && !files.iter().any(|file| file.contains("help") || file.contains("copy-output"))
    );

    let page = std::fs::read_to_string(target.join("crons-run.1")).unwrap();
    assert!(page.contains(".TH") && page.contains(r"\-\-failure\-issue\-threshold"), "{page}");
    assert!(run(&["man"], "").stdout.contains(".TH crons"));
    for name in &files {
        // `mandoc` and `groff` name what is wrong; machines without either are common.
        for reader in
            [&["mandoc", "-T", "lint", "-W", "error"][..], &["groff", "-man", "-ww", "-z", "-Tutf8"]]
        {
            let Ok(output) = Command::new(reader[0]).args(&reader[1..]).arg(target.join(name)).output()
            else {
                continue;
            };
            let said = String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && !said.contains("error"), "{name}: {said}");
        }
    }
    let refused = run(&["man", "/dev/null/folder"], "");
    assert!(!refused.success && refused.stderr.contains("/dev/null/folder"), "{}", refused.stderr);
}

#[test]
fn the_readme_names_every_command() {
    let readme = include_str!("../../README.md");
    for name in commands() {
        assert!(
            readme.contains(&format!("crons {name}")) || readme.contains(&format!("`{name}`")),
            "{name} is not in crons-cli/README.md"
        );
    }
}
