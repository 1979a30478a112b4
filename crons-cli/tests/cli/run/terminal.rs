//! Tests that a terminal stays the job's own.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use pty_process::blocking::{Command, open};

use super::lab::{DEADLINE, Lab, kill, pid_in, state, until, wait};

/// A terminal and what it has shown.
struct Screen {
    keyboard: File,
    shown: Receiver<Vec<u8>>,
    text: String,
}

impl Screen {
    /// Starts a command as the leader of a session on a terminal.
    fn start(lab: &Lab, arguments: &[&str]) -> (Self, std::process::Child) {
        let (terminal, session) = open().unwrap();
        terminal.resize(pty_process::Size::new(24, 400)).unwrap();
        let mut command = Command::new(arguments[0]).args(&arguments[1..]).current_dir(lab.path(""));
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("SENTRY_") || name.starts_with("CRONS_"))
        {
            command = command.env_remove(name);
        }
        let command = command.env("SENTRY_CRONS", "off").env("CRONS_SPOOL", lab.spool()).env("PS1", "$ ");
        let child = command.spawn(session).unwrap();
        let (sender, shown) = channel();
        let mut screen = terminal;
        let keyboard = File::from(screen.as_fd().try_clone_to_owned().unwrap());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = screen.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        (Self { keyboard, shown, text: String::new() }, child)
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the terminal has shown these words since the last call; returns what it has shown until then.
    fn until(&mut self, words: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(at) = self.text.find(words) {
                let rest = self.text.split_off(at + words.len());
                return std::mem::replace(&mut self.text, rest);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let bytes = self.shown.recv_timeout(left).unwrap_or_default();
            assert!(!bytes.is_empty(), "no {words:?} in {:?}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

const CRONS: &str = env!("CARGO_BIN_EXE_crons");

#[test]
fn all_streams_are_terminals_and_the_job_is_in_the_foreground() {
    let lab = Lab::new();
    let script = "test -t 0 && test -t 1 && test -t 2 && echo terminals; read line; echo \"got $line\"; stty size; exit 3";
    let (mut screen, mut crons) =
        Screen::start(&lab, &[CRONS, "run", "job", "--no-tail", "--", "sh", "-c", script]);
    screen.until("terminals");
    screen.press("words\n");
    screen.until("got words");
    screen.until("24 400");
    assert_eq!(wait(&mut crons).code(), Some(3));
}

#[test]
fn the_keyboard_interrupts_the_job() {
    let lab = Lab::new();
    let script = "trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 0.01; done";
    let (mut screen, mut crons) = Screen::start(&lab, &[CRONS, "run", "job", "--", "sh", "-c", script]);
    screen.until("ready");
    screen.press("\x03");
    screen.until("interrupted");
    assert_eq!(wait(&mut crons).code(), Some(5));
}

#[test]
fn a_job_may_handle_the_interrupts_of_the_keyboard_itself() {
    let lab = Lab::new();
    let script = "trap 'echo interrupted' INT; echo ready; read a; read b; read c; exit 7";
    let (mut screen, mut crons) = Screen::start(&lab, &[CRONS, "run", "job", "--", "sh", "-c", script]);
    screen.until("ready");
    for _ in 0..3 {
        screen.press("\x03");
        screen.until("interrupted");
    }
    screen.press("\n\n\n");
    assert_eq!(wait(&mut crons).code(), Some(7));
}

#[test]
fn a_shell_stops_and_continues_the_job() {
    let lab = Lab::new();
    let (mut screen, mut shell) = Screen::start(&lab, &["sh", "-i"]);
    // The shell shows the command, too, so its words are written in two parts.
    let job = "trap \"echo inter\"\"rupted; exit 5\" INT; trap \"echo con\"\"tinued\" CONT; echo rea\"\"dy; \
               while :; do read line; echo hea\"\"rd; done";
    screen.until("$ ");
    screen.press(&format!("{CRONS} run job -- sh -c '{job}'\n"));
    screen.until("ready");
    // From here on the job has the terminal.
    screen.press("\n");
    screen.until("heard");
    screen.press("\x1a");
    // The shell prints its prompt when the job is stopped.
    screen.until("$ ");
    screen.press("jobs\n");
    screen.until("topped");
    screen.press("fg\n");
    screen.until("continued");
    screen.press("\x03");
    screen.until("interrupted");
    screen.press("echo code=$?\n");
    screen.until("code=5");
    // A job that reads in the background is stopped, as without `crons run`.
    screen.press(&format!("{CRONS} run job -- sh -c 'read line; echo \"got $line\"' &\n"));
    screen.until("$ ");
    until("the stop in the background", || {
        screen.press("jobs; echo li\"\"sted\n");
        screen.until("listed").contains("topped").then_some(())
    });
    screen.press("fg\n");
    screen.press("words\n");
    screen.until("got words");
    screen.press("exit 4\n");
    assert_eq!(wait(&mut shell).code(), Some(4));
}

#[test]
fn a_job_in_the_background_may_be_stopped_and_continued_by_others() {
    let lab = Lab::new();
    let (mut screen, mut shell) = Screen::start(&lab, &["sh", "-i"]);
    screen.until("$ ");
    let job = "echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done; exit 6";
    screen.press(&format!("{CRONS} run job --no-tail -- sh -c '{job}' &\n"));
    let job = pid_in(&lab.path("pid"));
    kill(job, signal_hook::consts::SIGSTOP);
    until("the stop of the job", || (state(job) == 'T').then_some(()));
    kill(job, signal_hook::consts::SIGCONT);
    std::fs::write(lab.path("go"), "").unwrap();
    screen.press("wait $!; echo code=$?\n");
    screen.until("code=6");
    screen.press("exit 4\n");
    assert_eq!(wait(&mut shell).code(), Some(4));
}

#[test]
fn each_attempt_starts_with_the_mask_of_the_first() {
    let lab = Lab::new();
    let script = "grep SigBlk /proc/self/status | cut -f2; exit 1";
    let flags = ["--retries", "1", "--backoff", "0"];
    let (mut screen, mut crons) =
        Screen::start(&lab, &[&[CRONS, "run", "job"], &flags[..], &["--", "sh", "-c", script]].concat());
    for _ in 0..2 {
        screen.until("0000000000000000");
    }
    assert_eq!(wait(&mut crons).code(), Some(1));
}

#[test]
fn in_a_pipeline_the_keyboard_reaches_all() {
    let lab = Lab::new();
    let (mut screen, mut shell) = Screen::start(&lab, &["sh", "-i"]);
    screen.until("$ ");
    screen.press(&format!("{CRONS} run job --no-tail -- sh -c 'echo rea\"\"dy >&2; read line; echo \"got $line\"' | tr a-z A-Z\n"));
    screen.until("ready");
    screen.press("words\n");
    screen.until("GOT WORDS");
    screen.press(&format!("{CRONS} run job -- sh -c 'echo rea\"\"dy >&2; exec sleep 60' | cat\n"));
    screen.until("ready");
    screen.press("\x03");
    screen.until("killed by SIGINT");
    screen.press("exit 4\n");
    assert_eq!(wait(&mut shell).code(), Some(4));
}

#[test]
fn a_terminal_that_hangs_up_ends_the_job() {
    let lab = Lab::new();
    let script = "echo $$ > pid; echo ready; exec sleep 60";
    let (mut screen, mut crons) = Screen::start(&lab, &[CRONS, "run", "job", "--", "sh", "-c", script]);
    screen.until("ready");
    let job = pid_in(&lab.path("pid"));
    kill(crons.id(), signal_hook::consts::SIGHUP);
    assert_eq!(wait(&mut crons).code(), Some(129));
    assert!(!super::lab::is_alive(job));
}

#[test]
fn in_a_script_a_timeout_and_a_signal_reach_the_children_of_the_job() {
    let job = "sleep 611 & echo $! > child; wait; echo x";
    for (flags, code) in [("--timeout 300ms", 124), ("", 143)] {
        let lab = Lab::new();
        // The script, which is one process more, shares its process group with the job.
        let script =
            format!("{CRONS} run job {flags} -- sh -c 'echo $PPID > crons; {job}'; echo code=$?; read line");
        let (mut screen, mut shell) = Screen::start(&lab, &["sh", "-c", &script]);
        let child = pid_in(&lab.path("child"));
        if flags.is_empty() {
            kill(pid_in(&lab.path("crons")), signal_hook::consts::SIGTERM);
        }
        screen.until(&format!("code={code}"));
        // The end of the session would end the child, too.
        until("the end of the child", || (!super::lab::is_alive(child)).then_some(()));
        screen.press("\n");
        assert!(wait(&mut shell).success());
    }
}
