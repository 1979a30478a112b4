//! The list of monitors.

use crons_browser_tests::{KEY, Look, NIL, Site, browse, check_in};
use crons_server::Settings;
use serde_json::{Value, json};

/// A check-in of a monitor that is expected at each full hour.
fn run(slug: &str, environment: &str, status: &str) -> Value {
    let mut run = check_in(slug, NIL, status);
    run["environment"] = json!(environment);
    run["duration"] = json!(42.5);
    run
}

/// Monitors in many states.
async fn history(site: &Site) {
    for slug in ["backup", "invoices", "reports", "sync"] {
        assert_eq!(site.send(&run(slug, "production", "ok")), 200);
    }
    assert_eq!(site.send(&run("sync", "staging", "ok")), 200);
    site.advance(60).await;
    for slug in ["backup", "sync", "invoices"] {
        assert_eq!(site.send(&run(slug, "production", "ok")), 200);
    }
    assert_eq!(site.send(&run("sync", "staging", "error")), 200);
    assert_eq!(site.send(&check_in("invoices", "00000000000000000000000000000001", "in_progress")), 200);
    assert_eq!(site.send(&json!({"monitor_slug": "<script>alert(1)</script>", "status": "ok"})), 200);
    site.advance(66).await;
    assert_eq!(site.send(&run("backup", "production", "ok")), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_well_in_every_look() {
    for look in Look::ALL {
        browse(Settings::default(), look, |page| async move {
            page.browser.open_page("/").await;
            page.browser.wait_for_text("Waiting for the first check-in").await;
            page.browser.assert_well().await;
            history(&page.site).await;
            for path in ["/", "/?window=90d&state=missed", "/?query=nothing"] {
                page.browser.open_page(path).await;
                page.browser.find("#filters").await;
                page.browser.assert_well().await;
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_check_in_replaces_the_instructions() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        page.browser.open_page("/").await;
        let dsn = page.site.url("").replace("://", &format!("://{KEY}@")) + "/1";
        page.browser.wait_for_text(&dsn).await;
        page.browser.click("button[data-copy='#snippet-run']").await;
        page.browser.find("button[data-copy='#snippet-run']").await;
        page.browser.wait_for_text("Copied").await;
        assert!(page.browser.clipboard().await.contains(&dsn));
        page.browser.click("form.test-run button").await;
        page.browser.find("#monitor-hello.ok").await;
        page.browser.wait_for_text("hello checked in").await;
        assert_eq!(page.browser.count(".first-run").await, 0);
        let check_ins = page.site.api("/monitors/hello/checkins/");
        assert_eq!(check_ins[0]["status"], "ok", "{check_ins}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_and_misses_appear_by_themselves_and_nothing_jumps() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        for slug in ["a", "b", "c"] {
            assert_eq!(page.site.send(&run(slug, "production", "ok")), 200);
            assert_eq!(page.site.send(&run(slug, "staging", "ok")), 200);
        }
        page.browser.open_page("/").await;
        // The page itself clicks: the row may be replaced between a look for it and a click.
        page.browser.evaluate("document.querySelector('#monitor-b summary').click()").await;
        page.browser.evaluate("document.querySelector('#monitor-c .choose').click()").await;
        assert_eq!(page.site.send(&run("c", "staging", "error")), 200);
        page.browser.find("#monitor-c.failed .choose:checked").await;
        assert_eq!(page.browser.count(".choose:checked").await, 1);
        page.browser.find("#filters [data-count=failed] .number").await;
        page.browser.wait_for_text("Failed\n1").await;
        assert_eq!(page.site.send(&run("d", "production", "ok")), 200);
        page.browser.find("#monitor-d.ok").await;
        // The deadlines pass, as no check-in comes any more.
        page.site.advance(66).await;
        page.browser.find("#monitor-b.missed").await;
        page.browser.find("#monitor-d.missed").await;
        let order = "return [...document.querySelectorAll('.monitor')].map((row) => row.dataset.slug).join()";
        assert_eq!(page.browser.evaluate(order).await, "a,b,c,d", "rows stay where they are");
        page.browser.find("#monitor-b details[open]").await;
        let icon = page.browser.evaluate("return document.querySelector('link[rel=icon]').href").await;
        assert!(icon.as_str().unwrap().ends_with("?state=missed"), "{icon}");
        assert_eq!(page.site.send(&run("c", "staging", "ok")), 200);
        assert_eq!(page.site.send(&run("c", "production", "ok")), 200);
        page.browser.find("#monitor-c.ok").await;
        assert_eq!(page.browser.evaluate(order).await, "a,b,c,d", "rows stay where they are");
        // A reader who opens the page later finds the failing first.
        page.browser.open_page("/").await;
        assert_eq!(page.browser.evaluate(order).await, "a,b,d,c");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_page_was_hidden_nothing_is_missing() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        assert_eq!(page.site.send(&run("a", "production", "ok")), 200);
        page.browser.open_page("/").await;
        page.browser.find("#monitor-a.ok").await;
        page.browser.evaluate("dispatchEvent(new Event('pagehide'))").await;
        assert_eq!(page.site.send(&run("a", "production", "error")), 200);
        page.browser.evaluate("dispatchEvent(new Event('pageshow'))").await;
        page.browser.find("#monitor-a.failed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_names_its_runs_by_pointer_and_by_keyboard() {
    browse(Settings::default(), Look::LIGHT, |page| async move {
        history(&page.site).await;
        page.browser.open_page("/?query=sync").await;
        page.browser.evaluate("document.querySelector('#monitor-sync > .timeline').focus()").await;
        // The last bucket is the present, and its hour began six buckets before.
        page.browser.find("#monitor-sync > .timeline .tip").await;
        let press = "const timeline = document.querySelector('#monitor-sync > .timeline');
            const key = (key) => timeline.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
            for (let i = 0; i < 6; i++) key('ArrowLeft'); return timeline.getAttribute('aria-valuenow')";
        assert_eq!(page.browser.evaluate(press).await, "137");
        page.browser.wait_for_text("staging\nOkay").await;
        let said = "return document.querySelector('#monitor-sync > .timeline').getAttribute('aria-valuetext')";
        let text = page.browser.evaluate(said).await;
        assert!(text.as_str().unwrap().contains("Failed at"), "{text}");
        page.browser.assert_well().await;
        // A row that is replaced meanwhile keeps the focus and the bucket.
        page.browser.evaluate("document.querySelector('#monitor-sync').dataset.old = ''").await;
        assert_eq!(page.site.send(&run("sync", "production", "ok")), 200);
        page.browser.find("#monitor-sync:not([data-old])").await;
        let place = "const timeline = document.querySelector('#monitor-sync > .timeline');
            return [timeline.getAttribute('aria-valuenow'), document.activeElement === timeline]";
        assert_eq!(page.browser.evaluate(place).await, json!(["137", true]));
    })
    .await;
}
