//! Tests that the job has its own streams, environment and folder.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::lab::{Lab, check_ins, texts, until_written, wait};

#[test]
fn output_passes_byte_for_byte_and_nothing_is_added() {
    let lab = Lab::new();
    let bytes: Vec<u8> =
        (0..200_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    std::fs::write(lab.path("bytes"), &bytes).unwrap();
    for flags in [&["job"][..], &["job", "--no-tail"]] {
        let output = lab.sh(flags, "cat bytes; cat bytes >&2");
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stdout == bytes && output.stderr == bytes, "{flags:?}");
    }
    // The output is passed on with `--no-tail`, too, if the job fails.
    let output = lab.sh(&["job", "--no-tail"], "cat bytes; cat bytes >&2; exit 3");
    assert!(output.stdout == bytes && output.stderr == bytes && output.status.code() == Some(3));
}

#[test]
fn streams_that_are_one_file_keep_their_order() {
    let lab = Lab::new();
    let file = File::create(lab.path("both")).unwrap();
    let script = "i=0; while [ $i -lt 300 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done";
    let mut command = lab.command(&["job"], &["sh", "-c", script]);
    command.stdout(file.try_clone().unwrap()).stderr(file);
    assert!(command.status().unwrap().success());
    let expected: String = (0..300).flat_map(|i| [format!("out {i}\n"), format!("err {i}\n")]).collect();
    assert!(std::fs::read_to_string(lab.path("both")).unwrap() == expected);
}

#[test]
fn input_environment_and_folder_reach_the_job() {
    let lab = Lab::new();
    let mut child = lab
        .command(&["job"], &["sh", "-c", "cat; pwd; echo \"$MINE\""])
        .env("MINE", "a b")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"input\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let folder = lab.path("").canonicalize().unwrap();
    assert_eq!(texts(&output).1, format!("input\n{}\na b\n", folder.display()));
}

#[test]
fn the_job_knows_its_run_and_its_monitor() {
    let lab = Lab::new();
    let server = lab.server();
    let script = "echo $CRONS_CHECK_IN_ID $SENTRY_TRACE_ID $SENTRY_MONITOR_SLUG";
    let output =
        lab.reporting(server.dsn(), &["job", "--interval", "1 day"], &["sh", "-c", script]).output().unwrap();
    let (_, out, error) = texts(&output);
    let [id, trace, slug] = out.split_whitespace().collect::<Vec<_>>().try_into().expect(&error);
    assert_eq!((id, slug, id.len()), (trace, "job", 32));
    assert_eq!(check_ins(&server, "job")[0]["id"].as_str().unwrap().replace('-', ""), id);
}

#[test]
fn streams_that_are_closed_stay_closed() {
    let lab = Lab::new();
    for (redirections, fd, expected) in [
        ("<&-", 0, "closed"),
        (">&-", 1, "closed"),
        ("2>&-", 2, "closed"),
        ("</dev/null", 0, "/dev/null"),
        ("<>/dev/null", 0, "/dev/null"),
        (">/dev/null 2>&-", 2, "closed"),
    ] {
        let script = format!(
            "{} run job --log log -- sh -c '(readlink /proc/$$/fd/{fd} || echo closed) > seen; true' {redirections}",
            env!("CARGO_BIN_EXE_crons")
        );
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(lab.path("")).env("SENTRY_CRONS", "off");
        let output = command.env("CRONS_SPOOL", lab.spool()).output().unwrap();
        assert_eq!(
            std::fs::read_to_string(lab.path("seen")).unwrap().trim(),
            expected,
            "{script}: {output:?}"
        );
    }
}

#[test]
fn a_full_pipe_blocks_the_job_until_it_is_read() {
    let lab = Lab::new();
    let script = "head -c 1000000 /dev/zero; echo done > done";
    let mut child = lab.command(&["job"], &["sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    // A job whose output is not held up writes 1 MB in much less than half a second.
    std::thread::sleep(Duration::from_millis(500));
    assert!(!lab.path("done").exists());
    let mut bytes = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut bytes).unwrap();
    assert!(wait(&mut child).success() && lab.path("done").exists());
    assert_eq!(bytes.len(), 1_000_000);
}

#[test]
fn a_reader_that_goes_ends_the_job_as_without_us() {
    let lab = Lab::new();
    let mut child =
        lab.command(&["job"], &["yes"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.as_mut().unwrap().read_exact(&mut some).unwrap();
    drop(child.stdout.take());
    assert_eq!(wait(&mut child).code(), Some(141));
}

#[test]
fn a_gigabyte_passes_in_constant_memory() {
    let lab = Lab::new();
    for flags in [&["job"][..], &["job", "--quiet"]] {
        let script = "head -c 1000000000 /dev/zero; grep VmHWM /proc/$PPID/status >&2";
        let mut child = lab
            .command(flags, &["sh", "-c", &format!("{script}; exit 1")])
            .stdout(Stdio::piped())
            .stderr(File::create(lab.path("memory")).unwrap())
            .spawn()
            .unwrap();
        let copied = std::io::copy(&mut child.stdout.take().unwrap(), &mut std::io::sink()).unwrap();
        assert_eq!((copied, wait(&mut child).code()), (1_000_000_000, Some(1)));
        let memory = std::fs::read_to_string(lab.path("memory")).unwrap();
        let peak: u64 = memory.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(peak < 60_000, "{flags:?}: {peak} kB");
    }
}

#[test]
fn a_process_left_behind_lives_on_and_is_not_waited_for() {
    let lab = Lab::new();
    // The process goes on writing into a file; a pipe would keep its reader waiting.
    for piped in [false, true] {
        let script = "(sleep 1; echo late; sleep 1; echo later; echo lives > lives) & echo now";
        let mut command = lab.command(&["job"], &["sh", "-c", script]);
        let begin = Instant::now();
        if piped {
            let output = command.output().unwrap();
            let (code, out, error) = texts(&output);
            assert_eq!((code, &*out), (Some(0), "now\n"));
            assert!(error.contains("has left a process behind"), "{error}");
        } else {
            let file = File::create(lab.path("out")).unwrap();
            assert!(command.stdout(file.try_clone().unwrap()).stderr(file).status().unwrap().success());
            assert_eq!(std::fs::read_to_string(lab.path("out")).unwrap(), "now\n");
        }
        assert!(begin.elapsed() < Duration::from_millis(1_900), "{:?}", begin.elapsed());
        until_written(&lab.path("lives"), "lives");
        if !piped {
            assert_eq!(until_written(&lab.path("out"), "later\n"), "now\nlate\nlater\n");
        }
        std::fs::remove_file(lab.path("lives")).unwrap();
    }
}

#[test]
fn output_that_cannot_be_written_makes_the_run_an_error() {
    let lab = Lab::new();
    let server = lab.server();
    for (slug, script, code, reason) in [
        ("fine", "echo x", 74, "the output of the job cannot be written: No space left"),
        (
            "failed",
            "echo x; exit 3",
            3,
            "exit code 3; the output of the job cannot be written: No space left",
        ),
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = lab.reporting(server.dsn(), &[slug, "--interval", "1 day"], &["sh", "-c", script]);
        let (found, _, error) = texts(&command.stdout(full).output().unwrap());
        assert_eq!(found, Some(code), "{error}");
        assert!(error.starts_with(&format!("crons: {slug} failed: {reason}")), "{error}");
        let run = &check_ins(&server, slug)[0];
        assert_eq!(run["status"], "error");
        assert!(run["note"].as_str().unwrap().starts_with(reason), "{run}");
    }
}

#[test]
fn a_file_at_its_limit_ends_the_job_and_not_its_run() {
    let lab = Lab::new();
    let server = lab.server();
    let script = format!(
        "ulimit -f 20; exec {} run job --interval '1 day' -- sh -c 'grep SigIgn /proc/self/status >&2; exec head -c 1000000 /dev/zero'",
        env!("CARGO_BIN_EXE_crons")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(lab.path("")).env("SENTRY_DSN", server.dsn());
    command.env("CRONS_SPOOL", lab.spool()).stdout(File::create(lab.path("out")).unwrap());
    let (code, _, error) = texts(&command.output().unwrap());
    assert_eq!(code, Some(141), "{error}");
    assert!(
        error.contains("killed by SIGPIPE; the output of the job cannot be written: File too large"),
        "{error}"
    );
    assert_eq!(check_ins(&server, "job")[0]["status"], "error");
    let ignored = error.lines().next().unwrap().split_whitespace().nth(1).unwrap();
    let bit = 1 << (signal_hook::consts::SIGXFSZ - 1);
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & bit, 0, "the job has the signal's default action");
}

#[test]
fn an_stderr_that_nobody_reads_does_not_keep_the_job_from_starting() {
    let lab = Lab::new();
    let (_reader, writer) = std::io::pipe().unwrap();
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    while (&writer).write(&[0; 4096]).is_ok() {}
    while (&writer).write(&[0]).is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    // Without a DSN, a line says before the job that the run is not monitored.
    let mut crons = lab.reporting("", &["job"], &["sh", "-c", "echo > ran"]).stderr(writer).spawn().unwrap();
    until_written(&lab.path("ran"), "\n");
    assert!(wait(&mut crons).success());
}
