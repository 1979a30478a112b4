//! The derivation of a run or an incident, and advice.

use crons_browser_tests::{Look, NIL, browse, check_in};
use crons_server::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_run_and_an_incident_say_why() {
    for look in Look::ALL {
        browse(Settings::default(), look, |page| async move {
            let browser = page.browser;
            assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
            // The runs are missed, failed, timed out, and one in progress.
            page.site.advance(66).await;
            assert_eq!(page.site.send(&check_in("backup", NIL, "error")), 200);
            page.site.advance(54).await;
            for _ in 0..2 {
                assert_eq!(page.site.send(&check_in("backup", NIL, "in_progress")), 200);
                page.site.advance(60).await;
            }
            assert_eq!(page.site.send(&check_in("backup", NIL, "in_progress")), 200);
            browser.open_page("/monitors/backup").await;
            browser.find(".runs").await;
            let links = browser
                .evaluate(
                    "return [...document.querySelectorAll('a[href^=\"/why/\"]')].map((a) => a.pathname)",
                )
                .await;
            let links: Vec<String> = links
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|link| Some(link.as_str()?.to_owned()))
                .collect();
            assert!(links.len() >= 6, "{links:?}");
            for link in links {
                browser.open_page(&link).await;
                browser.wait_for_text("backup").await;
                browser.assert_well().await;
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_always_begins_late_is_given_advice_to_copy() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        let browser = page.browser;
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        page.site.advance(12).await;
        for _ in 0..12 {
            page.site.advance(60).await;
            assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        }
        browser.open_page("/monitors/backup").await;
        browser.wait_for_text("Advice for production").await;
        browser.assert_well().await;
        browser.click("button[data-copy='#advice-0-0']").await;
        browser.wait_for_text("Copied").await;
        let copied = browser.clipboard().await;
        assert!(copied.contains("checkin_margin = "), "{copied}");
    })
    .await;
}
