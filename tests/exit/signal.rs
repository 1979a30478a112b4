//! Tests of programs that a signal ends, with `ClientOptions::on_signal`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crons::{ClientOptions, monitor};
use libtest_mimic::{Failed, Trial};

use crate::program::{command, wait};
use crate::support::{Behaviour, DEADLINE, Sink, statuses};

const GRACE: Duration = Duration::from_secs(2);

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("the_first_signal_closes_open_runs_and_then_ends_the_process", first_signal),
        Trial::test("the_second_signal_ends_the_process_at_once", second_signal),
        Trial::test("a_silent_server_delays_a_signal_by_the_grace_at_most", silent_server),
        Trial::test("a_signal_that_is_ignored_stays_ignored", ignored_signal),
        Trial::test("a_forked_child_ends_at_once", forked_child),
        Trial::test("without_the_option_the_process_ends_at_once", without_the_option),
    ]
}

pub fn child(case: &str, dsn: &str) {
    let options = ClientOptions::new().dsn(dsn).shutdown_timeout(DEADLINE);
    let options = match case {
        "without" => options,
        "long-grace" => options.on_signal(DEADLINE),
        _ => options.on_signal(GRACE),
    };
    // The signals are set back to their default, as children inherit ignored ones: under `nohup` the tests ignore
    // SIGHUP, as a background job of a shell SIGINT.
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
        let ignored = case == "ignored" && signal == libc::SIGHUP;
        #[expect(
            unsafe_code,
            reason = "sets the action of a signal, as nohup does before it starts a program"
        )]
        unsafe {
            libc::signal(signal, if ignored { libc::SIG_IGN } else { libc::SIG_DFL })
        };
    }
    let crons = crons::init(options);
    monitor("job").run(|| {
        // A server that does not answer cannot be waited for.
        crons.flush(if case == "within-run" { DEADLINE } else { Duration::from_millis(100) });
        if case == "forked" {
            #[expect(unsafe_code, reason = "there is no safe fork; the child only sleeps")]
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                // The child prints it, as the parent may be ahead of what the fork does in the child.
                say(&std::process::id().to_string());
                loop {
                    std::thread::sleep(DEADLINE);
                }
            }
            let mut status = 0;
            #[expect(unsafe_code, reason = "waits for a child of ours")]
            unsafe {
                libc::waitpid(pid, &raw mut status, 0)
            };
            assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGTERM);
            return;
        }
        say("ready");
        if case == "ignored" {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
            return;
        }
        loop {
            std::thread::sleep(DEADLINE);
        }
    });
}

fn say(line: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{line}").unwrap();
    stdout.flush().unwrap();
}

/// Starts the child. Returns it when it is in the middle of its run, and the line that it printed then.
fn start(case: &str, sink: &Sink) -> (Child, String) {
    let mut program = command(&format!("signal: {case}"), &sink.dsn());
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = program.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}

fn send(signal: i32, pid: u32) {
    #[expect(unsafe_code, reason = "sends a signal to a child of ours")]
    let sent = unsafe { libc::kill(i32::try_from(pid).unwrap(), signal) };
    assert_eq!(sent, 0);
}

fn first_signal() -> Result<(), Failed> {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        let sink = Sink::start(|_| Behaviour::Answer(200));
        let (mut child, _) = start("within-run", &sink);
        send(signal, child.id());
        let status = wait(&mut child)?;
        assert_eq!((status.code(), status.signal()), (None, Some(signal)));
        assert_eq!(statuses(&sink.check_ins(), "job"), ["in_progress", "error"]);
    }
    Ok(())
}

fn second_signal() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Silence);
    let (mut child, _) = start("long-grace", &sink);
    let begin = Instant::now();
    // The signal is sent until the process is gone: the first one may still be on its way when the second is sent, and
    // then counts as one with it.
    while child.try_wait()?.is_none() {
        send(libc::SIGTERM, child.id());
        std::thread::sleep(Duration::from_millis(20));
        assert!(begin.elapsed() < DEADLINE / 2, "it waits for the grace");
    }
    assert_eq!(wait(&mut child)?.signal(), Some(libc::SIGTERM));
    Ok(())
}

fn silent_server() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Silence);
    let (mut child, _) = start("silent", &sink);
    let begin = Instant::now();
    send(libc::SIGTERM, child.id());
    assert_eq!(wait(&mut child)?.signal(), Some(libc::SIGTERM));
    let took = begin.elapsed();
    assert!((GRACE..DEADLINE / 2).contains(&took), "{took:?}");
    Ok(())
}

fn ignored_signal() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let (mut child, _) = start("ignored", &sink);
    send(libc::SIGHUP, child.id());
    writeln!(child.stdin.take().unwrap())?;
    assert_eq!(wait(&mut child)?.code(), Some(0));
    assert_eq!(statuses(&sink.check_ins(), "job").last(), Some(&"ok"));
    Ok(())
}

fn forked_child() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let (mut child, forked) = start("forked", &sink);
    send(libc::SIGTERM, forked.parse()?);
    assert_eq!(wait(&mut child)?.code(), Some(0));
    assert_eq!(statuses(&sink.check_ins(), "job").last(), Some(&"ok"), "the parent goes on");
    Ok(())
}

fn without_the_option() -> Result<(), Failed> {
    let sink = Sink::start(|_| Behaviour::Answer(200));
    let (mut child, _) = start("without", &sink);
    send(libc::SIGTERM, child.id());
    assert_eq!(wait(&mut child)?.signal(), Some(libc::SIGTERM));
    assert_eq!(statuses(&sink.check_ins(), "job"), ["in_progress"]);
    Ok(())
}
