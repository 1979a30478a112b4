//! The first sixty seconds: how to connect a job, with the real DSN in each snippet, and a test run at the press of a button.

use axum::http::{HeaderMap, header};
use maud::{Markup, html};

use crate::http::access::is_https;
use crate::http::state::AppState;

/// The DSN for clients and the parts of it that snippets need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Connection {
    /// Scheme and host, without a slash at the end.
    base: String,
    public_key: String,
}

impl Connection {
    /// The DSN at the address by which the browser has reached the server: the server itself may listen on all addresses or behind a
    /// proxy, and knows no name of its own.
    pub(super) fn of_request(state: &AppState, headers: &HeaderMap) -> Self {
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let own =
            || state.dsn.split_once('@').and_then(|(_, rest)| rest.rsplit_once('/')).map(|(host, _)| host);
        let host = text(header::HOST).filter(|host| is_host(host)).or_else(own).unwrap_or("localhost");
        let scheme = if is_https(headers) { "https" } else { "http" };
        Self { base: format!("{scheme}://{host}"), public_key: state.public_key.to_string() }
    }

    pub(super) fn dsn(&self) -> String {
        let Self { base, public_key } = self;
        base.replacen("://", &format!("://{public_key}@"), 1) + "/1"
    }

    /// The path of the check-in URL of a slug.
    fn check_in_path(&self, slug: &str) -> String {
        format!("/api/1/cron/{slug}/{}/", self.public_key)
    }
}

/// Whether a `Host` can stand in a snippet that people paste into a shell.
fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(plain)
}

/// The snippets: the id, the title and the text of each.
fn snippets(connection: &Connection) -> [(&'static str, &'static str, String); 5] {
    let dsn = connection.dsn();
    let url = format!("{}{}", connection.base, connection.check_in_path("hello"));
    let rust = format!(
        "// Cargo.toml: crons = {{ path = \"../crons\" }}, the folder of its source: it is not on a registry yet\n\
         #[crons::monitor(slug = \"hello\", interval = \"1 hour\")]\n\
         fn hello() {{\n    println!(\"hello\");\n}}\n\n\
         fn main() {{\n    \
             let _crons = crons::init(crons::ClientOptions::default().dsn(\"{dsn}\"));\n    \
             hello();\n}}"
    );
    let curl = format!(
        "curl '{url}' -H 'Content-Type: application/json' \\\n  \
         -d '{{\"status\": \"ok\", \"monitor_config\": {{\"schedule\": {{\"type\": \"interval\", \"value\": 1, \"unit\": \"hour\"}}}}}}'"
    );
    let python = format!(
        "# pip install sentry-sdk\n\
         import sentry_sdk\nfrom sentry_sdk.crons import monitor\n\n\
         sentry_sdk.init(dsn=\"{dsn}\")\n\n\
         @monitor(monitor_slug=\"hello\", monitor_config={{\"schedule\": {{\"type\": \"interval\", \"value\": 1, \"unit\": \"hour\"}}}})\n\
         def hello():\n    print(\"hello\")\n\nhello()"
    );
    let node = format!(
        "// npm install @sentry/node\n\
         const Sentry = require(\"@sentry/node\");\n\n\
         Sentry.init({{ dsn: \"{dsn}\" }});\n\
         Sentry.withMonitor(\"hello\", () => console.log(\"hello\"), {{\n  \
             schedule: {{ type: \"interval\", value: 1, unit: \"hour\" }},\n}});"
    );
    let run = format!("crons run hello --interval '1 hour' --dsn '{dsn}' -- echo hello");
    [
        ("rust", "Rust", rust),
        ("curl", "curl", curl),
        ("python", "Python", python),
        ("node", "Node", node),
        ("run", "crons run", run),
    ]
}

/// The content of a server without monitors.
pub(super) fn page(connection: &Connection) -> Markup {
    html! {
        section.first-run {
            p.pulse role="status" { span.dot aria-hidden="true" {} "Waiting for the first check-in" }
            p { "Connect a job by one of these, or any Sentry SDK, with the DSN of this server:" }
            (dsn_line(connection))
            form.test-run hidden method="post" action=(connection.check_in_path("hello")) {
                button.primary type="submit" { "Send a test run" }
                output {}
                p.note { "Creates the monitor " code { "hello" } " by a run of its own, as a job would: in progress, then okay." }
            }
            (all_snippets(connection))
        }
    }
}

/// The snippets below a list of monitors, folded.
pub(super) fn folded(connection: &Connection) -> Markup {
    html! {
        details.connect {
            summary { "Connect another job" }
            (dsn_line(connection))
            (all_snippets(connection))
        }
    }
}

fn dsn_line(connection: &Connection) -> Markup {
    html! {
        p.copy-line { "DSN: " code #dsn { (connection.dsn()) } " " button type="button" data-copy="#dsn" { "Copy" } }
    }
}

fn all_snippets(connection: &Connection) -> Markup {
    html! {
        div.snippets {
            @for (id, title, text) in snippets(connection) {
                section {
                    h2 { (title) " " button type="button" data-copy={ "#snippet-" (id) } aria-label={ "Copy the snippet for " (title) } { "Copy" } }
                    pre tabindex="0" { code id={ "snippet-" (id) } { (text) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        Connection { base: "https://crons.example:8443".to_owned(), public_key: "abc".to_owned() }
    }

    #[test]
    fn every_snippet_has_the_dsn_or_the_address_of_check_ins() {
        assert_eq!(connection().dsn(), "https://abc@crons.example:8443/1");
        for (id, _, text) in snippets(&connection()) {
            let expected = match id {
                "curl" => "https://crons.example:8443/api/1/cron/hello/abc/",
                _ => "https://abc@crons.example:8443/1",
            };
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn the_rust_snippet_takes_the_crate_from_its_source() {
        let [(_, _, rust), ..] = snippets(&connection());
        assert!(rust.starts_with("// Cargo.toml: crons = { path = \"../crons\" }"), "{rust}");
        assert!(!rust.contains("cargo add"), "{rust}");
    }

    #[test]
    fn a_host_that_could_break_out_of_a_snippet_is_not_shown() {
        for (host, allowed) in [
            ("crons.example", true),
            ("127.0.0.1:9170", true),
            ("[::1]:9170", true),
            ("", false),
            ("a'; rm -rf /", false),
            ("a\"b", false),
            ("user@host", false),
        ] {
            assert_eq!(is_host(host), allowed, "{host}");
        }
    }
}
