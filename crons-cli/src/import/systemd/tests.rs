use super::*;

/// The drop-in file for a timer and its service.
fn import_units(timer: &str, service: &str) -> Imported {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("backup.timer"), format!("[Timer]\n{timer}")).unwrap();
    std::fs::write(folder.path().join("backup.service"), format!("[Service]\n{service}")).unwrap();
    let folders = [folder.path().to_str().unwrap()];
    let timezone = Timezone::parse("Europe/Vienna").unwrap();
    import(&["backup".to_owned()], &folders, timezone, "/usr/bin/crons", &mut Slugs::default())
}

#[test]
fn a_timer_becomes_a_drop_in_for_its_service() {
    let timer = "OnCalendar=*-*-* 03:00:00\nRandomizedDelaySec=5min\nPersistent=true\n";
    let service = "Type=oneshot\nTimeoutStartSec=2h\nExecStart=-/opt/backup --all $HOME %n\n";
    let imported = import_units(timer, service);
    assert_eq!(imported.left, []);
    assert_eq!(
        imported.text,
        "# /etc/systemd/system/backup.service.d/crons.conf, for backup.timer (*-*-* 03:00:00)\n[Service]\nExecStart=\n\
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
        ("OnUnitInactiveSec=1h 30min\n", "--interval \"90 minutes\" --"),
        ("OnUnitActiveSec=2d\nAccuracySec=10m\n", "--interval \"2880 minutes\" --checkin-margin 10 --"),
    ] {
        let imported = import_units(timer, "ExecStart=/bin/a\n");
        let expected = format!("ExecStart=/usr/bin/crons run a {expected} /bin/a\n");
        assert!(imported.text.contains(&expected), "{timer}: {} {:?}", imported.text, imported.left);
    }
}

#[test]
fn a_timer_that_cannot_be_translated_says_why() {
    let plain = "ExecStart=/bin/a\n";
    for (timer, service, reason) in [
        ("OnCalendar=Mon 1:00\nOnCalendar=Tue 2:00\n", plain, "several schedules"),
        ("OnBootSec=5min\n", plain, "so no run is expected"),
        ("OnUnitActiveSec=90s\n", plain, "no whole number of minutes"),
        ("OnCalendar=2030-01-01\n", plain, "no years"),
        ("OnCalendar=daily\nAccuracySec=long\n", plain, "AccuracySec=long"),
        ("OnCalendar=daily\n", "ExecStart=/bin/a\nExecStart=/bin/b\n", "has 2 lines ExecStart="),
        ("OnCalendar=daily\n", "Type=notify\nExecStart=/bin/a\n", "Type=notify"),
        ("OnCalendar=daily\n", "ExecStart=@/bin/a b\n", "prefix `@`"),
        ("OnCalendar=daily\n", "ExecStart=/bin/crons run a -- a\n", "already"),
    ] {
        let imported = import_units(timer, service);
        assert_eq!(imported.text, "", "{timer}");
        assert!(imported.left[0].cause.reason().contains(reason), "{timer}: {:?}", imported.left);
    }
    let units = ["none".to_owned()];
    let imported = import(&units, &["/nowhere"], Timezone::UTC, "crons", &mut Slugs::default());
    assert!(
        imported.left[0].cause.reason().contains("there is no unit none.timer in /nowhere"),
        "{imported:?}"
    );
}
