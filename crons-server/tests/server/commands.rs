//! Alerts that run a command: one that fails, hangs, prints without end, or reads nothing.

use std::path::Path;

use crate::harness::{Harness, id, with};
use crate::receiver::eventually;
use crons_server::{Alerts, PrivateTargets};
use serde_json::{Value, json};

/// A server that runs this script of the shell, with a folder as its first argument.
fn server(script: &str, folder: &Path) -> Harness {
    let command = json!({"run": ["/bin/sh", "-c", script, "alert", folder], "timeout": "1s"});
    let rule = json!({"on": ["opened", "resolved"], "to": ["pager"], "group_wait": "off"});
    Harness::with_alerts("10:00:00", json!({"command": {"pager": command}, "alert": [rule]}))
}

fn fail(harness: &Harness) {
    let mut failed = with(&id('a'), "error", &json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}}));
    failed["note"] = json!("`touch $1/pwned`\u{0} $(touch $1/pwned)");
    failed["environment"] = json!("$(touch pwned)");
    harness.send("10:00:01", &failed);
}

fn first(harness: &Harness, key: &str) -> Value {
    harness.alerts()[0][key].clone()
}

fn answer(harness: &Harness) -> String {
    first(harness, "lastAnswer").as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_command_gets_the_message_on_its_input_and_facts_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        r#"cat > "$1/input"; env > "$1/environment"; printf %s "$CRONS_TEXT" > "$1/text"; echo paged"#;
    let harness = server(script, folder.path());
    fail(&harness);
    eventually("it is delivered", || first(&harness, "status") == "delivered");
    assert_eq!(answer(&harness), "exit code 0: paged");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let body: Value = serde_json::from_str(&read("input")).unwrap();
    assert_eq!((&body["event"], &body["id"]), (&json!("opened"), &first(&harness, "id")));
    let environment = read("environment");
    for line in ["CRONS_EVENT=opened", "CRONS_MONITOR=job", "CRONS_ENVIRONMENT=$(touch pwned)"] {
        assert!(environment.lines().any(|there| there == line), "{line}: {environment}");
    }
    assert!(
        read("text").starts_with("FAILING: job in $(touch pwned) since 2024-06-03 10:00 UTC: 1 run failed\n")
    );
    assert!(!folder.path().join("pwned").exists() && !Path::new("pwned").exists());
}

#[test]
fn a_command_that_fails_runs_again_until_it_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"echo run >> "$1/runs"; echo "no line to the pager" >&2; test "$(wc -l < "$1/runs")" -ge 2 || exit 3"#;
    let harness = server(script, folder.path());
    fail(&harness);
    eventually("it has failed", || answer(&harness) == "exit code 3: no line to the pager");
    assert_eq!(first(&harness, "status"), "waiting");
    harness.advance("10:02:00");
    eventually("it is delivered", || first(&harness, "status") == "delivered");
}

#[test]
fn a_command_that_hangs_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"sleep 1000 & echo $! > "$1/child"; echo waiting; wait"#;
    let harness = server(script, folder.path());
    fail(&harness);
    eventually("its time is over", || {
        answer(&harness).contains("did not end within 1 s and was killed; its output ends in \"waiting\"")
    });
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    // A process that has ended is a zombie until somebody waits for it.
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).ok();
    eventually("its child is gone", || state().is_none_or(|state| state.contains(") Z ")));
}

#[test]
fn a_command_that_prints_without_end_and_reads_nothing_is_no_harm() {
    let script = "exec 0<&-; head -c 1000000 /dev/zero | tr '\\0' x; echo; echo the end";
    let tables = json!({"command": {"pager": {"run": ["/bin/sh", "-c", script]}}});
    let alerts: Alerts = serde_json::from_value(tables).unwrap();
    let (_, target) = alerts.targets().next().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(target.test("pager", PrivateTargets::Refused)).unwrap();
    assert!(answer.is_success(), "{answer:?}");
    assert!(answer.body().ends_with("xxx\nthe end\n") && answer.body().len() == 1_024, "{answer:?}");
}

#[test]
fn a_process_that_a_command_leaves_behind_holds_up_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"sleep 1000 & echo $! > "$1/child""#;
    let harness = server(script, folder.path());
    fail(&harness);
    eventually("it is delivered", || first(&harness, "status") == "delivered");
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    assert!(Path::new(&format!("/proc/{}", child.trim())).exists(), "it was not killed");
    assert!(std::process::Command::new("kill").arg(child.trim()).status().unwrap().success());
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    let command = json!({"run": ["/nowhere/page"]});
    let rule = json!({"on": ["opened"], "to": ["pager"], "group_wait": "off"});
    let harness = Harness::with_alerts("10:00:00", json!({"command": {"pager": command}, "alert": [rule]}));
    fail(&harness);
    eventually("it is tried", || answer(&harness).starts_with("cannot run \"/nowhere/page\": No such file"));
}
