//! What becomes of a function that may be watched.

use super::{FUNCTION, tokens};

fn expanded(args: &str, item: &str) -> String {
    crate::monitored(tokens(args), tokens(item)).unwrap().to_string().replace(' ', "")
}

#[test]
fn without_a_slug_the_name_in_kebab_case_is_taken() {
    for (name, slug) in
        [("job", "job"), ("nightly_backup", "nightly-backup"), ("r#match", "match"), ("_a__b_", "a-b")]
    {
        let expanded = expanded("", &format!("fn {name}() {{}}"));
        assert!(expanded.contains(&format!("new(\"{slug}\")")), "{expanded}");
    }
}

#[test]
fn only_what_was_written_is_sent() {
    let expanded = expanded(r#"slug = "a", schedule = "@daily", max_runtime = "2h""#, FUNCTION);
    assert!(expanded.contains(r#"Definition::new("a").crontab("00***").max_runtime(120u32);"#), "{expanded}");
}

#[test]
fn a_body_that_does_not_parse_is_expanded_all_the_same() {
    let expanded = expanded("", "fn job(db: &Db) { let x = ; db. }");
    assert!(expanded.contains("{letx=;db.}"), "{expanded}");
}
