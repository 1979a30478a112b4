//! Tests of ids of runs, in every form of a UUID.

use serde_json::json;

use crate::harness::{Harness, KEY, api_id, check_in, id};
use crate::raw::ask;

#[test]
fn a_run_is_found_by_its_id_in_any_form() {
    let dashed = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";
    let forms = [id('a'), dashed.to_owned(), format!("{{{dashed}}}"), format!("urn:uuid:{dashed}"), id('A')];
    for opener in &forms {
        let server = Harness::at("10:00:00");
        let answer = server.send("10:00:00", &check_in(opener, "in_progress"));
        assert_eq!(answer.body, json!({"id": id('a')}), "{opener}");
        for closer in &forms {
            let written: String = closer
                .chars()
                .map(|c| match c {
                    '{' => "%7B".to_owned(),
                    '}' => "%7D".to_owned(),
                    other => other.to_string(),
                })
                .collect();
            let line = format!("GET /api/1/cron/job/{KEY}/?status=in_progress&check_in_id={written}");
            assert_eq!(ask(&server, &line, &[], b"").header("x-sentry-error"), "", "{closer}");
        }
        let runs = server.check_ins("job");
        assert_eq!((runs.len(), &runs[0]["id"]), (1, &api_id('a')), "{opener}");
    }
}
