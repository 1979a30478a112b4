use super::*;

/// A CronJob with these lines in its `spec`, and a container with these, which has the DSN.
fn cron_job(spec: &str, container: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: nightly-backup\nspec:\n  {spec}\n  jobTemplate:\n    spec:\n      \
         activeDeadlineSeconds: 3600\n      template:\n        spec:\n          containers:\n          - name: main\n            \
         image: busybox\n            env: [{{name: SENTRY_DSN, value: x}}]\n            {container}\n          restartPolicy: OnFailure\n"
    )
}

fn import_text(text: &str) -> Result<Imported, NotWrapped> {
    let program = Program::new("crons".to_owned());
    let now = "2024-01-01T00:00:00Z".parse().unwrap();
    let settings = Settings { timezone: Timezone::UTC, program: &program, now };
    import(text, &settings, &mut Slugs::default())
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
        (
            "schedule: '0 0 */2 * 1'",
            command,
            "both must, as one of them starts with `*`; write `0 0 1-31/2 * 1`",
        ),
        ("schedule: '0 0 1 * */2'", command, "write `0 0 1 * 0-6/2`"),
        ("schedule: '5-5/2 0 * * *'", command, "schedule: \"5-5/2\" is 5 alone to cron"),
        ("schedule: '0 3 * *'", command, "schedule:"),
        ("schedule: 'TZ=Mars/X 0 3 * * *'", command, "Mars/X"),
        ("schedule: '0 3 * * *'\n  timeZone: Mars/X", command, "timeZone:"),
        ("suspend: true", command, "it is no CronJob of batch/v1"),
    ] {
        let imported = import_text(&cron_job(spec, container)).unwrap();
        assert_eq!(imported.text, "", "{spec}");
        assert!(imported.left[0].cause.reason().contains(reason), "{spec}: {:?}", imported.left);
    }
    let other = cron_job("schedule: '0 3 * * *'", command).replace("batch/v1", "example.com/v1");
    let left = import_text(&other).unwrap().left;
    assert!(left[0].cause.reason().contains("apiVersion: \"example.com/v1\" is not batch/v1"), "{left:?}");
}

#[test]
fn a_slug_of_a_wrapped_cron_job_is_not_given_to_another_one() {
    let schedule = "schedule: '0 3 * * *'";
    let wrapped = cron_job(schedule, "command: [crons, run, nightly-backup, --, a]")
        .replace("name: nightly-backup", "name: x");
    let imported = import_text(&format!("{}---\n{wrapped}", cron_job(schedule, "command: [a]"))).unwrap();
    assert!(imported.text.contains("\"run\",\"nightly-backup-2\""), "{}", imported.text);
}

#[test]
fn a_text_without_a_cron_job_says_what_it_is() {
    for (text, expected) in [
        ("kind: Service\n", "there is no object of kind CronJob"),
        ("a: [", "no YAML: line 1 column 4: unclosed bracket '['"),
        ("kind: A\nkind: B\n", "no YAML: line 2 column 1: duplicate mapping key: kind"),
        (
            "name: {{ .Values.x }}\n",
            "a template of Helm, and no YAML yet: helm template CHART | crons import kubernetes -",
        ),
    ] {
        let refused = import_text(text).unwrap_err();
        assert!(refused.reason().ends_with(expected), "{text}: {refused:?}");
    }
}

#[test]
fn the_longest_run_is_the_shorter_limit_of_job_and_pod() {
    let text = cron_job("schedule: '0 3 * * *'", "command: [a]");
    for (pod, expected) in [("600", "\"10\""), ("7200", "\"60\"")] {
        let limit = format!("activeDeadlineSeconds: {pod}\n          containers:");
        let imported = import_text(&text.replace("containers:", &limit)).unwrap().text;
        assert!(imported.contains(&format!("\"--max-runtime\",{expected}")), "{imported}");
    }
}

#[test]
fn what_the_monitor_cannot_see_is_noted() {
    for (spec, env, expected) in [
        (
            "schedule: '0 * * * *'\n  startingDeadlineSeconds: 86400",
            "SENTRY_DSN",
            "# Note: checkin_margin: 1440 minutes are not less",
        ),
        ("schedule: '0 3 * * *'\n  suspend: true", "SENTRY_DSN", "# Note: it is suspended"),
        (
            "schedule: '30 2 * * *'\n  timeZone: Europe/Vienna",
            "SENTRY_DSN",
            "# Note: timezone: the clocks of Europe/Vienna skip",
        ),
        ("schedule: '0 3 * * *'", "OTHER", "# Note: nothing is reported without the DSN"),
    ] {
        let text = cron_job(spec, "command: [a]").replace("SENTRY_DSN", env);
        let imported = import_text(&text).unwrap().text;
        assert!(
            imported.contains(expected) && imported.matches("# Note: ").count() == 1,
            "{spec}: {imported}"
        );
    }
}
