//! The list of monitors.

use crons_browser_tests::{Look, NIL, browse, check_in};
use crons_server::Settings;

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_well_in_every_look() {
    for look in Look::ALL {
        browse(Settings::default(), look, |page| async move {
            page.browser.open_page("/").await;
            page.browser.assert_well().await;
            assert_eq!(page.site.send(&check_in("backup", NIL, "error")), 200);
            page.browser.open_page("/").await;
            page.browser.wait_for_text("backup").await;
            page.browser.assert_well().await;
        })
        .await;
    }
}
