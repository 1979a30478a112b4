//! Commands on pages: mute, disable, delete, acknowledge, for one monitor and for many.

use crons_browser_tests::{Look, NIL, browse, check_in};
use crons_server::Settings;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_is_muted_disabled_and_brought_back_on_its_page() {
    for look in [Look::LIGHT, Look::PLAIN] {
        browse(Settings::default(), look, |page| async move {
            assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
            let browser = page.browser;
            browser.open_page("/monitors/backup?environment=production").await;
            for (button, selector) in [
                ("mute", "button[value=unmute]"),
                ("disable", "button[value=enable]"),
                ("enable", "button[value=disable]"),
                ("unmute", "button[value=mute]"),
            ] {
                browser.click(&format!(".actions > button[value={button}]")).await;
                browser.find(selector).await;
                assert_eq!(browser.path().await, "/monitors/backup?environment=production");
                browser.assert_well().await;
            }
            let monitor = page.site.api("/monitors/backup/");
            assert_eq!((&monitor["status"], &monitor["isMuted"]), (&json!("active"), &json!(false)));
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_environment_is_muted_and_deleted() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        let mut staging = check_in("backup", NIL, "ok");
        staging["environment"] = json!("staging & more");
        assert_eq!(page.site.send(&staging), 200);
        let browser = page.browser;
        browser.open_page("/monitors/backup").await;
        browser.click("button[aria-label='Mute staging & more']").await;
        browser.find("button[aria-label='Unmute staging & more']").await;
        assert_eq!(browser.count("button[aria-label='Mute production']").await, 1);
        browser.click("a[aria-label='Delete staging & more']").await;
        browser.wait_for_text("Delete environment staging & more of backup?").await;
        browser.assert_well().await;
        browser.click("main button.danger").await;
        browser.wait_for_text("production").await;
        browser.wait_without_text("staging & more").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_monitors_are_muted_and_deleted_from_the_list() {
    for look in [Look::LIGHT, Look::PHONE, Look::PLAIN] {
        browse(Settings::default(), look, |page| async move {
            for slug in ["alpha", "beta", "gamma"] {
                assert_eq!(page.site.send(&check_in(slug, NIL, "ok")), 200);
            }
            let browser = page.browser;
            browser.open_page("/?query=a").await;
            for slug in ["alpha", "gamma"] {
                browser.click(&format!("input[name=slug][value={slug}]")).await;
            }
            browser.click("#bulk button[value=mute]").await;
            browser.find("#monitor-alpha[data-state=muted]").await;
            assert_eq!(browser.path().await, "/?query=a");
            assert_eq!(browser.count("#monitor-gamma[data-state=muted]").await, 1);
            assert_eq!(browser.count("#monitor-beta[data-state=ok]").await, 1);
            browser.click("input[name=slug][value=alpha]").await;
            browser.click("#bulk button[value=delete]").await;
            browser.wait_for_text("Delete 1 monitor?").await;
            browser.assert_well().await;
            browser.click("main button.danger").await;
            browser.find("#monitor-beta").await;
            browser.wait_without_text("alpha").await;
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_is_deleted_after_a_page_that_asks() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        assert_eq!(page.site.send(&check_in("other", NIL, "ok")), 200);
        let browser = page.browser;
        browser.open_page("/monitors/backup").await;
        browser.click("a[href='/monitors/backup/delete']").await;
        browser.wait_for_text("Delete backup?").await;
        browser.click("main a.button").await;
        browser.wait_for_text("As an attribute").await;
        browser.click("a[href='/monitors/backup/delete']").await;
        browser.click("main button.danger").await;
        browser.find("#monitor-other").await;
        assert_eq!(browser.count("#monitor-backup").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_acknowledged_withdrawn_and_resolves() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        assert_eq!(page.site.send(&check_in("backup", NIL, "error")), 200);
        let browser = page.browser;
        browser.open_page("/monitors/backup").await;
        browser.wait_for_text("open for").await;
        browser.fill("input[name=by]", "Ada <b>").await;
        browser.click("button[value=acknowledge]").await;
        browser.wait_for_text("by Ada <b>").await;
        browser.assert_well().await;
        browser.click("button[value=withdraw]").await;
        browser.find("button[value=acknowledge]").await;
        page.site.advance(60).await;
        assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
        browser.open_page("/monitors/backup").await;
        browser.wait_for_text("until ").await;
        assert_eq!(browser.count("button[value=acknowledge]").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_is_edited_and_the_later_of_two_tabs_is_told() {
    for look in Look::ALL {
        browse(Settings::default(), look, |page| async move {
            assert_eq!(page.site.send(&check_in("backup", NIL, "ok")), 200);
            let browser = page.browser;
            browser.open_page("/monitors/backup").await;
            browser.click("a[href='/monitors/backup/edit']").await;
            browser.find("form.edit").await;
            browser.assert_well().await;
            browser.fill("#max_runtime", "ten").await;
            browser.click("form.edit button").await;
            browser.wait_for_text("\"ten\" is no whole number").await;
            browser.expect_status(400).await;
            browser.assert_well().await;
            // The monitor is muted meanwhile, in another tab.
            page.site.post_form("/monitors/backup/change", &[("do", "mute")]);
            browser.fill("#max_runtime", "25").await;
            browser.fill("#name", "Nightly <backup>").await;
            browser.click("form.edit button").await;
            browser.find(".alert li").await;
            browser.wait_for_text("Muted environments: it was none, and is now production.").await;
            browser.expect_status(409).await;
            browser.assert_well().await;
            browser.click("form.edit button").await;
            browser.wait_for_text("Last set by a person").await;
            browser.wait_for_text("Nightly <backup>").await;
            browser.wait_for_text("25 min").await;
            browser.assert_well().await;
        })
        .await;
    }
}
