//! Tests that a run survives its process.

use super::lab::{Lab, check_ins, kill, statuses, texts, until, wait};

#[test]
fn the_next_run_closes_one_that_was_killed() {
    let lab = Lab::new();
    let server = lab.server();
    let flags = ["job", "--interval", "1 day"];
    let script = "while [ ! -e go ]; do sleep 0.01; done";
    let mut crons = lab.reporting(server.dsn(), &flags, &["sh", "-c", script]).spawn().unwrap();
    until("the start", || (statuses(&server, "job") == ["in_progress"]).then_some(()));
    kill(crons.id(), signal_hook::consts::SIGKILL);
    wait(&mut crons);
    let output = lab.reporting(server.dsn(), &["other", "--interval", "1 day"], &["true"]).output().unwrap();
    std::fs::write(lab.path("go"), "").unwrap();
    assert!(output.status.success());
    assert_eq!(statuses(&server, "job"), ["error"]);
    let note = check_ins(&server, "job")[0]["note"].as_str().unwrap().to_owned();
    assert!(note.starts_with("the process that reported the run was killed"), "{note}");
    assert!(
        texts(&output).2.contains("runs of job were open when their processes were killed"),
        "{output:?}"
    );
}

#[test]
fn without_a_place_for_the_spool_a_line_says_so() {
    let lab = Lab::new();
    let server = lab.server();
    std::fs::write(lab.path("file"), "").unwrap();
    let mut command = lab.reporting(server.dsn(), &["job", "--interval", "1h"], &["echo", "hi"]);
    let (code, out, error) = texts(&command.env("CRONS_SPOOL", lab.path("file/spool")).output().unwrap());
    assert_eq!((code, &*out), (Some(0), "hi\n"));
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains("there is no place for the spool"), "{error}");
    assert_eq!(statuses(&server, "job"), ["ok"]);
    let mut command = lab.reporting(server.dsn(), &["job"], &["echo", "hi"]);
    let (_, _, error) = texts(&command.env("CRONS_SPOOL", "").output().unwrap());
    assert_eq!(error, "", "switched off on purpose");
}

#[test]
fn without_a_place_for_any_file_the_job_runs_and_is_reported() {
    let lab = Lab::new();
    let server = lab.server();
    std::fs::write(lab.path("file"), "").unwrap();
    for (slug, flags, expected) in [("plain", &[][..], "hi"), ("quiet", &["--quiet"], "hi")] {
        let flags = [&[slug, "--interval", "1h"], flags].concat();
        let mut command = lab.reporting(server.dsn(), &flags, &["sh", "-c", "echo hi$CRONS_RUN_FILE"]);
        command.env("CRONS_SPOOL", lab.path("file/spool")).env("TMPDIR", lab.path("file/tmp"));
        let (code, out, error) = texts(&command.env("CRONS_RUN_FILE", "of another run").output().unwrap());
        assert_eq!((code, out.trim()), (Some(0), expected), "{error}");
        assert!(error.contains("there is no place for the spool"), "{error}");
        assert_eq!(error.contains("--quiet does not hold back the output"), slug == "quiet", "{error}");
        assert_eq!(statuses(&server, slug), ["ok"]);
    }
}

#[test]
fn the_spool_is_a_folder_of_the_user() {
    let lab = Lab::new();
    let server = lab.server();
    let mut command = lab.reporting(
        server.dsn(),
        &["job", "--interval", "1h"],
        &["sh", "-c", "ls \"$XDG_STATE_HOME/crons\""],
    );
    command.env_remove("CRONS_SPOOL").env("XDG_STATE_HOME", lab.path("state"));
    let (_, out, error) = texts(&command.output().unwrap());
    assert!(out.contains("runs"), "{out} {error}");
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&lab.path("state/crons").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o700);
}
