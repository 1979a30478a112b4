use super::*;

/// A CronJob with these lines in its `spec`, and a container with these.
fn cron_job(spec: &str, container: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: nightly-backup\nspec:\n  {spec}\n  jobTemplate:\n    spec:\n      \
         activeDeadlineSeconds: 3600\n      template:\n        spec:\n          containers:\n          - name: main\n            \
         image: busybox\n            {container}\n          restartPolicy: OnFailure\n"
    )
}

fn import_text(text: &str) -> Result<Imported, NotWrapped> {
    import(text, Timezone::UTC, &Program::new("crons".to_owned()), &mut Slugs::default())
}

#[test]
fn the_command_of_a_cron_job_is_wrapped() {
    let text = cron_job(
        "schedule: '0 3 * * ?'\n  timeZone: Europe/Vienna\n  startingDeadlineSeconds: 200",
        "command: [/bin/sh, -c, 'a \"b\"; c']\n            args:\n            - x",
    );
    let imported = import_text(&format!("kind: Service\nmetadata: {{name: x}}\n---\n{text}")).unwrap();
    assert_eq!(imported.left, []);
    assert_eq!(
        imported.text,
        "# CronJob nightly-backup, container main: its image needs the program `crons`\n\
         command: [\"crons\",\"run\",\"nightly-backup\",\"--schedule\",\"0 3 * * *\",\"--timezone\",\"Europe/Vienna\",\
         \"--checkin-margin\",\"4\",\"--max-runtime\",\"60\",\"--\",\"/bin/sh\",\"-c\",\"a \\\"b\\\"; c\"]\n\n"
    );
}

#[test]
fn schedules_of_kubernetes_become_those_of_the_server() {
    for (written, expected) in [
        ("*/5 * * * *", "\"--schedule\",\"*/5 * * * *\",\"--timezone\",\"UTC\""),
        ("@midnight", "\"--schedule\",\"0 0 * * *\",\"--timezone\",\"UTC\""),
        ("@every 90m", "\"--interval\",\"90 minutes\""),
        ("CRON_TZ=Asia/Tokyo 0 1 * * MON", "\"--schedule\",\"0 1 * * MON\",\"--timezone\",\"Asia/Tokyo\""),
    ] {
        let text = cron_job(&format!("schedule: \"{written}\""), "command: [a]");
        let imported = import_text(&text).unwrap();
        assert!(imported.text.contains(expected), "{written}: {imported:?}");
    }
}

#[test]
fn a_cron_job_that_cannot_be_translated_says_why() {
    let command = "command: [a]";
    for (spec, container, reason) in [
        ("schedule: '0 3 * * *'", "args: [a]", "has no `command`"),
        ("schedule: '0 3 * * *'", "command: [/bin/crons, run]", "already"),
        ("schedule: '0 3 * * *'", "command: [sh, -c, crons run x -- y]", "already"),
        ("schedule: '0 3 * * *'", "command: [sh]\n            args: [-c, crons run x -- y]", "already"),
        ("schedule: '0 3 * * *'", "command: [a]\n          - name: side", "has 2 containers"),
        ("schedule: '0 0 */2 * 1'", command, "both must"),
        ("schedule: '0 3 * *'", command, "schedule:"),
        ("schedule: 'TZ=Mars/X 0 3 * * *'", command, "Mars/X"),
        ("schedule: '0 3 * * *'\n  timeZone: Mars/X", command, "timeZone:"),
        ("suspend: true", command, "it is no CronJob of batch/v1"),
    ] {
        let imported = import_text(&cron_job(spec, container)).unwrap();
        assert_eq!(imported.text, "", "{spec}");
        assert!(imported.left[0].cause.reason().contains(reason), "{spec}: {:?}", imported.left);
    }
    assert!(import_text("kind: Service\n").unwrap_err().reason().contains("no object of kind CronJob"));
    assert!(import_text("a: [").unwrap_err().reason().contains("no YAML"));
}
