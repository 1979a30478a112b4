//! Tests that the job starts at once and ends on time, whatever the server does.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Child;
use std::time::{Duration, Instant};

use super::lab::{Lab, check_ins, kill, statuses, texts, until, until_written, wait};

/// A server that accepts connections and has `answer` answer each. Ends with the process.
fn server(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dsn = format!("http://key@{}/1", listener.local_addr().unwrap());
    let answer = std::sync::Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = std::sync::Arc::clone(&answer);
            std::thread::spawn(move || answer(stream));
        }
    });
    dsn
}

/// Returns an address at which nothing listens.
fn down() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://key@{}/1", listener.local_addr().unwrap())
}

fn bad_gateway() -> String {
    server(|mut stream| {
        let mut request = [0; 4096];
        while stream.read(&mut request).is_ok_and(|count| count > 0) {
            let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
        }
    })
}

fn hanging() -> String {
    server(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    })
}

#[test]
fn a_server_that_fails_neither_delays_nor_changes_the_job() {
    let lab = Lab::new();
    for (name, dsn) in [
        ("down", down()),
        ("bad gateway", bad_gateway()),
        ("hanging", hanging()),
        ("unknown host", "https://key@host.invalid/1".to_owned()),
    ] {
        let script = "date +%s%N > started; echo 123; exit 3";
        let begin = Instant::now();
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let output = lab.reporting(&dsn, &["job", "--flush", "1s"], &["sh", "-c", script]).output().unwrap();
        let took = begin.elapsed();
        let (code, out, error) = texts(&output);
        assert_eq!((code, &*out), (Some(3), "123\n"), "{name}: {error}");
        assert!(took < Duration::from_secs(8), "{name}: {took:?}");
        let started: u128 = std::fs::read_to_string(lab.path("started")).unwrap().trim().parse().unwrap();
        // A request may take 10 s.
        assert!(started - since < 5_000_000_000, "{name}: the job started after {} ns", started - since);
        assert!(error.contains("in the spool, for the next start"), "{name}: {error}");
    }
}

#[test]
fn what_was_not_delivered_is_sent_by_the_next_run() {
    let lab = Lab::new();
    let real = lab.server();
    let flags = ["owed", "--interval", "1 day", "--flush", "300ms"];
    // The address is down at first, and later that of the same server and project, so that the next run finds the spool.
    let address = real.dsn().to_owned();
    drop(real);
    assert_eq!(
        lab.reporting(&address, &flags, &["sh", "-c", "exit 3"]).output().unwrap().status.code(),
        Some(3)
    );
    let real = lab.server_at(&address, &["--rate-limit", "off"]);
    assert!(lab.reporting(&address, &["next", "--interval", "1 day"], &["true"]).status().unwrap().success());
    assert_eq!(statuses(&real, "owed"), ["error"]);
    assert_eq!(check_ins(&real, "owed")[0]["note"], "exit code 3");
    assert_eq!(statuses(&real, "next"), ["ok"]);
}

#[test]
fn a_signal_ends_the_wait_for_the_server() {
    let lab = Lab::new();
    let mut crons = lab
        .reporting(&hanging(), &["job", "--flush", "1h"], &["sh", "-c", "echo > ran; exit 4"])
        .spawn()
        .unwrap();
    until_written(&lab.path("ran"), "\n");
    // The signal is repeated, as the first may come while the job runs.
    let status = until("the end of crons", || {
        kill(crons.id(), signal_hook::consts::SIGTERM);
        std::thread::sleep(Duration::from_millis(50));
        crons.try_wait().unwrap()
    });
    assert!(matches!(status.code(), Some(4 | 143)), "{status}");
}

#[test]
fn the_start_is_reported_while_the_job_runs() {
    let lab = Lab::new();
    let server = lab.server();
    let flags = [
        "job",
        "--schedule",
        "@daily",
        "--timezone",
        "Europe/Vienna",
        "--max-runtime",
        "2h",
        "-e",
        "staging",
    ];
    let mut crons = lab
        .reporting(server.dsn(), &flags, &["sh", "-c", "while [ ! -e go ]; do sleep 0.01; done"])
        .spawn()
        .unwrap();
    until("the start", || (statuses(&server, "job") == ["in_progress"]).then_some(()));
    std::fs::write(lab.path("go"), "").unwrap();
    assert!(wait(&mut crons).success());
    let rows = check_ins(&server, "job");
    assert_eq!(
        (rows.len(), &rows[0]["status"], &rows[0]["environment"]),
        (1, &"ok".into(), &"staging".into())
    );
    let config = &rows[0]["monitorConfig"];
    assert_eq!(
        (&config["timezone"], &config["max_runtime"]),
        (&"Europe/Vienna".into(), &120.into()),
        "{config}"
    );
}

#[test]
fn the_environment_is_that_of_the_flag_the_variable_or_production() {
    let lab = Lab::new();
    let server = lab.server();
    for (slug, flags, variable, expected) in [
        ("a", &["-e", "staging"][..], Some("test"), "staging"),
        ("b", &[], Some("test"), "test"),
        ("c", &[], Some(" "), "production"),
        ("d", &[], None, "production"),
    ] {
        let mut command =
            lab.reporting(server.dsn(), &[&[slug, "--interval", "1h"], flags].concat(), &["true"]);
        command.envs(variable.map(|name| ("SENTRY_ENVIRONMENT", name)));
        assert!(command.status().unwrap().success());
        assert_eq!(check_ins(&server, slug)[0]["environment"], expected);
    }
    let mut command = lab.reporting(server.dsn(), &["e", "--interval", "1h"], &["echo", "hi"]);
    let (code, out, error) = texts(&command.env("SENTRY_ENVIRONMENT", "a/b").output().unwrap());
    assert_eq!((code, &*out), (Some(0), "hi\n"));
    assert!(error.contains("SENTRY_ENVIRONMENT: ") && error.contains("e runs unmonitored"), "{error}");
}

#[test]
fn two_hundred_runs_at_once_are_all_reported() {
    let lab = Lab::new();
    let server = lab.server();
    let start = |number: usize| -> Child {
        let slug = format!("job-{}", number % 20);
        let code = (number % 2).to_string();
        let job = ["sh", "-c", "exit $1", "sh", &code];
        let mut command =
            lab.reporting(server.dsn(), &[&slug, "--interval", "1 day", "--flush", "60s"], &job);
        command.stderr(std::process::Stdio::null()).spawn().unwrap()
    };
    let mut children: Vec<Child> = (0..200).map(start).collect();
    for (number, child) in children.iter_mut().enumerate() {
        assert_eq!(wait(child).code(), Some(i32::try_from(number % 2).unwrap()));
    }
    for number in 0..20 {
        let expected = if number % 2 == 0 { "ok" } else { "error" };
        assert_eq!(statuses(&server, &format!("job-{number}")), [expected; 10]);
    }
}
