//! Tests of `crons demo`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

#[test]
fn the_demo_serves_its_jobs_until_it_is_stopped() {
    let mut demo =
        Command::new(env!("CARGO_BIN_EXE_crons")).arg("demo").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(demo.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let page = ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("nightly-backup"), "{page}");
    demo.kill().unwrap();
    demo.wait().unwrap();
}

#[test]
fn the_demo_refuses_an_address_of_other_machines() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_crons")).args(["demo", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("this machine only"));
}
