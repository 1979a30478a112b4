//! Tests of the expansion of functions that may be watched.

use super::{FUNCTION, tokens};

/// Returns a text without blanks, and without the comma that `rustfmt` writes where it breaks a line.
fn packed(text: &str) -> String {
    text.split_whitespace().collect::<String>().replace(",)", ")")
}

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

#[test]
fn the_signature_stays_as_it_was_written() {
    for signature in [
        "#[doc = \"Documented.\"] #[must_use] pub(crate) unsafe extern \"C\" fn job(mut a: u8, (b, _): (u8, u8)) -> u8",
        "pub async fn job<'a, T: ?Sized + 'a, const N: usize>(self: Arc<Self>, t: &'a mut T) -> impl Fn() + use<'a, T, N> where Self: Sized",
        "fn job(#[cfg(unix)] &self, f: impl for<'b> Fn(&'b str)) -> Pin<Box<dyn Future<Output = ()> + '_>>",
    ] {
        let written = format!("{signature} {{ a.b() }}");
        let expanded = crate::monitored(tokens("slug = \"a\""), tokens(&written)).unwrap().to_string();
        assert!(packed(&expanded).starts_with(&packed(signature)), "{expanded}");
    }
}

#[test]
fn what_is_dropped_is_taken_whole_the_last_first() {
    for (signature, body, taken) in [
        ("a: A, b: B", "b.go(); a.go()", "let_=&b;let_=&a;"),
        ("self, a: Vec<u8>", "self.go(a)", "let_=&a;let_=&self;"),
        ("&self, a: &A, b: (u8, bool), c: [char; 3], d: fn()", "self.go(a, b, c, d)", ""),
        ("(a, b): (A, u8), S { c, .. }: S", "go(a, b, c)", "let_=&c;let_=&b;let_=&a;"),
        ("a: A", r#"println!("{a:?}")"#, "let_=&a;"),
        ("a: A, b: B", "go(..a, b.x)", "let_=&b;let_=&a;"),
        ("#[cfg(unix)] a: A, #[cfg(windows)] a: A", "go(a)", "#[cfg(windows)]let_=&a;#[cfg(unix)]let_=&a;"),
        ("#[cfg_attr(unix, cfg(any()))] a: A", "go(a)", "#[cfg_attr(unix,cfg(any()))]let_=&a;"),
        (
            "mut a: A, mut b: [u8; 3], (mut c, _): &(u8, u8), mut d: u8",
            "a = A; b[0] = 1; c += 1; d = 2;",
            "let_=&c;let_=&b;let_=&a;#[allow(clippy::shadow_same)]letmutd=d;",
        ),
        ("Unit: Unit", "go(Unit)", ""),
        ("ref d: D", "go(d)", ""),
        ("S { a, b: c, .. }: S", "go()", "let_=&c;{#[allow(clippy::shadow_unrelated)]letc=();}"),
        // A name that is not mentioned is unused, which is for a lint to say.
        (
            "a: A, _b: B, _: C",
            "let a = S { a: 1 }; go(_b)",
            "let_=&arg2;#[allow(clippy::used_underscore_binding)]let_=&_b;let_=&a;{#[allow(clippy::shadow_unrelated)]leta=();}",
        ),
        (
            "#[allow(unused)] a: A",
            r#"'a: for a in A::a() { fn a() {} b(" {a} "); break 'a }"#,
            "let_=&a;{#[allow(unused)]#[allow(clippy::shadow_unrelated)]leta=();}",
        ),
        ("a: A", "m!(a: 1)", "let_=&a;"),
        ("a: A", r#"println!("{:>a$}", 1)"#, "let_=&a;"),
    ] {
        let expanded = expanded(r#"slug = "a""#, &format!("fn job({signature}) {{ {body} }}"));
        let body = packed(body);
        assert!(expanded.contains(&format!("{{{taken}{body}}}")), "{signature}: {expanded}");
    }
}

#[test]
fn items_at_the_head_of_a_body_stay_there() {
    for (head, rest) in [
        ("use a::b; const A: u8 = { 1 };", "b(A, a)"),
        ("#[cfg(unix)] fn b() {} struct C<T>(T);", "b(a)"),
        ("macro_rules! b { () => {} }", "b!(); a.go()"),
        ("pub(crate) static A: u8 = 1; impl B for C {}", "const { 1 }; let c = a; const D: u8 = 1;"),
        ("async fn b() {} unsafe fn c() {} extern \"C\" fn d() {}", "async { b().await }; unsafe { c(a) }"),
        // Bodies without an item at their head stay as they are.
        ("", "println!(\"{a}\"); const A: u8 = 1;"),
        ("", "async move { a }.await"),
        ("", "unsafe { b(a) }"),
        ("", "#[allow(unused)] let b = a;"),
        ("", "const { b() }; a"),
        // Items that are typed half stay in the body.
        ("", "const A: u8 ="),
        ("use a::b;", "struct; a"),
    ] {
        for (item, before) in
            [("fn job(mut a: u8)", ""), ("fn job(a: A)", "let_=&a;"), ("fn job(_: A)", "let_=&arg0;")]
        {
            let written = format!("{item} {{ {head} {rest} }}");
            let expanded = expanded(r#"slug = "a""#, &written);
            let unused = item == "fn job(a: A)" && (!rest.contains('a') || rest == "const A: u8 =");
            let unused = if unused { "{#[allow(clippy::shadow_unrelated)]leta=();}" } else { "" };
            let expected = format!("{{{}{before}{unused}{}}}", packed(head), packed(rest));
            assert!(expanded.contains(&expected), "{expected} is not in {expanded}");
        }
    }
}

#[test]
fn only_what_may_be_a_future_is_allowed_to_be_one() {
    let allows = |output: &str| {
        let expanded = expanded("", &format!("async fn job() {output} {{ go().await }}"));
        expanded.contains("async_yields_async")
    };
    for output in [
        "-> JoinHandle<u8>",
        "-> tokio::task::JoinHandle<u8>",
        "-> Pin<Box<dyn Future<Output = u8> + Send>>",
        "-> BoxFuture<'static, u8>",
        "-> impl Future<Output = u8>",
        "-> &mut Job",
    ] {
        assert!(allows(output), "{output}");
    }
    for output in
        ["", "-> ()", "-> u8", "-> anyhow::Result<()>", "-> Option<JoinHandle<u8>>", "-> (A, B)", "-> &A"]
    {
        assert!(!allows(output), "{output}");
    }
}

/// The expansion is that of the file, but for line breaks. What it is instead, it prints: run that through `rustfmt`.
#[track_caller]
fn expands_to(args: &str, item: &str, expected: &str) {
    let expanded = crate::monitored(tokens(args), tokens(item)).unwrap().to_string();
    assert_eq!(packed(&expanded), packed(&tokens(expected).to_string()), "\n{expanded}\n");
}

#[test]
fn a_function_that_returns_a_result() {
    expands_to(
        "",
        "pub fn rotate_logs(folder: &Path, mut kept: usize) -> io::Result<usize> { kept += 1; fs::remove_dir(folder)?; Ok(kept) }",
        include_str!("expanded/sync_result.rs"),
    );
}

#[test]
fn an_async_function_with_a_configuration() {
    expands_to(
        r#"schedule = "0 3 * * MON-FRI", timezone = "Europe/Vienna", max_runtime = "2h", on_cancel = "ignore""#,
        "async fn nightly_backup(db: &Db) -> anyhow::Result<()> { db.copy().await }",
        include_str!("expanded/async_config.rs"),
    );
}

#[test]
fn a_method_that_returns_a_boxed_future() {
    expands_to(
        r#"slug = NIGHTLY, on_none = "error""#,
        "fn run<'a>(&'a self) -> Pin<Box<dyn Future<Output = Option<u8>> + Send + 'a>> { Box::pin(self.find()) }",
        include_str!("expanded/boxed_future.rs"),
    );
}
