//! Pages that change by themselves.

use crons_browser_tests::{Look, NIL, browse, check_in};
use crons_server::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_replaces_the_page_that_waits_for_it() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        let browser = page.browser;
        browser.open_page("/").await;
        browser.wait_for_text("Waiting for the first check-in").await;
        assert!(browser.text().await.contains(&page.site.dsn()), "the DSN is in the snippets");
        browser.assert_well().await;
        browser.click("form.test-run button").await;
        browser.find("#monitor-hello[data-state=ok]").await;
        browser.wait_without_text("Waiting for the first check-in").await;
        browser.assert_well().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_appear_as_they_arrive_and_a_checked_row_stays_checked() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        let browser = page.browser;
        browser.open_page("/").await;
        browser.click("#monitor-backup .choose").await;
        page.site.advance(60).await;
        assert_eq!(page.site.send(&check_in("backup", NIL, "error")), 200);
        browser.find("#monitor-backup[data-state=failed]").await;
        let checked =
            browser.evaluate("return document.querySelector('#monitor-backup .choose').checked").await;
        assert_eq!(checked, true);
        // The first check-in of another monitor.
        assert_eq!(page.site.send(&check_in("report", NIL, "in_progress")), 200);
        browser.find("#monitor-report[data-state=in_progress]").await;
        browser.assert_well().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_run_opens_an_incident_that_resolves_by_itself() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        let browser = page.browser;
        browser.open_page("/").await;
        browser.find("#monitor-backup[data-state=ok]").await;
        // An hour later it is expected, five minutes later it is missed.
        page.site.advance(66).await;
        browser.find("#monitor-backup[data-state=missed]").await;
        browser.assert_well().await;
        browser.click("#monitor-backup h2 a").await;
        browser.wait_for_text("open for").await;
        browser.assert_well().await;
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        // The page of the monitor follows, too.
        browser.wait_for_text("until ").await;
        browser.wait_without_text("open for").await;
        browser.assert_well().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_monitor_that_was_deleted_elsewhere_says_so() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        let browser = page.browser;
        browser.open_page("/monitors/backup").await;
        browser.find(".monitor-page").await;
        page.site.post_form("/monitors/backup/delete", &[]);
        browser.wait_for_text("there is no monitor \"backup\"").await;
        browser.expect_status(404).await;
    })
    .await;
}
