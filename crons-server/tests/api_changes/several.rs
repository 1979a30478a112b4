//! Tests of changes of several monitors by one request.

use serde_json::json;

use crate::harness::{Harness, NIL, check_in};
use crate::requests::MONITORS;

#[test]
fn several_monitors_are_changed_at_once() {
    let server = Harness::at("10:00:00");
    for slug in ["one", "two", "three"] {
        let mut run = check_in(NIL, "ok");
        run["monitor_slug"] = json!(slug);
        server.send("10:00:05", &run);
    }
    let two = server.monitor("two")["id"].clone();
    let unknown = "00000000-0000-0000-0000-00000000002a";
    let ids = json!(["one", two, "two", "nothing", unknown]);
    let answer = server.put(MONITORS, &json!({"ids": ids, "status": "disabled", "isMuted": true}));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["errored"], json!(["nothing", unknown]));
    let updated = answer.body["updated"].as_array().unwrap();
    assert_eq!(updated.len(), 2, "each once");
    for monitor in updated {
        assert_eq!(*monitor, server.monitor(monitor["slug"].as_str().unwrap()));
        assert_eq!((&monitor["status"], &monitor["isMuted"]), (&json!("disabled"), &json!(true)));
    }
    assert_eq!(server.monitor("three")["status"], "active");
    for body in [
        json!({"ids": [], "isMuted": true}),
        json!({"ids": ["one"]}),
        json!({"isMuted": true}),
        json!({"ids": ["Not A Slug"], "isMuted": true}),
        json!({"ids": [7], "isMuted": true}),
        json!({"ids": "one", "isMuted": true}),
        json!({"ids": ["one"], "isMuted": true, "name": "x"}),
    ] {
        assert_eq!(server.put(MONITORS, &body).status, 400, "{body}");
    }
}

#[test]
fn a_monitor_that_cannot_be_read_leaves_the_others_to_be_changed() {
    let server = Harness::at("10:00:00");
    for slug in ["one", "two", "three"] {
        let mut run = check_in(NIL, "ok");
        run["monitor_slug"] = json!(slug);
        server.send("10:00:05", &run);
    }
    server.file().execute("UPDATE monitors SET config = '{' WHERE slug = 'two'");
    let answer = server.put(MONITORS, &json!({"ids": ["one", "two", "three"], "isMuted": true}));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["errored"], json!(["two"]));
    for slug in ["one", "three"] {
        assert_eq!(server.monitor(slug)["isMuted"], true, "{slug}");
    }
}
