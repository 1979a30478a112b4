//! Tests that signals to `crons run` reach all of the job.

use std::process::{Child, Stdio};

use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
};

use super::lab::{Lab, is_alive, kill, pid_in, state, statuses, texts, until, until_written, wait};

/// Starts a job, and waits until it has written its process id into the file `pid`.
fn start(lab: &Lab, flags: &[&str], script: &str) -> (Child, u32) {
    let script = format!("{script_head} {script}", script_head = "echo $$ > pid;");
    let child = lab
        .command(flags, &["sh", "-c", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = pid_in(&lab.path("pid"));
    (child, pid)
}

#[test]
fn signals_reach_the_job_and_its_children() {
    for (signal, name) in [
        (SIGINT, "INT"),
        (SIGTERM, "TERM"),
        (SIGHUP, "HUP"),
        (SIGQUIT, "QUIT"),
        (SIGUSR1, "USR1"),
        (SIGUSR2, "USR2"),
    ] {
        let lab = Lab::new();
        // The second process is a child of the job, and would be missed by a signal to the job alone.
        let child =
            format!("trap 'echo child > child; exit' {name}; echo > ready; while :; do sleep 0.01; done");
        let script = format!("trap 'echo job > job; exit 9' {name}; sh -c \"{child}\"; sleep 60");
        let (mut crons, _) = start(&lab, &["job"], &script);
        until_written(&lab.path("ready"), "\n");
        kill(crons.id(), signal);
        assert_eq!(wait(&mut crons).code(), Some(9), "{name}");
        assert!(lab.path("job").exists() && lab.path("child").exists(), "{name}");
    }
}

#[test]
fn a_signal_that_ends_the_job_is_in_the_exit_code_and_an_error() {
    let lab = Lab::new();
    let server = lab.server();
    let flags = ["job", "--interval", "1 day"];
    let mut crons =
        lab.reporting(server.dsn(), &flags, &["sh", "-c", "echo $$ > pid; exec sleep 60"]).spawn().unwrap();
    pid_in(&lab.path("pid"));
    kill(crons.id(), SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(143));
    assert_eq!(statuses(&server, "job"), ["error"]);
}

#[test]
fn a_second_interrupt_kills_a_job_that_ignores_the_first() {
    let lab = Lab::new();
    let script = "trap 'echo got >> got' INT; while :; do sleep 0.01; done";
    let (mut crons, job) = start(&lab, &["job"], script);
    kill(crons.id(), SIGINT);
    until_written(&lab.path("got"), "got");
    assert!(is_alive(job));
    kill(crons.id(), SIGINT);
    assert_eq!(wait(&mut crons).code(), Some(137));
    until("the death of the job", || (!is_alive(job)).then_some(()));
}

#[test]
fn signals_that_are_ignored_stay_ignored() {
    let lab = Lab::new();
    let inner = format!(
        "trap '' HUP; exec {} run job -- sh -c 'echo $$ > pid; grep SigIgn /proc/self/status > ignored; exec sleep 60'",
        env!("CARGO_BIN_EXE_crons")
    );
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &inner])
        .current_dir(lab.path(""))
        .env("SENTRY_CRONS", "off")
        .env("CRONS_SPOOL", lab.spool());
    let mut crons = command.stderr(Stdio::null()).spawn().unwrap();
    let job = pid_in(&lab.path("pid"));
    let ignored = until_written(&lab.path("ignored"), "\n");
    let mask = u64::from_str_radix(ignored.split_whitespace().nth(1).unwrap(), 16).unwrap();
    assert_eq!(mask & 1, 1, "SIGHUP is ignored in the job: {ignored}");
    kill(crons.id(), SIGHUP);
    kill(job, SIGHUP);
    kill(crons.id(), SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(143));
}

#[test]
fn the_job_starts_with_the_mask_of_the_start_but_for_signals_that_are_passed_on() {
    let lab = Lab::new();
    // No shell: some of them clear the mask.
    let mut command = std::process::Command::new("env");
    command.args(["--block-signal=CHLD,USR1,TERM,ALRM", env!("CARGO_BIN_EXE_crons"), "run", "job", "--"]);
    command.args(["sleep", "60"]).current_dir(lab.path(""));
    command.env("SENTRY_CRONS", "off").env("CRONS_SPOOL", lab.spool()).stderr(Stdio::null());
    let mut crons = command.spawn().unwrap();
    let children = format!("/proc/{0}/task/{0}/children", crons.id());
    let job = until("the start of the job", || {
        let children = std::fs::read_to_string(&children).unwrap_or_default();
        let job = children.split_whitespace().next().map(|pid| pid.parse::<u32>().unwrap());
        let started = |pid: &u32| comm(*pid) == "sleep";
        job.filter(started).or_else(|| crons.try_wait().unwrap().map(|_| 0))
    });
    if job == 0 {
        eprintln!("skipped: this `env` cannot block signals");
        return;
    }
    let expected = [SIGCHLD, SIGALRM].into_iter().fold(0, |mask, signal| mask | bit(signal));
    assert_eq!(blocked(&format!("/proc/{job}/status")), expected);
    kill(crons.id(), SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(143));
}

#[test]
fn a_pipe_signal_that_is_ignored_stays_ignored_in_the_job() {
    let lab = Lab::new();
    let crons = env!("CARGO_BIN_EXE_crons");
    std::fs::write(lab.path("script"), "echo \"script $1\"\n").unwrap();
    for (trap, expected) in [("trap '' PIPE; ", true), ("", false)] {
        let script = format!(
            "{trap}{crons} run job -- grep SigIgn /proc/self/status; chmod +x script; {crons} run job -- ./script a; \
             {crons} run job --shell -- 'exit 3'; echo $?; {crons} run job -- no-such-program; echo $?; {crons} run job -- echo x >&-; echo $?"
        );
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]).current_dir(lab.path("")).env("SENTRY_CRONS", "off");
        let (_, out, error) = texts(&command.env("CRONS_SPOOL", lab.spool()).output().unwrap());
        let (mask, rest) = out.split_once('\n').unwrap();
        let mask = u64::from_str_radix(mask.split_whitespace().nth(1).unwrap(), 16).unwrap();
        assert_eq!(mask & bit(SIGPIPE) != 0, expected, "{trap} {out}");
        assert_eq!(rest, "script a\n3\n127\n1\n", "{trap} {error}");
        assert!(error.contains("no-such-program: command not found"), "{error}");
    }
}

#[test]
fn a_job_starts_though_the_file_of_crons_was_replaced_meanwhile() {
    let lab = Lab::new();
    std::fs::copy(env!("CARGO_BIN_EXE_crons"), lab.path("crons")).unwrap();
    let script = "trap '' PIPE; ./crons run job --retries 1 --backoff 0s --shell -- 'test -e crons && rm crons && exit 1; exit 0'";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script]).current_dir(lab.path("")).env("SENTRY_CRONS", "off");
    let (code, _, error) = texts(&command.env("CRONS_SPOOL", lab.spool()).output().unwrap());
    assert_eq!(code, Some(0), "{error}");
}

#[test]
fn signals_interrupt_none_of_the_threads_that_copy() {
    let lab = Lab::new();
    let mut command = lab.command(&["job"], &["sh", "-c", "echo $$ > pid; exec sleep 60"]);
    let mut crons = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    pid_in(&lab.path("pid"));
    let copies = |task: &std::path::PathBuf| {
        std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "crons-output")
    };
    let masks = until("the names of both threads", || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", crons.id())).unwrap();
        let tasks = tasks.map(|task| task.unwrap().path()).filter(copies);
        let masks: Vec<u64> = tasks.map(|task| blocked(task.join("status").to_str().unwrap())).collect();
        (masks.len() == 2).then_some(masks)
    });
    let handled = [SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
    let handled = handled.into_iter().fold(0, |mask, signal| mask | bit(signal));
    assert!(masks.iter().all(|mask| mask & handled == handled), "{masks:x?}");
    kill(crons.id(), SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(143));
}

/// The name of the program that a process runs.
fn comm(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
}

/// The signals that a status file of `/proc` names as blocked, one bit each.
fn blocked(status: &str) -> u64 {
    let status = std::fs::read_to_string(status).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap()
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

#[test]
fn a_stop_and_a_continue_reach_the_job() {
    let lab = Lab::new();
    let (mut crons, job) = start(&lab, &["job"], "exec sleep 60");
    kill(crons.id(), signal_hook::consts::SIGTSTP);
    until("the stop of both", || (state(job) == 'T' && state(crons.id()) == 'T').then_some(()));
    kill(crons.id(), signal_hook::consts::SIGCONT);
    until("the continuation of both", || (state(job) != 'T' && state(crons.id()) != 'T').then_some(()));
    kill(crons.id(), SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(143));
}

#[test]
fn a_continue_right_after_a_stop_is_never_lost() {
    let lab = Lab::new();
    // A shell that starts a process may be neither stopped nor continued meanwhile, so it starts none later on.
    let script =
        "(trap '' USR1; exec sleep 60) & trap 'echo >> alive' USR1; echo > ready; while :; do wait; done";
    let (mut crons, job) = start(&lab, &["job"], script);
    until_written(&lab.path("ready"), "\n");
    let stop = || kill(crons.id(), signal_hook::consts::SIGTSTP);
    for round in 1..=8 {
        stop();
        match round % 4 {
            0 => {}
            1 => until("the stop of the job", || (state(job) == 'T').then_some(())),
            // In this round a second stop follows before anything came of the first one.
            2 => {
                kill(crons.id(), signal_hook::consts::SIGCONT);
                stop();
            }
            _ => until("the stop of both", || (state(crons.id()) == 'T').then_some(())),
        }
        kill(crons.id(), signal_hook::consts::SIGCONT);
        kill(crons.id(), SIGUSR1);
        let alive = || std::fs::read(lab.path("alive")).is_ok_and(|lines| lines.len() >= round);
        until("a sign of the job", || alive().then_some(()));
    }
    kill(crons.id(), SIGTERM);
    assert_eq!(wait(&mut crons).code(), Some(143));
}

#[test]
fn a_job_that_is_stopped_by_others_does_not_stop_us() {
    let lab = Lab::new();
    let (mut crons, job) = start(&lab, &["job"], "while [ ! -e go ]; do sleep 0.01; done");
    kill(job, signal_hook::consts::SIGSTOP);
    std::fs::write(lab.path("go"), "").unwrap();
    kill(job, signal_hook::consts::SIGCONT);
    assert_eq!(wait(&mut crons).code(), Some(0));
}

#[test]
fn process_one_reaps_orphans() {
    let lab = Lab::new();
    let crons = env!("CARGO_BIN_EXE_crons");
    // The grandchild outlives its parent, becomes a child of process 1, and ends.
    let script = "(sh -c 'sleep 0.1; echo > ended' &); while [ ! -e ended ]; do sleep 0.01; done; i=0; \
                  while grep -qs '^State:.Z' /proc/[0-9]*/status && [ $i -lt 500 ]; do i=$((i+1)); sleep 0.01; done; \
                  cat /proc/1/comm; grep -l '^State:.Z' /proc/[0-9]*/status; exit 6";
    let mut command = std::process::Command::new("unshare");
    command.args(["--pid", "--fork", "--mount-proc", crons, "run", "job", "--", "sh", "-c", script]);
    command.current_dir(lab.path("")).env("SENTRY_CRONS", "off").env("CRONS_SPOOL", lab.spool());
    let Ok(output) = command.output() else {
        eprintln!("skipped: there is no `unshare`");
        return;
    };
    let (code, out, error) = texts(&output);
    if error.contains("unshare") {
        eprintln!("skipped: this user cannot make a namespace: {error}");
        return;
    }
    assert_eq!((code, &*out), (Some(6), "crons\n"), "{error}");
}

#[test]
fn a_job_outlives_a_crons_that_is_killed() {
    let lab = Lab::new();
    let (mut crons, job) = start(&lab, &["job"], "while [ ! -e go ]; do sleep 0.01; done; echo > went");
    kill(crons.id(), SIGKILL);
    wait(&mut crons);
    assert!(is_alive(job));
    std::fs::write(lab.path("go"), "").unwrap();
    until_written(&lab.path("went"), "\n");
}
