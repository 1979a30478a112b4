use super::*;

const VIENNA: &str = "Europe/Vienna";

/// Files in a folder of their own, with what an import makes of them.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn import(&self, units: &[&str]) -> Imported {
        let folders = [self.path("etc"), self.path("lib"), self.path("")];
        let units: Vec<String> = units.iter().map(|unit| (*unit).to_owned()).collect();
        let settings = Settings {
            folders: &folders.each_ref().map(String::as_str),
            timezone: Timezone::parse(VIENNA).unwrap(),
            program: &Program::new("/usr/bin/crons".to_owned()),
            now: "2024-01-01T00:00:00Z".parse().unwrap(),
        };
        import(&units, &settings, &mut Slugs::default())
    }
}

const DSN: &str = "Environment=SENTRY_DSN=https://key@host/1\n";

/// The drop-in file for a timer and its service, which has the DSN.
fn import_units(timer: &str, service: &str) -> Imported {
    let (timer, service) = (format!("[Timer]\n{timer}"), format!("[Service]\n{DSN}{service}"));
    Folder::new(&[("backup.timer", &timer), ("backup.service", &service)]).import(&["backup"])
}

/// The reasons for which units were left.
fn reasons(imported: &Imported) -> Vec<&str> {
    imported.left.iter().map(|left| left.cause.reason()).collect()
}

#[test]
fn a_timer_becomes_a_drop_in_for_its_service() {
    let timer = "OnCalendar=*-*-* 03:00:00\nRandomizedDelaySec=5min\nPersistent=true\n";
    let service = "Type=oneshot\nTimeoutStartSec=2h\nExecStart=-/opt/backup --all $HOME %n\n";
    let imported = import_units(timer, service);
    assert_eq!(imported.left, []);
    assert_eq!(
        imported.text,
        "# Write each block into the file that its first line names, then run `systemctl daemon-reload`.\n\n\
         # /etc/systemd/system/backup.service.d/crons.conf, for backup.timer (*-*-* 03:00:00)\n[Service]\nExecStart=\n\
         ExecStart=-/usr/bin/crons run backup --schedule \"0 3 * * *\" --timezone Europe/Vienna --checkin-margin 6 \
         --max-runtime 120 -- /opt/backup --all $HOME %n\n\n"
    );
}

#[test]
fn the_arguments_follow_the_settings_of_the_timer() {
    for (timer, expected) in [
        ("OnCalendar=daily UTC\n", "--schedule \"0 0 * * *\" --timezone UTC --"),
        ("OnCalendar=*:30:30\nAccuracySec=1us\n", "--schedule \"30 * * * *\" --timezone Europe/Vienna --"),
        ("OnBootSec=5min\nOnUnitActiveSec=15min\n", "--interval \"15 minutes\" --"),
        ("OnUnitActiveSec=1h 30min\n", "--interval \"90 minutes\" --"),
        ("OnUnitActiveSec=2d\nAccuracySec=10m\n", "--interval \"2880 minutes\" --checkin-margin 10 --"),
        ("OnCalendar=daily UTC\nAccuracySec=5min 20\n", "--timezone UTC --checkin-margin 6 --"),
        (
            "OnUnitActiveSec=1h\nOnCalendar=\nOnCalendar=daily UTC\n",
            "--schedule \"0 0 * * *\" --timezone UTC --",
        ),
    ] {
        let imported = import_units(timer, "ExecStart=/bin/a\n");
        let expected = format!("{expected} /bin/a\n");
        assert!(imported.text.contains(&expected), "{timer}: {} {:?}", imported.text, imported.left);
    }
}

#[test]
fn the_longest_run_is_the_time_limit_of_the_service() {
    for (service, expected) in [
        ("Type=oneshot\nTimeoutStartSec=5min 20\n", Some("6")),
        ("Type=oneshot\nTimeoutSec=1h 30\n", Some("61")),
        ("Type=oneshot\nTimeoutStartSec=1h\nTimeoutSec=2h\n", Some("120")),
        ("Type=oneshot\nTimeoutStartSec=0\n", None),
        ("Type=oneshot\nTimeoutStartSec=infinity\n", None),
        ("Type=oneshot\nRuntimeMaxSec=1h\n", None),
        ("RuntimeMaxSec=0\n", None),
        ("RuntimeMaxSec=1h\nTimeoutSec=2h\n", Some("60")),
    ] {
        let text = import_units("OnCalendar=daily\n", &format!("{service}ExecStart=/bin/a\n")).text;
        let found = text.split_once(" --max-runtime ").and_then(|(_, rest)| rest.split(' ').next());
        assert_eq!(found, expected, "{service}: {text}");
    }
}

#[test]
fn a_timer_that_cannot_be_translated_says_why() {
    let plain = "ExecStart=/bin/a\n";
    for (timer, service, reason) in [
        ("OnCalendar=Mon 1:00\nOnCalendar=Tue 2:00\n", plain, "several schedules"),
        ("OnBootSec=5min\n", plain, "so no run is expected"),
        ("OnUnitActiveSec=90s\n", plain, "no whole number of minutes"),
        ("OnUnitInactiveSec=1h\n", plain, "counts from the end of a run"),
        ("OnCalendar=2030-01-01\n", plain, "no years"),
        ("OnCalendar=daily\nAccuracySec=long\n", plain, "AccuracySec=long"),
        ("OnCalendar=daily\nRandomizedDelaySec=infinity\n", plain, "have no time"),
        (
            "OnCalendar=daily\n",
            "RuntimeMaxSec=long\nExecStart=/bin/a\n",
            "RuntimeMaxSec=long is no time span",
        ),
        ("OnCalendar=daily\nUnit=%H.service\n", plain, "Unit=%H.service: its specifiers"),
        ("OnCalendar=daily\n", "ExecStart=/bin/a\nExecStart=/bin/b\n", "has 2 lines ExecStart="),
        ("OnCalendar=daily\n", "ExecStart=/bin/a ; /bin/b x\n", "several commands, separated by `;`"),
        ("OnCalendar=daily\n", "Type=notify\nExecStart=/bin/a\n", "Type=notify"),
        ("OnCalendar=daily\n", "ExecStart=@/bin/a b\n", "prefix `@`"),
        ("OnCalendar=daily\n", "ExecStart=|/bin/a b\n", "prefix `|`"),
        ("OnCalendar=daily\n", "ExecStart=/bin/crons run a -- a\n", "already"),
        ("OnCalendar=daily\n", "ExecStart=/bin/sh -c 'cd /; crons run a -- a'\n", "already"),
    ] {
        let imported = import_units(timer, service);
        assert_eq!(imported.text, "", "{timer}");
        assert!(reasons(&imported)[0].contains(reason), "{timer}: {:?}", imported.left);
    }
    let imported = Folder::new(&[]).import(&["none"]);
    assert!(reasons(&imported)[0].contains("there is no unit none.timer in /"), "{imported:?}");
    let imported = Folder::new(&[]).import(&["bk@home"]);
    assert!(reasons(&imported)[0].contains("no unit bk@home.timer or bk@.timer in"), "{imported:?}");
}

#[test]
fn a_unit_of_a_user_gets_a_drop_in_for_that_manager() {
    for (folder, expected) in [
        ("home/.config/systemd/user", "~/.config/systemd/user"),
        ("home/.local/share/systemd/user", "~/.config/systemd/user"),
        ("usr/lib/systemd/user", "/etc/systemd/user"),
        ("etc/systemd/user", "/etc/systemd/user"),
        ("usr/lib/systemd/system", "/etc/systemd/system"),
        ("project", "/etc/systemd/system"),
    ] {
        let (timer, service) = (format!("{folder}/bk.timer"), format!("{folder}/bk.service"));
        let units = Folder::new(&[
            (&timer, "[Timer]\nOnCalendar=daily\n"),
            (&service, "[Service]\nExecStart=/bin/a\n"),
        ]);
        let text = units.import(&[&units.path(&timer)]).text;
        assert!(text.contains(&format!("# {expected}/bk.service.d/crons.conf, for")), "{folder}: {text}");
        assert_eq!(text.contains("systemctl --user daemon-reload"), !expected.ends_with("/system"), "{text}");
    }
}

#[test]
fn drop_ins_that_exist_are_read() {
    let base: [(&str, &str); 2] = [
        ("lib/bk.timer", "[Timer]\nOnCalendar=daily\n"),
        ("lib/bk.service", "[Service]\nType=oneshot\nExecStart=/bin/a\n"),
    ];
    let wrapped = "[Service]\nExecStart=\nExecStart=/usr/bin/crons run bk -- /bin/a\n";
    let other = "[Service]\nExecStart=\nExecStart=/bin/b\n";
    for (drop_ins, expected) in [
        (
            &[("etc/bk.timer.d/override.conf", "[Timer]\nOnCalendar=\nOnCalendar=*:00\n")][..],
            "--schedule \"0 * * * *\"",
        ),
        (&[("etc/bk.service.d/override.conf", other)], "-- /bin/b\n"),
        (&[("lib/service.d/10.conf", "[Service]\nTimeoutStartSec=2h\n")], "--max-runtime 120 -- /bin/a\n"),
        // The file of the first folder stands for that of another one with the same name.
        (&[("lib/bk.service.d/a.conf", other), ("etc/bk.service.d/a.conf", "")], "-- /bin/a\n"),
        (&[("lib/bk.service.d/b.conf", other), ("etc/bk.service.d/a.conf", wrapped)], "-- /bin/b\n"),
        (&[("etc/bk.service.d/override.conf", other)], "bk.service.d/zz-crons.conf, for"),
        (&[("etc/bk.service.d/a.conf", other)], "bk.service.d/crons.conf, for"),
        (&[("etc/bk.service.d/a.note", other)], "-- /bin/a\n"),
        (&[("etc/bk.service.d/crons.conf", wrapped)], "already"),
        (
            &[("etc/bk.service.d/zzz.conf", other)],
            "the drop-in zzz.conf of bk.service sets ExecStart= after any other",
        ),
    ] {
        let imported = Folder::new(&[&base[..], drop_ins].concat()).import(&["bk"]);
        let shown = format!("{}{:?}", imported.text, reasons(&imported));
        assert!(shown.contains(expected), "{drop_ins:?}: {shown}");
    }
}

#[test]
fn a_template_has_a_monitor_for_each_instance() {
    let units = Folder::new(&[
        ("bk@.timer", "[Timer]\nOnCalendar=daily\n"),
        ("bk@.service", "[Service]\nExecStart=/opt/bk %i\n"),
        ("nightly.timer", "[Timer]\nOnCalendar=daily\nUnit=bk@foo.service\n"),
        ("by@.timer", "[Timer]\nOnCalendar=daily\nUnit=bk@%i-2.service\n"),
    ]);
    for (unit, file, command) in [
        ("bk@.timer", "bk@.service.d", "crons run bk-%i --lenient --schedule"),
        ("bk@home.timer", "bk@home.service.d", "crons run bk-home --schedule"),
        (&units.path("bk@a\\x2db.timer"), "bk@a\\x2db.service.d", "crons run bk-a-b --schedule"),
        ("nightly", "bk@foo.service.d", "crons run bk-foo --schedule"),
        ("by@x", "bk@x-2.service.d", "crons run bk-x-2 --schedule"),
    ] {
        let imported = units.import(&[unit]);
        assert_eq!(imported.left, [], "{unit}");
        assert!(imported.text.contains(&format!("/{file}/crons.conf, for")), "{unit}: {}", imported.text);
        assert!(
            imported.text.contains(command) && imported.text.contains("-- /opt/bk %i\n"),
            "{}",
            imported.text
        );
    }
    assert!(units.import(&["bk@.timer"]).text.contains("# Note: %i is the instance, which must be of a-z"));
}

#[test]
fn a_service_that_two_timers_start_is_printed_once() {
    let units = Folder::new(&[
        ("a.timer", "[Timer]\nOnCalendar=daily\nUnit=bk.service\n"),
        ("b.timer", "[Timer]\nOnCalendar=hourly\nUnit=bk.service\n"),
        ("bk.service", "[Service]\nExecStart=/bin/a\n"),
    ]);
    let imported = units.import(&["a", "b"]);
    assert_eq!(imported.text.matches("ExecStart=/").count(), 1, "{}", imported.text);
    assert!(reasons(&imported)[0].starts_with("a.timer starts bk.service, too"), "{imported:?}");
}

#[test]
fn a_service_is_refused_with_the_name_of_its_timer() {
    let units = Folder::new(&[("bk.service", "[Service]\nExecStart=/bin/a\n")]);
    for unit in ["bk.service", &units.path("bk.service")] {
        let imported = units.import(&[unit]);
        let reason =
            "it is a service, which has no schedule; name the timer that starts it, such as bk.timer";
        assert_eq!(reasons(&imported), [reason]);
    }
}

#[test]
fn the_slug_is_the_name_of_the_service() {
    let service = "[Service]\nExecStart=/usr/lib/apt/apt.systemd.daily x\n";
    let timer = "[Timer]\nOnCalendar=daily\n";
    let units = Folder::new(&[
        ("apt-daily.timer", timer),
        ("apt-daily.service", service),
        ("apt-daily-upgrade.timer", timer),
        ("apt-daily-upgrade.service", service),
    ]);
    for name in ["apt-daily", "apt-daily-upgrade"] {
        let text = units.import(&[name]).text;
        assert!(text.contains(&format!("crons run {name} --schedule")), "{text}");
    }
}

#[test]
fn what_the_monitor_cannot_see_is_noted() {
    for (timer, service, expected) in [
        (
            "OnCalendar=*-*-* 00,12:00\nRandomizedDelaySec=43200\n",
            DSN,
            "# Note: checkin_margin: 721 minutes are not less",
        ),
        ("OnCalendar=*:0/5\nRandomizedDelaySec=1h\n", DSN, "# Note: checkin_margin: 61 minutes are not less"),
        ("OnCalendar=02:30\n", DSN, "# Note: timezone: the clocks of Europe/Vienna skip 02:30 on 2024-03-31"),
        (
            "OnCalendar=daily\n",
            "",
            "# Note: nothing is reported without the DSN: add Environment=SENTRY_DSN=",
        ),
        ("OnCalendar=daily\n", DSN, ""),
    ] {
        let units = Folder::new(&[
            ("bk.timer", &format!("[Timer]\n{timer}")),
            ("bk.service", &format!("[Service]\nExecStart=/bin/a\n{service}")),
        ]);
        let text = units.import(&["bk"]).text;
        assert!(text.contains(expected), "{timer}: {text}");
        assert_eq!(text.matches("# Note: ").count(), usize::from(!expected.is_empty()), "{text}");
    }
}
