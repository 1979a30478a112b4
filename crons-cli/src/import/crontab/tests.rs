use super::*;

fn import_with(text: &str, is_system: bool) -> Imported {
    let timezone = Timezone::parse("Europe/Vienna").unwrap();
    let program = Program::new("crons".to_owned());
    let settings = Settings { timezone, is_system, program: &program };
    import(text, &settings, &mut Slugs::default())
}

/// The line that one line becomes.
fn wrapped(line: &str) -> String {
    let imported = import_with(line, false);
    assert_eq!(imported.left, [], "{line}");
    imported.text.trim_end_matches('\n').to_owned()
}

#[test]
fn a_job_is_wrapped_and_keeps_its_schedule_and_command() {
    for (line, expected) in [
        (
            "0 3 * * * /usr/bin/backup --all",
            "0 3 * * * crons run backup --schedule '0 3 * * *' --timezone Europe/Vienna -- /usr/bin/backup --all",
        ),
        (
            "  */5  *\t* * *   /usr/bin/sync > /dev/null 2>&1  ",
            "*/5  *\t* * *   crons run sync --schedule '*/5 * * * *' --timezone Europe/Vienna -- /usr/bin/sync > /dev/null 2>&1",
        ),
        (
            "@midnight rotate",
            "@midnight crons run rotate --schedule '0 0 * * *' --timezone Europe/Vienna -- rotate",
        ),
        (
            "-0 9 * jan MON-FRI report",
            "-0 9 * jan MON-FRI crons run report --schedule '0 9 * jan MON-FRI' --timezone Europe/Vienna -- report",
        ),
        (
            "0 3 * * * cd /app && ./run 'a b'",
            r"0 3 * * * crons run run --schedule '0 3 * * *' --timezone Europe/Vienna --shell -- 'cd /app && ./run '\''a b'\'''",
        ),
        (
            r"0 3 * * * mail -s \%d me%Dear me,%bye",
            r"0 3 * * * crons run mail --schedule '0 3 * * *' --timezone Europe/Vienna -- mail -s \%d me%Dear me,%bye",
        ),
        (
            r"0 3 * * * a; date +\%F%in",
            r"0 3 * * * crons run a --schedule '0 3 * * *' --timezone Europe/Vienna --shell -- 'a; date +\%F'%in",
        ),
    ] {
        assert_eq!(wrapped(line), expected, "{line}");
    }
}

#[test]
fn variables_and_comments_are_kept_and_apply_to_later_lines() {
    let text = "# Jobs\nMAILTO=ops@example.com\n\n0 1 * * * a\nCRON_TZ = \"Asia/Tokyo\"\nSHELL=/bin/bash\n0 2 * * * a | b\n";
    let imported = import_with(text, false);
    assert_eq!(imported.left, []);
    let expected = "# Jobs\nMAILTO=ops@example.com\n\n\
        0 1 * * * crons run a --schedule '0 1 * * *' --timezone Europe/Vienna -- a\n\
        CRON_TZ = \"Asia/Tokyo\"\nSHELL=/bin/bash\n\
        0 2 * * * crons run a-2 --schedule '0 2 * * *' --timezone Asia/Tokyo -- /bin/bash -c 'a | b'\n";
    assert_eq!(imported.text, expected);
}

#[test]
fn a_system_crontab_keeps_the_user() {
    let imported = import_with("17 *\t* * *\troot\tcd / && run-parts /etc/cron.hourly\n", true);
    let expected = "17 *\t* * *\troot crons run cron-hourly --schedule '17 * * * *' --timezone Europe/Vienna \
        --shell -- 'cd / && run-parts /etc/cron.hourly'\n";
    assert_eq!((imported.text.as_str(), &imported.left[..]), (expected, &[][..]));
    let imported = import_with("@daily root\n", true);
    assert!(imported.left[0].cause.reason().contains("names a user"), "{:?}", imported.left);
}

#[test]
fn a_line_that_cannot_be_wrapped_is_kept_and_says_why() {
    for (line, is_right, reason) in [
        ("@reboot start", true, "@reboot is no schedule"),
        ("0 3 * * * /usr/bin/crons run backup -- backup", true, "already"),
        ("@every_minute a", false, "@every_minute"),
        ("0~30 3 * * * a", false, "random time"),
        ("61 3 * * * a", false, "61"),
        ("0 3 * *", false, "fewer"),
        ("nonsense", false, "fewer"),
    ] {
        let imported = import_with(line, false);
        let [left] = &imported.left[..] else { panic!("{line}: {:?}", imported.left) };
        assert_eq!(matches!(left.cause, NotWrapped::NotNeeded(_)), is_right, "{line}");
        assert!(left.cause.reason().contains(reason), "{line}: {:?}", left.cause);
        assert!(imported.text.ends_with(&format!("{line}\n")), "{line}: {}", imported.text);
    }
    let once = import_with("61 3 * * * a\n", false).text;
    assert_eq!(import_with(&once, false).text, once, "the comment is written once");
    let imported = import_with("CRON_TZ=Mars/X\n0 3 * * * a\n", false);
    assert!(imported.left[0].cause.reason().contains("CRON_TZ"), "{:?}", imported.left);
}

#[test]
fn a_wrapped_crontab_is_left_as_it_is() {
    let once = import_with("0 3 * * * a; b\n@reboot c\n@daily d % in\n", false).text;
    assert_eq!(import_with(&once, false).text, once);
}

proptest::proptest! {
    /// Checks that each line of any crontab is kept or wrapped, and that a second import wraps nothing more.
    #[test]
    fn any_text_is_imported_line_by_line(
        lines in proptest::collection::vec("([0-9*/,@-]{1,5} ){0,5}[a-z'\"%\\\\;&|<> =$(){}#~-]{0,20}|\\PC{0,20}", 0..6),
        is_system in proptest::bool::ANY,
    ) {
        let text = lines.join("\n");
        let imported = import_with(&text, is_system);
        let kept = imported.text.lines().filter(|line| !line.starts_with("# crons: ")).count();
        proptest::prop_assert_eq!(kept, text.lines().count());
        let again = import_with(&imported.text, is_system);
        let wrapped = |text: &str| text.lines().filter(|line| line.contains("crons run")).count();
        proptest::prop_assert_eq!(wrapped(&again.text), wrapped(&imported.text));
    }
}
