//! The page of a monitor.

use crons_browser_tests::{Look, NIL, Session, Site, browse, check_in};
use crons_server::Settings;
use serde_json::json;

/// A monitor with runs of every kind, an incident that is over and one that is open, and a refused payload.
async fn history(site: &Site) {
    for (number, status) in ["ok", "error", "ok", "ok"].into_iter().enumerate() {
        let id = format!("{:032x}", number + 1);
        assert_eq!(site.send(&check_in("backup", &id, "in_progress")), 200);
        site.advance(2).await;
        assert_eq!(site.send(&check_in("backup", &id, status)), 200);
        site.advance(58).await;
    }
    // The first run times out, the second is missed.
    assert_eq!(site.send(&check_in("backup", &format!("{:032x}", 9), "in_progress")), 200);
    site.advance(70).await;
    let mut other = check_in("backup", NIL, "ok");
    other["environment"] = json!("staging");
    assert_eq!(site.send(&other), 200);
    let refused =
        json!({"check_in_id": NIL, "monitor_slug": "backup", "status": "<script>alert(1)</script>"});
    assert_eq!(site.send(&refused), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_monitor_is_well_in_every_look() {
    for look in Look::ALL {
        browse(Settings::default(), look, |page| async move {
            history(&page.site).await;
            let browser = page.browser;
            browser.open_page("/monitors/backup").await;
            let text = browser.text().await;
            for part in [
                "Timed out",
                "Missed",
                "Failed",
                "Okay",
                "Europe/Vienna",
                "team:ops",
                "<script>alert(1)</script>",
            ] {
                assert!(text.contains(part), "{part} is missing:\n{text}");
            }
            browser.assert_well().await;
            browser.open_page("/monitors/backup?environment=staging").await;
            browser.assert_well().await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_that_does_not_exist_is_a_page_too() {
    browse(Settings::default(), Look::default(), |Session { browser, .. }| async move {
        browser.open_page("/monitors/nothing").await;
        browser.wait_for_text("there is no monitor \"nothing\"").await;
        browser.expect_status(404).await;
        browser.assert_well().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_zone_of_times_is_chosen_and_remembered() {
    browse(Settings::default(), Look::default(), |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        let browser = page.browser;
        let shown = async |column: &str| {
            let script = format!("return [...document.querySelectorAll('tbody .{column}')].filter((e) => e.offsetParent).length");
            browser.evaluate(&script).await
        };
        browser.open_page("/monitors/backup").await;
        for column in ["zone-monitor", "zone-reader", "zone-utc"] {
            assert_eq!(shown(column).await, if column == "zone-monitor" { 10 } else { 0 }, "{column}");
        }
        let began = async || browser.evaluate("return document.querySelector('.runs time').textContent").await;
        let utc = json!(page.site.now().strftime("%Y-%m-%d %H:%M:%S").to_string());
        let vienna = began().await;
        assert_ne!(vienna, utc);
        browser.click(".zones input[value=utc]").await;
        assert_eq!(began().await, utc);
        for path in ["/monitors/backup", "/monitors/backup?environment=production"] {
            browser.open_page(path).await;
            assert_eq!(began().await, utc);
            assert_eq!((shown("zone-utc").await, shown("zone-monitor").await), (json!(10), json!(0)));
        }
        browser.click(".zones input[value=reader]").await;
        assert_eq!((shown("zone-reader").await, shown("zone-utc").await), (json!(10), json!(0)));
        let here = began().await;
        assert!(here != utc && here != vienna, "{here}");
        browser.assert_well().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_times_are_those_of_the_monitor_and_utc() {
    browse(Settings::default(), Look::PLAIN, |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        page.browser.open_page("/monitors/backup").await;
        for column in ["zone-monitor", "zone-utc"] {
            assert_eq!(page.browser.count(&format!("tbody .{column}")).await, 10, "{column}");
        }
        assert_eq!(page.browser.count(".zones").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_attribute_line_is_copied() {
    browse(Settings::default(), Look::default(), |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        let browser = page.browser;
        browser.open_page("/monitors/backup").await;
        browser.wait_for_text("#[crons::monitor(").await;
        browser.click("button[data-copy='#attribute']").await;
        browser.wait_for_text("Copied").await;
        let copied = browser.clipboard().await;
        assert!(copied.contains("timezone = \"Europe/Vienna\""), "{copied}");
    })
    .await;
}
