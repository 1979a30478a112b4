//! What is refused, in which words, and what is underlined.

use proc_macro2::TokenStream;

const FUNCTION: &str = "async fn job() {}";

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap()
}

/// Each error of the attribute: what it underlines, and what it says.
fn refused(args: &str, item: &str) -> Vec<(String, String)> {
    let errors = crate::monitored(tokens(args), tokens(item)).expect_err("nothing was refused");
    errors.iter().map(|error| (error.span().source_text().unwrap(), error.to_string())).collect()
}

/// The attribute has one error, at `underlined`, that says `part`.
#[track_caller]
fn one_error(args: &str, item: &str, underlined: &str, part: &str) {
    let errors = refused(args, item);
    let [(at, message)] = &*errors else { panic!("one error expected: {errors:#?}") };
    assert_eq!(at, underlined, "{message}");
    assert!(message.contains(part), "{message}");
    assert!(!message.contains('\n'), "{message}");
}

fn expanded(args: &str, item: &str) -> String {
    crate::monitored(tokens(args), tokens(item)).unwrap().to_string().replace(' ', "")
}

#[test]
fn a_wrong_literal_is_underlined_itself() {
    for (args, part) in [
        (r#"slug = "Has Space!""#, "`has-space`"),
        (r#"slug = """#, "empty"),
        (r#"schedule = "61 * * * *""#, "minute: 61"),
        (r#"schedule = "0 25 * * *""#, "hour: 25"),
        (r#"schedule = "0 0 3 * * *""#, "no seconds"),
        (r#"interval = "90 seconds""#, "whole minutes"),
        (r#"on_cancel = "fail""#, "`ignore`"),
    ] {
        one_error(args, FUNCTION, args.split_once(" = ").unwrap().1, part);
    }
    for (arg, part) in [
        (r#"timezone = "Europe/Viena""#, "`Europe/Vienna`"),
        ("checkin_margin = 0", "checkin_margin"),
        ("checkin_margin = 40_321", "40320"),
        (r#"max_runtime = "8 days""#, "10080"),
        (r#"max_runtime = "soon""#, "max_runtime"),
        ("failure_issue_threshold = 0", "1\u{2013}720"),
        ("recovery_threshold = 721", "1\u{2013}720"),
        (r#"owner = "ops""#, "`team:"),
    ] {
        one_error(&format!(r#"interval = "1h", {arg}"#), FUNCTION, arg.split_once(" = ").unwrap().1, part);
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_told_what_is_expected() {
    for arg in [
        "slug = 3",
        "slug = NAME",
        "slug = concat!(\"a\", \"b\")",
        "slug = b\"a\"",
        "slug = \"a\"suffix",
        "schedule = { 3 }",
        "interval = 10",
        "timezone = 1",
        "checkin_margin = 1.5",
        "checkin_margin = -1",
        "max_runtime = 2 * 60",
        "max_runtime = 10m",
        "max_runtime = 99999999999",
        "failure_issue_threshold = \"2\"",
        "recovery_threshold = true",
        "owner = 'a'",
        "on_cancel = ignore",
        "crate = \"crons\"",
    ] {
        let (key, value) = arg.split_once(" = ").unwrap();
        let scheduled = matches!(key, "slug" | "schedule" | "interval" | "on_cancel" | "crate");
        let args = if scheduled { arg.to_owned() } else { format!("interval = \"1h\", {arg}") };
        one_error(&args, FUNCTION, value, &format!("`{key}` takes "));
    }
}

#[test]
fn a_key_that_is_meant_is_suggested() {
    for (key, meant) in [
        ("monitor_slug", "slug"),
        ("name", "slug"),
        ("Slug", "slug"),
        ("scedule", "schedule"),
        ("shedule", "schedule"),
        ("cron", "schedule"),
        ("crontab", "schedule"),
        ("every", "interval"),
        ("intervall", "interval"),
        ("tz", "timezone"),
        ("time_zone", "timezone"),
        ("margin", "checkin_margin"),
        ("grace", "checkin_margin"),
        ("check_in_margin", "checkin_margin"),
        ("timeout", "max_runtime"),
        ("runtime", "max_runtime"),
        ("failure_threshold", "failure_issue_threshold"),
        ("recovery_treshold", "recovery_threshold"),
        ("owners", "owner"),
        ("on_cancle", "on_cancel"),
    ] {
        one_error(&format!("{key} = \"1\""), FUNCTION, key, &format!("did you mean `{meant}`?"));
    }
    one_error("color = 1", FUNCTION, "color", "expected one of `slug`, `schedule`, ");
}

#[test]
fn a_key_stands_once() {
    let args = "slug = \"a\", slug = \"b\"";
    one_error(args, FUNCTION, "slug", "more than once");
    let errors = crate::monitored(tokens(args), tokens(FUNCTION)).unwrap_err();
    assert_eq!(errors[0].span().start().column, args.rfind("slug").unwrap(), "the second is at fault");
}

#[test]
fn schedule_and_interval_exclude_each_other() {
    one_error(r#"schedule = "@daily", interval = "1 day""#, FUNCTION, "interval", "write one of them");
}

#[test]
fn what_belongs_to_a_configuration_needs_a_schedule() {
    for arg in ["timezone = \"UTC\"", "checkin_margin = 1", "max_runtime = 1", "failure_issue_threshold = 1"]
    {
        let key = arg.split_once(' ').unwrap().0;
        one_error(arg, FUNCTION, key, &format!("`{key}` needs `schedule` or `interval`"));
    }
    // A schedule that is wrong is reported as such, and not as missing.
    one_error(r#"schedule = "soon", max_runtime = 1"#, FUNCTION, "\"soon\"", "schedule");
    one_error(r#"cron = "@daily", max_runtime = 1"#, FUNCTION, "cron", "`schedule`");
}

#[test]
fn punctuation_is_checked() {
    one_error(r#"slug = "a" interval = "1h""#, FUNCTION, "interval", "expected `,`");
    one_error("slug", FUNCTION, "slug", "needs a value");
    one_error("slug =", FUNCTION, "=", "needs a value");
    one_error(r#"slug("a")"#, FUNCTION, "(", "expected `=`");
    one_error(r#""nightly""#, FUNCTION, "\"nightly\"", "write `slug = \"nightly\"`");
    one_error(r#"slug = "a",, on_cancel = "ok""#, FUNCTION, ",", "expected a key");
    one_error(r#"slug = "a", 3"#, FUNCTION, "3", "expected a key");
}

#[test]
fn all_errors_are_reported_at_once() {
    let args = r#"slug = "A", schedule = "* * *", timezone = "x", checkin_margin = 0, max_runtime = 0,
        failure_issue_threshold = 0, recovery_threshold = 0, owner = "x", on_cancel = "x", x = 1"#;
    assert_eq!(refused(args, FUNCTION).len(), 10);
}

#[test]
fn without_a_slug_the_name_in_kebab_case_is_taken() {
    for (name, slug) in
        [("job", "job"), ("nightly_backup", "nightly-backup"), ("r#match", "match"), ("_a__b_", "a-b")]
    {
        let expanded = expanded("", &format!("fn {name}() {{}}"));
        assert!(expanded.contains(&format!("new(\"{slug}\")")), "{expanded}");
    }
    one_error("", "fn __() {}", "__", "slug");
    one_error("", &format!("fn {}() {{}}", "a".repeat(51)), &"a".repeat(51), "longer than the 50 characters");
    one_error("", "fn run(&self) {}", "run", "a method needs a slug");
}

#[test]
fn only_what_was_written_is_sent() {
    let expanded = expanded(r#"slug = "a", schedule = "@daily", max_runtime = "2h""#, FUNCTION);
    assert!(expanded.contains(r#"Definition::new("a").crontab("00***").max_runtime(120u32);"#), "{expanded}");
}

#[test]
fn an_item_that_is_no_function_is_named() {
    for (item, underlined, part) in [
        ("struct Job;", "struct", "a struct"),
        ("pub(crate) enum Job {}", "enum", "an enum"),
        ("union Job {}", "union", "a union"),
        ("mod jobs {}", "mod", "a module"),
        ("impl Job {}", "impl", "put it on the method"),
        ("unsafe impl Send for Job {}", "impl", "put it on the method"),
        ("trait Job {}", "trait", "a trait"),
        ("unsafe extern \"C\" { fn job(); }", "extern", "an `extern` block"),
        ("static JOB: u8 = 1;", "static", "a static"),
        ("const JOB: u8 = 1;", "const", "a constant"),
        ("type Job = u8;", "type", "a type alias"),
        ("use job;", "use", "an import"),
        ("job! {}", "job", "a macro"),
        ("safe fn job();", "safe", "a foreign one"),
        ("fn job();", ";", "needs a body"),
        ("const fn job() {}", "const", "`const fn`"),
        ("unsafe extern \"C\" fn job(all: ...) {}", "all: ...", "variadic"),
        ("fn job() -> impl Stream<Item = u8> {}", "impl Stream<Item = u8>", "stream"),
        ("fn job() -> BoxStream<'static, u8> {}", "BoxStream<'static, u8>", "stream"),
    ] {
        one_error("", item, underlined, part);
    }
}

#[test]
fn a_body_that_does_not_parse_is_expanded_all_the_same() {
    let expanded = expanded("", "fn job(db: &Db) { let x = ; db. }");
    assert!(expanded.contains("{letx=;db.}"), "{expanded}");
}

#[test]
fn the_item_stays_when_something_is_wrong() {
    let item = tokens("fn job() { body() }");
    let errors = crate::monitored(tokens("slug = 3"), item.clone()).unwrap_err();
    let left = crate::fallback::fallback(item, errors).to_string();
    assert!(left.starts_with("fn job () { body () }") && left.contains("compile_error"), "{left}");
}
