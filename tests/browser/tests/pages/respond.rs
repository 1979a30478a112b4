//! The page to which messages link.

use crons_browser_tests::{Look, NIL, browse, check_in};
use crons_server::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_acknowledged_and_muted_by_its_link() {
    for look in Look::ALL {
        browse(Settings::default(), look, |page| async move {
            assert_eq!(page.site.send(&check_in("backup", NIL, "error")), 200);
            let incident = page.site.api("/incidents/")[0]["id"].as_str().unwrap().to_owned();
            let path = format!("/incidents/{incident}/respond");
            let browser = page.browser;
            browser.open_page(&path).await;
            browser.wait_for_text("Nobody has acknowledged it.").await;
            browser.assert_well().await;
            browser.fill("input[name=by]", "Ada").await;
            browser.click("button[value=acknowledge]").await;
            browser.wait_for_text("Acknowledged by Ada").await;
            browser.click("button[value=mute]").await;
            browser.wait_for_text("are muted").await;
            assert_eq!((browser.path().await, browser.count("form").await), (path, 0));
            browser.assert_well().await;
        })
        .await;
    }
}
