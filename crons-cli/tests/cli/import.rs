//! `crons import`: several files at once, files that cannot be read, and the exit code.

use super::support::{Finished, crons, run};

const CRON_JOB: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: backup}\nspec:\n  schedule: '0 3 * * *'\n  jobTemplate: \
    {spec: {template: {spec: {containers: [{name: main, command: [/bin/backup]}]}}}}\n";

/// Files in a folder, which are imported by their names.
fn import(source: &str, files: &[(&str, &[u8])], names: &[&str]) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut command = crons(&["import", source, "--timezone", "UTC", "--crons", "crons"]);
    let output = command.args(names).current_dir(folder.path()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_file_without_a_cron_job_does_not_hold_back_the_others() {
    let files: [(&str, &[u8]); 4] = [
        ("job.yaml", CRON_JOB.as_bytes()),
        ("service.yaml", b"kind: Service\n"),
        ("broken.yaml", b"a: ["),
        ("args.yaml", &CRON_JOB.replace("command", "args").into_bytes()),
    ];
    for (names, success, reason) in [
        (&["job.yaml"][..], true, ""),
        (
            &["job.yaml", "service.yaml"],
            true,
            "crons: service.yaml: left as it is: there is no object of kind CronJob\n",
        ),
        (
            &["broken.yaml", "job.yaml"],
            false,
            "crons: broken.yaml: left as it is: no YAML: line 1 column 4: unclosed bracket '['\n",
        ),
        (&["job.yaml", "gone.yaml"], false, "crons: gone.yaml: left as it is: it cannot be read: "),
        (
            &["args.yaml", "job.yaml"],
            false,
            "crons: args.yaml, CronJob backup: left as it is: its container main has no",
        ),
    ] {
        let finished = import("kubernetes", &files, names);
        assert_eq!(finished.success, success, "{names:?}: {}", finished.stderr);
        assert!(finished.stderr.starts_with(reason), "{names:?}: {}", finished.stderr);
        assert!(
            finished.stdout.contains("command: [\"crons\",\"run\",\"backup\""),
            "{names:?}: {}",
            finished.stdout
        );
    }
    let finished = import("kubernetes", &files, &["service.yaml", "broken.yaml"]);
    assert!(!finished.success && finished.stdout.is_empty());
    assert_eq!(finished.stderr.lines().count(), 2, "{}", finished.stderr);
}

#[test]
fn a_file_that_is_not_utf_8_is_named_with_its_line() {
    let files: [(&str, &[u8]); 1] = [("jobs", b"# one\n# caf\xe9\n0 3 * * * a\n")];
    let finished = import("crontab", &files, &["jobs"]);
    assert!(!finished.success && finished.stdout.is_empty());
    let expected =
        "crons: jobs: line 2 is not UTF-8; convert the file, such as by `iconv -f LATIN1 -t UTF-8 jobs`";
    assert!(finished.stderr.starts_with(expected), "{}", finished.stderr);
}

#[test]
fn standard_input_is_named_in_messages() {
    let finished = run(&["import", "kubernetes", "-"], "a: [");
    assert!(!finished.success);
    assert!(finished.stderr.starts_with("crons: standard input: no YAML: line 1"), "{}", finished.stderr);
}

#[test]
fn a_unit_that_is_missing_does_not_hold_back_the_others() {
    let files: [(&str, &[u8]); 2] = [
        ("backup.timer", b"[Timer]\nOnCalendar=daily\n"),
        ("backup.service", b"[Service]\nExecStart=/bin/backup\n"),
    ];
    let finished = import("systemd", &files, &["./gone.timer", "./backup.timer"]);
    assert!(
        !finished.success
            && finished.stderr.starts_with("crons: ./gone.timer: left as it is: there is no unit"),
        "{}",
        finished.stderr
    );
    assert!(finished.stdout.contains("ExecStart=crons run backup --schedule"), "{}", finished.stdout);
}

/// Runs the command of a crontab line as cron does: the first `%` without a backslash ends it, and the rest is its standard input.
#[cfg(unix)]
fn run_as_cron(command: &str) -> (Option<i32>, String) {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let marked = command.replace("\\%", "\u{0}");
    let (script, input) = marked.split_once('%').unwrap_or((&marked, ""));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script.replace('\u{0}', "%")]).env_remove("SENTRY_DSN");
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // Fails if the command does not read its standard input.
    let _ =
        shell.stdin.take().unwrap().write_all(input.replace('%', "\n").replace('\u{0}', "\\%").as_bytes());
    let output = shell.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[cfg(unix)]
#[test]
fn a_wrapped_line_runs_as_before() {
    for command in [
        "echo 'it''s' --x",
        r#"echo a; echo "$(echo ")")" ; echo b"#,
        r#"[ "$(date +\%Y)" -gt 2000 ] && echo yes"#,
        r#"printf "\%s|" a\ b c\ "#,
        r#"echo ${X:-"}"} \$x `echo hi`"#,
        r"echo it\'s \\",
        "cat %one%two  ",
        r"cat %a \% b",
        "echo a # b ; c",
        "{ echo 1; echo 2 >&2; } 2>&1",
        r#"A=5 sh -c "echo \$A""#,
        "for i in 1 2; do echo $i; done",
        "echo 'a;b' | tr ab xy",
        "echo 'unclosed",
        "exit 3",
        "/bin/sh -c 'echo $0 $1; exit 4' p q",
    ] {
        let program = env!("CARGO_BIN_EXE_crons");
        let line = format!("@daily {command}\n");
        let finished = run(&["import", "crontab", "--timezone", "UTC", "--crons", program, "-"], &line);
        let wrapped = finished.stdout.lines().find_map(|line| line.strip_prefix("@daily ")).unwrap();
        assert!(wrapped.starts_with(program), "{command}: {}", finished.stderr);
        assert_eq!(run_as_cron(wrapped), run_as_cron(command), "{wrapped}");
    }
}
