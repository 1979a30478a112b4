//! Tests that the exit code of the job is kept, and reported as ok or error.

use super::lab::{Lab, statuses, texts};

#[test]
fn the_exit_code_of_the_job_is_kept() {
    let lab = Lab::new();
    for code in [0, 1, 2, 7, 100, 125, 255] {
        assert_eq!(lab.sh(&["job"], &format!("exit {code}")).status.code(), Some(code));
    }
    // The signals are SIGKILL, SIGTERM, SIGSEGV, and a real-time signal, which has no name.
    for signal in [9, 15, 11, 40] {
        let code = lab.sh(&["job"], &format!("kill -{signal} $$")).status.code();
        assert_eq!(code, Some(128 + signal), "signal {signal}");
    }
}

#[test]
fn a_job_that_cannot_start_has_the_code_of_a_shell() {
    let lab = Lab::new();
    let script = lab.path("script");
    std::fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    let plain = script.to_str().unwrap();
    for (job, code, reason) in [
        ("no-such-program", 127, "no-such-program: command not found"),
        ("", 127, "\"\", the empty name: command not found"),
        ("/no/such/program", 127, "/no/such/program: command not found"),
        ("/tmp", 126, "/tmp cannot be run: Permission denied"),
        (plain, 126, "cannot be run: Permission denied"),
    ] {
        let (found, out, error) = texts(&lab.run(&["job"], &[job]));
        assert_eq!((found, &*out), (Some(code), ""), "{job}");
        assert!(error.contains(reason), "{job}: {error}");
    }
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&script, executable).unwrap();
    let (code, _, error) = texts(&lab.run(&["job"], &[plain]));
    assert_eq!(code, Some(126));
    assert!(error.contains("the interpreter that its first line names is not found"), "{error}");
    std::fs::write(&script, "echo \"$0 $1\"\nexit 4\n").unwrap();
    let (code, out, _) = texts(&lab.run(&["job"], &[plain, "argument"]));
    assert_eq!((code, out), (Some(4), format!("{plain} argument\n")));
    // A program without a slash is looked up in `PATH`, also if the shell runs it.
    let path = format!("{}:{}", lab.path("").display(), std::env::var("PATH").unwrap());
    let mut command = lab.command(&["job"], &["script", "argument"]);
    let (code, out, _) = texts(&command.env("PATH", path).current_dir("/").output().unwrap());
    assert_eq!((code, &*out), (Some(4), &*format!("{plain} argument\n")));
}

#[test]
fn each_end_is_reported_as_ok_or_error() {
    let lab = Lab::new();
    let server = lab.server();
    for (slug, flags, job, code, status) in [
        ("fine", &[][..], "exit 0", 0, "ok"),
        ("failed", &[], "exit 7", 7, "error"),
        ("killed", &[], "kill -9 $$", 137, "error"),
        ("allowed", &["--ok-codes", "3,4"], "exit 3", 3, "ok"),
        ("zero-is-ok", &["--ok-codes", "3"], "exit 0", 0, "ok"),
        ("not-allowed", &["--ok-codes", "3,4"], "exit 5", 5, "error"),
        ("signal-allowed", &["--ok-codes", "143"], "kill -15 $$", 143, "ok"),
        ("in-the-shell", &["--shell"], "exit 6", 6, "error"),
    ] {
        let flags = [&[slug, "--interval", "1 day"], flags].concat();
        let job: &[&str] = if flags.contains(&"--shell") { &[job] } else { &["sh", "-c", job] };
        let output = lab.reporting(server.dsn(), &flags, job).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{slug}: {}", texts(&output).2);
        assert_eq!(statuses(&server, slug), [status], "{slug}");
    }
    for (slug, job, code) in [("not-found", "no-such-program", 127), ("no-program", "/tmp", 126)] {
        let output = lab.reporting(server.dsn(), &[slug, "--interval", "1 day"], &[job]).output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        assert_eq!(statuses(&server, slug), ["error"]);
    }
}

#[test]
fn the_shell_gets_all_words_as_one_script() {
    let (code, out, _) = texts(&Lab::new().run(&["job", "--shell"], &["echo a |", "tr a b;", "exit 9"]));
    assert_eq!((code, &*out), (Some(9), "b\n"));
    let (code, _, error) = texts(&Lab::new().run(&["job", "--shell"], &["-x"]));
    assert_eq!(code, Some(127), "a script that looks like a flag: {error}");
}
