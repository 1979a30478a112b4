//! Tests of what is refused, with which message, and of what is underlined: nothing but the key or the value that is wrong.

mod expansion;

use proc_macro2::TokenStream;

const FUNCTION: &str = "async fn job() {}";

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap()
}

/// Takes the marks out of `«wrong»`: the text, and from where to where it is wrong, in characters.
fn unmarked(text: &str) -> (String, Vec<(usize, usize)>) {
    let (mut plain, mut wrong, mut begin) = (String::new(), Vec::new(), 0);
    let mut column = 0;
    for character in text.chars() {
        match character {
            '«' => begin = column,
            '»' => wrong.push((begin, column)),
            other => {
                plain.push(other);
                column += 1;
            }
        }
    }
    (plain, wrong)
}

/// The attribute has one error for each mark in `args` or `item`, in this order, within the mark, saying its part of `said`.
#[track_caller]
fn refuses(args: &str, item: &str, said: &[&str]) {
    let (plain_args, wrong_args) = unmarked(args);
    let (plain_item, wrong_item) = unmarked(item);
    let errors = crate::monitored(tokens(&plain_args), tokens(&plain_item)).expect_err("nothing was refused");
    let marks: Vec<_> = wrong_args.into_iter().chain(wrong_item).collect();
    assert_eq!((errors.len(), marks.len()), (said.len(), said.len()), "{args}: {errors:#?}");
    for ((error, (begin, end)), said) in errors.iter().zip(marks).zip(said) {
        let (from, to) = (error.span().start().column, error.span().end().column);
        assert!(begin <= from && from < to && to <= end, "{args} {item}: {error} at {from}..{to}");
        let message = error.to_string();
        assert!(message.contains(said), "{args}: {message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn a_wrong_literal_is_underlined_itself() {
    for (args, said) in [
        (r#"slug = «"Has Space!"»"#, "`has-space`"),
        (r#"slug = «""»"#, "empty"),
        (r#"interval = "1h", slug = «"-a"»"#, "`a`"),
        (r#"schedule = «"61 * * * *"»"#, "minute: 61"),
        (r#"schedule = «"0 25 * * *"», slug = "a""#, "hour: 25"),
        (r#"schedule = «"0 0 3 * * *"»"#, "no seconds"),
        (r#"schedule = «"0 10 * * ? *"»"#, "write `0 10 * * *`"),
        (r#"schedule = «"0 10 ? * 6L 2022-2023"»"#, "write `0 10 * * 5L`"),
        (r#"schedule = «"rate(5 minutes)"»"#, "`interval = \"5 minutes\"`"),
        (r#"schedule = «r"0 0 30 2 *"»"#, "schedule"),
        (r#"interval = «"90 seconds"»"#, "whole minutes"),
        (r#"on_cancel = «"fail"»"#, "`ignore`"),
        (r#"interval = "1h", timezone = «"Europe/Viena"»"#, "`Europe/Vienna`"),
        ("interval = \"1h\", checkin_margin = «0»", "checkin_margin"),
        ("interval = \"1h\", checkin_margin = «40_321»", "40320"),
        (r#"interval = "1h", max_runtime = «"8 days"»"#, "10080"),
        (r#"interval = "1h", max_runtime = «"soon"»"#, "max_runtime"),
        ("interval = \"1h\", failure_issue_threshold = «0»", "1\u{2013}720"),
        ("interval = \"1h\", recovery_threshold = «721»", "1\u{2013}720"),
        (r#"interval = "1h", owner = «"ops"»"#, "`team:"),
    ] {
        refuses(args, FUNCTION, &[said]);
    }
    refuses(r#"on_none = «"fail"»"#, "fn job() -> Option<u8> {}", &["`ignore`"]);
}

#[test]
fn a_value_of_the_wrong_kind_is_told_what_is_expected() {
    for arg in [
        "slug = «3»",
        "slug = «b\"a\"»",
        "slug = «\"a\"suffix»",
        "slug = «{ NAME }»",
        "slug = «if eu { A } else { B }»",
        "slug = «\"a\".trim()»",
        "schedule = «{ 3 }»",
        "schedule = «|| NAME»",
        "interval = «10»",
        "interval = «NAME»",
        "monitor_config = «\"@daily\"»",
        "monitor_config = «let»",
        "heartbeat = «1»",
        "heartbeat = «\"true\"»",
        "heartbeat = «yes»",
        "keep_alive = «1»",
        "keep_alive = «\"true\"»",
        "keep_alive = «60»",
        "on_cancel = «ignore»",
        "on_none = «error»",
        "on_none = «None»",
        "crate = «\"crons\"»",
    ] {
        let key = arg.split_once(" = ").unwrap().0;
        refuses(arg, "async fn job() -> Option<u8> {}", &[&format!("`{key}` takes ")]);
    }
    for arg in [
        "timezone = «1»",
        "checkin_margin = «1.5»",
        "checkin_margin = «-1»",
        "checkin_margin = «TEN»",
        "max_runtime = «2 * 60»",
        "max_runtime = «10m»",
        "max_runtime = «99999999999»",
        "failure_issue_threshold = «\"2\"»",
        "recovery_threshold = «true»",
        "owner = «'a'»",
    ] {
        let key = arg.split_once(" = ").unwrap().0;
        refuses(&format!("interval = \"1h\", {arg}"), FUNCTION, &[&format!("`{key}` takes ")]);
    }
}

#[test]
fn a_key_that_is_meant_is_suggested() {
    for (key, meant) in [
        ("monitor_slug", "slug"),
        ("name", "slug"),
        ("Slug", "slug"),
        ("sulg", "slug"),
        ("scedule", "schedule"),
        ("sch", "schedule"),
        ("max", "max_runtime"),
        ("shedule", "schedule"),
        ("cron", "schedule"),
        ("crontab", "schedule"),
        ("every", "interval"),
        ("intervall", "interval"),
        ("config", "monitor_config"),
        ("monitor_confg", "monitor_config"),
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
        ("error_on", "on_none"),
        ("on_None", "on_none"),
        ("heart_beat", "heartbeat"),
        ("ping", "heartbeat"),
        ("keepalive", "keep_alive"),
    ] {
        refuses(&format!("«{key}» = \"1\""), FUNCTION, &[&format!("did you mean `{meant}`?")]);
    }
    refuses("«color» = 1", FUNCTION, &["expected one of `slug`, `schedule`, "]);
}

#[test]
fn a_key_stands_once() {
    refuses("slug = \"a\", «slug» = \"b\"", FUNCTION, &["more than once"]);
}

#[test]
fn there_is_one_schedule() {
    refuses(r#"schedule = "@daily", «interval» = "1 day""#, FUNCTION, &["write one of them"]);
    refuses(
        r#"monitor_config = made(), «schedule» = "@daily""#,
        FUNCTION,
        &["part of what `monitor_config` says"],
    );
    refuses(
        "«timezone» = \"UTC\", «max_runtime» = 3, monitor_config = made(), «owner» = \"team:ops\"",
        FUNCTION,
        &["`timezone` is part of", "`max_runtime` is part of", "`owner` is part of"],
    );
}

#[test]
fn what_belongs_to_a_configuration_needs_a_schedule() {
    for key in ["checkin_margin", "max_runtime", "failure_issue_threshold", "recovery_threshold"] {
        refuses(&format!("«{key}» = 1"), FUNCTION, &[&format!("`{key}` needs `schedule` or `interval`")]);
    }
    refuses("«timezone» = \"UTC\"", FUNCTION, &["`timezone` needs"]);
    refuses("«owner» = \"team:ops\"", FUNCTION, &["`owner` needs"]);
    // A schedule that is wrong is reported as such, and not as missing.
    refuses(r#"schedule = «"soon"», max_runtime = 1"#, FUNCTION, &["schedule"]);
    refuses(r#"«cron» = "@daily", max_runtime = 1"#, FUNCTION, &["`schedule`"]);
    refuses("«config» = made(), max_runtime = 1", FUNCTION, &["`monitor_config`"]);
}

#[test]
fn an_argument_that_does_not_fit_the_function_is_underlined() {
    refuses("«on_cancel» = \"ok\"", "fn job() {}", &["not async"]);
    refuses("«on_none» = \"error\"", "fn job() {}", &["returns nothing"]);
    refuses("«on_none» = \"error\"", "async fn job() -> ! {}", &["returns nothing"]);
    refuses("slug = «Self»::SLUG", "fn job() {}", &["name the type"]);
    refuses("monitor_config = made(&[«Self»::N])", "fn job() {}", &["name the type"]);
}

#[test]
fn punctuation_is_checked() {
    refuses(r#"slug = "a" «interval» = "1h""#, FUNCTION, &["expected `,`"]);
    refuses("slug = NAME «interval» = \"1h\"", FUNCTION, &["expected `,`"]);
    refuses(r#"slug = "a" «more», interval = «"1"»"#, FUNCTION, &["expected `,`", "no unit"]);
    refuses(r#"slug = "a"«;» interval = "1h""#, FUNCTION, &["expected `,`"]);
    refuses(r#"slug = "a" «"b"»"#, FUNCTION, &["expected `,`"]);
    refuses(r#"slug = «"a" + "b"»"#, FUNCTION, &["takes a string literal"]);
    refuses("«slug»", FUNCTION, &["needs a value"]);
    refuses("slug «=»", FUNCTION, &["needs a value"]);
    refuses(r#"slug«(»"a")"#, FUNCTION, &["expected `=`"]);
    refuses(r#"«"nightly"»"#, FUNCTION, &["write `slug = \"nightly\"`"]);
    refuses(r#"slug = "a",«,» on_cancel = "ok""#, FUNCTION, &["expected a key"]);
    refuses(r#"slug = "a", «3»"#, FUNCTION, &["expected a key"]);
}

#[test]
fn all_errors_are_reported_at_once() {
    let args = r#"slug = "A", schedule = "* * *", timezone = "x", checkin_margin = 0, max_runtime = 0,
        failure_issue_threshold = 0, recovery_threshold = 0, owner = "x", on_cancel = "x", x = 1, heartbeat = 3"#;
    assert_eq!(crate::monitored(tokens(args), tokens(FUNCTION)).unwrap_err().len(), 11);
}

#[test]
fn a_name_that_gives_no_slug_is_underlined() {
    refuses("", "fn «__»() {}", &["slug"]);
    refuses("", &format!("fn «{}»() {{}}", "a".repeat(51)), &["longer than the 50 characters"]);
    refuses("", "fn «run»(&self) {}", &["a method needs a slug"]);
    refuses("", "fn «größe»() {}", &["not all of `größe`"]);
}

#[test]
fn the_entry_of_the_program_is_refused_and_told_where_to_go() {
    for item in [
        "fn «main»() {}",
        "pub fn «main»() -> std::process::ExitCode { std::process::ExitCode::SUCCESS }",
        "async fn «main»() -> anyhow::Result<()> { Ok(()) }",
        "#[tokio::main] async fn «main»() {}",
        "#[tokio::main(flavor = \"current_thread\")] async fn «main»() -> Result<(), Error> { run().await }",
        "#[unsafe(no_mangle)] extern \"C\" fn «main»(_argc: i32, _argv: *const *const u8) -> i32 { 0 }",
    ] {
        for args in ["", "slug = \"nightly-backup\", schedule = \"@daily\""] {
            refuses(args, item, &["a function of its own that `main` calls after `crons::init`"]);
        }
    }
    // A program cannot begin with any of these functions.
    for item in [
        "fn main(&self) {}",
        "async fn main(db: &Db) {}",
        "fn main<T: Job>() {}",
        "fn main_job() {}",
        "extern \"C\" fn main(self) {}",
    ] {
        let monitored = crate::monitored(tokens("slug = \"a\""), tokens(item));
        assert!(monitored.is_ok(), "{item}: {:?}", monitored.err());
    }
}

#[test]
fn an_item_that_is_no_function_is_named() {
    for (item, said) in [
        ("«struct» Job;", "a struct"),
        ("pub(crate) «enum» Job {}", "an enum"),
        ("«union» Job {}", "a union"),
        ("«mod» jobs {}", "a module"),
        ("«impl» Job {}", "put it on the method"),
        ("unsafe «impl» Send for Job {}", "put it on the method"),
        ("«trait» Job {}", "a trait"),
        ("unsafe «extern» \"C\" { fn job(); }", "an `extern` block"),
        ("«static» JOB: u8 = 1;", "a static"),
        ("«const» JOB: u8 = 1;", "a constant"),
        ("«type» Job = u8;", "a type alias"),
        ("«use» job;", "an import"),
        ("«job»! {}", "a macro"),
        ("«safe» fn job();", "a foreign one"),
        ("«let» job = 1;", "crons::monitor("),
        ("«|»| job()", "crons::monitor("),
        ("«async» move { job() }", "crons::monitor("),
        ("«{» job() }", "crons::monitor("),
        ("«job»(1)", "crons::monitor("),
        ("«job».start(1)", "crons::monitor("),
        ("«auto» trait Job {}", "this item"),
        ("fn job()«;»", "needs a body"),
        ("«const» fn job() {}", "`const fn`"),
        ("unsafe extern \"C\" fn job(«all: ...») {}", "variadic"),
        ("fn job() -> «impl Stream<Item = u8>» {}", "stream"),
        ("fn job() -> «BoxStream<'static, u8>» {}", "stream"),
        ("fn job() -> «Pin<Box<dyn Stream<Item = u8> + Send>>» {}", "stream"),
    ] {
        refuses("", item, &[said]);
    }
}

#[test]
fn the_item_stays_when_something_is_wrong() {
    for item in ["fn job () { body () }", "fn job () { let x = ; db . }", "struct Job ;", "fn job () ;"] {
        let errors = crate::monitored(tokens("slug = 3"), tokens(item)).unwrap_err();
        let left = crate::fallback::fallback(tokens(item), errors).to_string();
        assert!(left.starts_with(item) && left.contains("compile_error"), "{left}");
    }
}
