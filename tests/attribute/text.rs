//! Tests that the log has the text of an `Err` or a panic, beside the slug and the id of its run.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;

use anyhow::Context;
use crons::test::with_captured_check_ins;

use crate::support::child;
use crate::support::log::Log;

static LOG: LazyLock<Log> = LazyLock::new(Log::install);

struct Silent;

#[derive(Debug)]
struct Spelled;

/// An error that panics when it is displayed.
struct Nasty;

impl fmt::Display for Nasty {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        resume_unwind(Box::new(7))
    }
}

#[crons::monitor]
fn displayed() -> anyhow::Result<()> {
    Err(anyhow::anyhow!("disk is full")).context("cannot write")
}

/// Fails; called only by the test without a client, as the others look in the log for their jobs.
#[crons::monitor]
fn unheard() -> Result<(), String> {
    Err("nobody listens".to_owned())
}

#[crons::monitor]
fn debugged() -> Result<(), Spelled> {
    Err(Spelled)
}

#[crons::monitor]
fn silent() -> Result<(), Silent> {
    Err(Silent)
}

#[crons::monitor]
fn nasty() -> Result<(), Nasty> {
    Err(Nasty)
}

#[crons::monitor]
fn endless() -> Result<(), String> {
    Err("\u{e9}".repeat(100_000))
}

#[crons::monitor(on_none = "error")]
fn nothing() -> Option<()> {
    None
}

#[crons::monitor]
async fn in_a_future() -> Result<(), &'static str> {
    std::future::ready(()).await;
    Err("no answer")
}

#[crons::monitor]
fn hidden_future() -> std::future::Ready<u8> {
    std::future::ready(7)
}

#[crons::monitor]
fn panics_with(payload: Payload) {
    match payload {
        Payload::Str => resume_unwind(Box::new("at the disco")),
        Payload::String => resume_unwind(Box::new(String::from("at the opera"))),
        Payload::Other => resume_unwind(Box::new(7_u8)),
    }
}

#[crons::monitor]
async fn panics_in_a_future(payload: Payload) {
    std::future::ready(()).await;
    panics_with(payload);
}

enum Payload {
    Str,
    String,
    Other,
}

/// The lines of the log about `slug` while `job` runs, with the id of its first check-in.
fn said<R>(slug: &str, job: impl FnOnce() -> R) -> (Vec<String>, String) {
    let before = LOG.text().len();
    let check_ins = with_captured_check_ins(job);
    let text = LOG.text()[before..].to_owned();
    let id = check_ins[0].check_in_id.map(|id| id.to_string()).unwrap_or_default();
    // The log is shared with other tests, and some of them have the same jobs.
    let of_run = |line: &&str| !line.contains("check_in_id=") || line.contains(&id);
    let lines = text.lines().filter(|line| line.contains(&format!("slug={slug}"))).filter(of_run);
    (lines.map(str::to_owned).collect(), id)
}

#[track_caller]
fn says_once<R>(slug: &str, text: &str, job: impl FnOnce() -> R) {
    let (lines, id) = said(slug, job);
    let [line] = &*lines else { unreachable!("one line expected: {lines:#?}") };
    assert!(
        line.contains("ERROR") && line.ends_with(&format!("slug={slug} check_in_id={id} error={text}")),
        "{line}"
    );
}

#[test]
fn an_err_says_what_it_can() {
    if !child::is_alone() {
        return;
    }
    says_once("displayed", "cannot write: disk is full", displayed);
    says_once("debugged", "Spelled", debugged);
    says_once("nothing", "it returned `None`", nothing);
    assert!(said("silent", silent).0.is_empty(), "there is nothing to be said");
}

#[test]
fn an_err_of_a_future_says_what_it_can() {
    if !child::is_alone() {
        return;
    }
    says_once("in-a-future", "no answer", || pollster::block_on(in_a_future()));
}

#[test]
fn a_panic_says_what_it_can_and_goes_on_as_it_was() {
    if !child::is_alone() {
        return;
    }
    let panicking = |payload| {
        let raised = catch_unwind(AssertUnwindSafe(|| panics_with(payload))).unwrap_err();
        assert!(raised.is::<&str>() || raised.is::<String>() || raised.is::<u8>(), "the payload was wrapped");
    };
    says_once("panics-with", "at the disco", || panicking(Payload::Str));
    says_once("panics-with", "at the opera", || panicking(Payload::String));
    says_once("panics-with", "a panic without a text", || panicking(Payload::Other));
}

#[test]
fn a_panic_in_a_future_is_said_by_each_run_that_it_ends() {
    if !child::is_alone() {
        return;
    }
    let run = || {
        let run = AssertUnwindSafe(|| pollster::block_on(panics_in_a_future(Payload::Str)));
        assert_eq!(catch_unwind(run).unwrap_err().downcast_ref(), Some(&"at the disco"));
    };
    let (lines, id) = said("panics-in-a-future", run);
    let [line] = &*lines else { unreachable!("one line expected: {lines:#?}") };
    assert!(line.ends_with(&format!("check_in_id={id} error=at the disco")), "{line}");
}

#[test]
fn a_text_that_panics_or_does_not_end_harms_nobody() {
    if !child::is_alone() {
        return;
    }
    says_once("nasty", "..", || assert!(nasty().is_err()));
    let (lines, _) = said("endless", || assert_eq!(endless().unwrap_err().len(), 200_000));
    assert!(lines[0].len() < 2_500 && lines[0].ends_with("\u{e9}.."), "{lines:?}");
}

#[test]
fn a_future_that_the_signature_hides_is_said_to_be_unwatched() {
    if !child::is_alone() {
        return;
    }
    let (lines, _) = said("hidden-future", || drop(hidden_future()));
    assert!(lines[0].contains("only its making is watched"), "{lines:?}");
    assert!(said("hidden-future", || drop(hidden_future())).0.is_empty(), "once is enough");
}

#[test]
fn without_a_client_nothing_is_said() {
    if !child::is_alone() {
        return;
    }
    LazyLock::force(&LOG);
    assert!(unheard().is_err());
    assert!(!LOG.text().contains("slug=unheard"), "{}", LOG.text());
}
