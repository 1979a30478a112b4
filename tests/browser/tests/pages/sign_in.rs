//! Tests of signing in and out.

use crons_browser_tests::{Look, NIL, Session, TOKEN, browse, check_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_signs_in_reads_and_signs_out() {
    for look in Look::ALL {
        browse(Session::guarded(), look, |page| async move {
            assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
            let browser = page.browser;
            browser.open_page("/?per_page=10").await;
            browser.expect_status(401).await;
            browser.wait_for_text("Admin token").await;
            assert!(!browser.text().await.contains("backup"));
            browser.assert_well().await;

            browser.fill("#token", "not-the-token-0123456789").await;
            browser.click("form.sign-in button").await;
            browser.wait_for_text("This is not the admin token").await;
            browser.expect_status(401).await;
            browser.assert_well().await;

            browser.fill("#token", TOKEN).await;
            browser.click("form.sign-in button").await;
            browser.wait_for_text("backup").await;
            assert_eq!(browser.path().await, "/?per_page=10");
            assert_eq!(browser.evaluate("return document.cookie").await, "");
            browser.assert_well().await;

            browser.click("form[action='/sign-out'] button").await;
            browser.wait_for_text("Admin token").await;
            browser.open_page("/").await;
            browser.wait_for_text("Admin token").await;
            browser.expect_status(401).await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_another_site_finds_the_reader_signed_in() {
    browse(Session::guarded(), Look::default(), |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        let browser = page.browser;
        browser.open_page("/sign-in").await;
        browser.fill("#token", TOKEN).await;
        browser.click("form.sign-in button").await;
        browser.wait_for_text("backup").await;
        // The other name of this machine is another site.
        let elsewhere = page.site.url("/sign-in").replace("127.0.0.1", "localhost");
        browser.open_url(&elsewhere).await;
        browser.wait_for_text("Admin token").await;
        let link = format!("location.href = {:?}", page.site.url("/"));
        browser.evaluate(&link).await;
        browser.wait_for_text("backup").await;
        browser.expect_status(401).await;
    })
    .await;
}
