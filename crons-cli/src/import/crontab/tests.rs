use super::*;

/// Imports a crontab whose environment has the DSN.
fn import_with(text: &str, is_system: bool) -> Imported {
    let mut imported = import_bare(&format!("{DSN}{text}"), is_system);
    imported.text = imported.text.strip_prefix(DSN).unwrap().to_owned();
    imported
}

const DSN: &str = "SENTRY_DSN=https://key@host/1\n";

fn import_bare(text: &str, is_system: bool) -> Imported {
    let timezone = Timezone::parse("Europe/Vienna").unwrap();
    let program = Program::new("crons".to_owned());
    let settings = Settings { timezone, is_system, program: &program, users: &["www-data".to_owned()] };
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
            "0 3 * * * touch foo\\ %in  ",
            "0 3 * * * crons run touch --schedule '0 3 * * *' --timezone Europe/Vienna -- touch foo\\ %in  ",
        ),
        (
            "0 3 * * * $2 \\ ",
            "0 3 * * * crons run job-2 --schedule '0 3 * * *' --timezone Europe/Vienna -- $2 \\ ",
        ),
        ("-@daily -n job", "-@daily -n crons run job --schedule '0 0 * * *' --timezone Europe/Vienna -- job"),
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
        # crons: CRON_TZ is obeyed by cronie and ignored by Debian's cron; there, write the zone of the machine behind --timezone\n\
        0 2 * * * crons run a-2 --schedule '0 2 * * *' --timezone Asia/Tokyo -- /bin/bash -c 'a | b'\n";
    assert_eq!(imported.text, expected);
}

#[test]
fn a_system_crontab_keeps_the_user() {
    let imported = import_with("17 *\t* * *\troot\tcd / && run-parts /etc/cron.hourly\n", true);
    let expected = "17 *\t* * *\troot\tcrons run cron-hourly --schedule '17 * * * *' --timezone Europe/Vienna \
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
        ("0 3 * * * cd /app && crons run backup -- ./x", true, "already"),
        ("0 3 * * * sh -c 'crons run backup -- ./x'", true, "already"),
        ("@every_minute a", false, "write `* * * * *`"),
        ("*/5 * * * * * /usr/bin/job", false, "`*` behind the five schedule fields is no command"),
        ("0 3 * * * root /usr/bin/job", false, "`root` is a user of this machine"),
        ("0 3 * * * www-data /usr/bin/job", false, "add --system"),
        ("0 3 * * * job\r", false, "carriage return"),
        ("5-5/2 3 * * * a", false, "write 5"),
        ("0~30 3 * * * a", false, "random time"),
        ("@weekly", false, "a nickname such as @weekly and a command"),
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
fn a_slug_of_a_wrapped_job_is_not_given_to_another_one() {
    let text = "0 3 * * * /opt/backup\n0 4 * * * cd / && crons run backup -- /srv/backup\n";
    let imported = import_with(text, false).text;
    assert!(imported.starts_with("0 3 * * * crons run backup-2 --schedule"), "{imported}");
}

#[test]
fn a_command_that_is_too_long_for_cron_is_left() {
    let at_most = |length: usize| format!("0 3 * * * job {}\n", "x".repeat(length));
    let wrapped = import_with(&at_most(0), false).text;
    let command = wrapped.trim_end().len() - "0 3 * * * ".len() + 1;
    let fits = import_with(&at_most(MAX_COMMAND - command), false);
    assert_eq!((fits.left.len(), fits.text.len()), (0, MAX_COMMAND + "0 3 * * * \n".len()));
    let refused = import_with(&at_most(MAX_COMMAND - command + 1), false);
    assert!(refused.left[0].cause.reason().contains("would have 999 bytes"), "{:?}", refused.left);
    assert!(refused.text.ends_with(&at_most(MAX_COMMAND - command + 1)));
}

#[test]
fn the_random_delay_of_cronie_widens_the_margin() {
    for (text, expected) in [
        ("RANDOM_DELAY=45\n@daily a\n", "--checkin-margin 45 -- a"),
        ("RANDOM_DELAY=45\nRANDOM_DELAY=0\n@daily a\n", "Vienna -- a"),
        ("RANDOM_DELAY=9999\n@daily a\n", "Vienna -- a"),
        ("RANDOM_DELAY=90\n@hourly a\n", "# crons: checkin_margin: 90 minutes are not less than the 60"),
    ] {
        let imported = import_with(text, false);
        assert!(imported.text.contains(expected), "{text}: {}", imported.text);
    }
}

#[test]
fn a_crontab_without_a_dsn_gets_one_note() {
    let imported = import_bare("0 3 * * * a\n0 4 * * * b\n", false).text;
    assert!(
        imported.starts_with("# crons: nothing is reported without the DSN: add a line SENTRY_DSN="),
        "{imported}"
    );
    assert_eq!(imported.lines().count(), 3, "{imported}");
    assert!(!import_bare("# a\n", false).text.contains("DSN"));
}

#[test]
fn a_byte_order_mark_is_left_out_with_a_note() {
    let imported = import_bare("\u{feff}SENTRY_DSN=x\n0 3 * * * a\n", false);
    assert_eq!(imported.left, []);
    let expected = "# crons: the byte order mark before this line is left out: cron takes it for a part of the line\nSENTRY_DSN=x\n0 3";
    assert!(imported.text.starts_with(expected), "{}", imported.text);
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
