//! Processing errors, counts by the hour, and outages.

use jiff::Timestamp;
use serde_json::json;

use super::{Written, in_pages, instant, on_every_backend, time};
use crate::store::UsageView;
use crate::{RateLimit, Settings};

/// The time and the first error of each payload, and whether it was accepted.
fn errors(written: &Written, slug: Option<&str>) -> Vec<(String, String, bool)> {
    let listed = written.queries.processing_errors(slug).unwrap();
    listed.into_iter().map(|view| (time(view.received), view.errors[0].name.clone(), view.accepted)).collect()
}

#[test]
fn processing_errors_come_last_first_each_monitor_apart() {
    on_every_backend(&Settings::default(), |written| {
        written.send("job", "a", 1, "ok");
        written.send("other", "a", 2, "ok");
        written.send("job", "a", 1, "error");
        written.advance("10:00:10");
        written.send("job", "b", 1, "ok");
        written.send_payload(&json!({"monitor_slug": "nobody", "status": "in_progress"}));
        written.advance("10:00:20");
        let config = json!({"schedule": {"type": "crontab", "value": "0 0 1 1 *"}, "max_runtime": 100_000});
        written.send_payload(&json!({"monitor_slug": "job", "environment": "a", "status": "ok",
            "check_in_id": format!("{:032x}", 4), "monitor_config": config}));
        let of_job = errors(written, Some("job"));
        let times: Vec<_> = of_job.iter().map(|(time, _, accepted)| (time.as_str(), *accepted)).collect();
        assert_eq!(times, [("10:00:20", true), ("10:00:10", false), ("10:00:00", false)], "{of_job:?}");
        assert_eq!(of_job[1].1, "CHECKIN_ENVIRONMENT_MISMATCH");
        let of_none = errors(written, None);
        assert_eq!(of_none, [("10:00:10".to_owned(), "MONITOR_NOT_FOUND".to_owned(), false)]);
        assert_eq!(errors(written, Some("other")), []);
    });
}

#[test]
fn the_last_ten_processing_errors_of_a_monitor_are_kept() {
    let settings = Settings { rate_limit: RateLimit::OFF, ..Settings::default() };
    on_every_backend(&settings, |written| {
        written.send("job", "a", 1, "ok");
        for second in 10..22 {
            written.advance(&format!("10:00:{second}"));
            written.send("job", "a", 1, "error");
        }
        let times: Vec<_> = errors(written, Some("job")).into_iter().map(|(time, ..)| time).collect();
        let expected: Vec<_> = (12..22).rev().map(|second| format!("10:00:{second}")).collect();
        assert_eq!(times, expected);
    });
}

fn usage(written: &Written, slug: Option<&str>, since: &str) -> Vec<String> {
    let row = |view: UsageView| {
        let (monitor, reason) =
            (view.monitor.as_deref().unwrap_or("-"), view.reason.as_deref().unwrap_or("-"));
        format!("{} {monitor} {} {reason} {}", time(view.hour), view.outcome, view.count)
    };
    in_pages(|page| {
        let page = written.queries.usage(slug, instant(since), page).unwrap();
        (page.items.into_iter().map(row).collect(), page.more)
    })
}

#[test]
fn usage_comes_by_hour_then_slug_then_outcome() {
    on_every_backend(&Settings::default(), |written| {
        written.send("pear", "a", 1, "ok");
        written.send("apple", "a", 2, "ok");
        written.send("apple", "b", 3, "ok");
        written.send("apple", "b", 2, "ok");
        written.send_payload(&json!({"monitor_slug": "nobody", "status": "in_progress"}));
        written.advance("11:00:00");
        written.send("apple", "a", 4, "ok");
        let first = [
            "10:00:00 - invalid invalid_monitor 1",
            "10:00:00 apple accepted - 2",
            "10:00:00 apple invalid monitor_environment_mismatch 1",
            "10:00:00 pear accepted - 1",
        ];
        let second = "11:00:00 apple accepted - 1";
        let [none, accepted, mismatch, pear] = first;
        assert_eq!(usage(written, None, "10:00:00"), [none, accepted, mismatch, pear, second]);
        assert_eq!(usage(written, None, "10:00:01"), [second], "from the first hour that begins then");
        assert_eq!(usage(written, Some("apple"), "00:00:00"), [accepted, mismatch, second]);
        assert_eq!(usage(written, Some("fig"), "00:00:00"), Vec::<String>::new());
    });
}

#[test]
fn outages_come_oldest_first_if_they_ended_after_an_instant() {
    on_every_backend(&Settings::default(), |written| {
        // The clock jumps over the minutes in between.
        for end in ["10:20:00", "10:40:00", "11:00:00"] {
            written.clock.set(instant(end));
            written.send("job", "a", 1, "in_progress");
        }
        let listed = |since: Timestamp| {
            in_pages(|page| {
                let page = written.queries.outages(since, page).unwrap();
                (page.items.iter().map(|outage| time(outage.until)).collect(), page.more)
            })
        };
        assert_eq!(listed(Timestamp::MIN), ["10:20:00", "10:40:00", "11:00:00"]);
        assert_eq!(listed(instant("10:20:00")), ["10:40:00", "11:00:00"], "not one that ended then");
        assert_eq!(listed(instant("11:00:00")), Vec::<String>::new());
    });
}
