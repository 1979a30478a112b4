//! The arguments of the commands that ask a server.

use std::io::Write;
use std::time::Duration;

use crons_server::quoted;
use reqwest::Url;
use serde_json::Value;

use crate::api_client::ApiClient;
use crate::api_error::ApiError;
use crate::span::positive_span;

/// The arguments that all commands share which ask a server.
#[derive(clap::Args)]
pub(crate) struct ServerArguments {
    /// Print the answer of the server as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Ask the server at this address.
    #[arg(long, value_name = "URL", env = "CRONS_URL", default_value = "http://127.0.0.1:9170")]
    url: String,
    /// Present this token: the admin token, or one of `crons token create`. Other users of this machine can see flags, so prefer the
    /// variable.
    #[arg(long, value_name = "TOKEN", env = "CRONS_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Wait this long for a complete answer, such as 500ms, 30s or 2m.
    #[arg(long, value_name = "SPAN", default_value = "10s", value_parser = positive_span)]
    timeout: Duration,
}

impl ServerArguments {
    /// Prepares a client. Nothing is sent yet.
    ///
    /// # Errors
    /// If the address is no `http://` or `https://` URL, or the token cannot be a header.
    pub(crate) fn open(&self) -> Result<ApiClient, ApiError> {
        let base = base_url(&self.url)?;
        let token = self.token.as_deref().map(str::trim).filter(|token| !token.is_empty());
        if token.is_some_and(|token| token.bytes().any(|byte| !byte.is_ascii_graphic())) {
            return Err("--token or CRONS_TOKEN: it has characters that no token has; copy it again"
                .to_owned()
                .into());
        }
        ApiClient::new(base, token.map(str::to_owned), self.timeout)
    }

    /// Prints `text` with one line break at its end; with `--json` prints `answer` instead.
    pub(crate) fn print(&self, answer: &Value, text: &str) -> std::io::Result<()> {
        let mut output = std::io::stdout().lock();
        if self.json { writeln!(output, "{answer:#}") } else { writeln!(output, "{}", text.trim_end()) }
    }
}

/// Parses the address of a server. A path stays, as a proxy may serve the server below one.
fn base_url(written: &str) -> Result<Url, String> {
    const EXAMPLE: &str = "write one such as http://127.0.0.1:9170 or https://crons.example.com";
    let refuse = |reason: &str| format!("--url or CRONS_URL: {reason}; {EXAMPLE}");
    let mut url: Url =
        written.trim().parse().map_err(|_| refuse(&format!("{} is no URL", shown(written))))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(refuse(&format!("{} does not begin with http:// or https://", shown(written))));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse(
            "it has a user name or a password before the `@`; put the token into CRONS_TOKEN",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("it has a `?` or a `#`"));
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Quotes an address for a message; hides one with an `@`, before which a password may stand.
fn shown(written: &str) -> String {
    if written.contains('@') { "the address".to_owned() } else { quoted(written) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_no_server_is_refused_with_an_example() {
        for (written, reason) in [
            ("127.0.0.1:9170", "is no URL"),
            ("localhost:9170", "does not begin with http://"),
            ("ftp://host/", "does not begin with http://"),
            ("", "is no URL"),
            ("https://user:geheim@host/", "put the token into CRONS_TOKEN"),
            ("x://user:geheim@host/", "does not begin with http://"),
            ("http://host/?a=1", "it has a `?`"),
        ] {
            let refused = base_url(written).unwrap_err();
            assert!(refused.contains(reason) && refused.contains("write one such as"), "{refused}");
            assert!(!refused.contains("geheim"), "{refused}");
        }
        for (written, base) in [
            ("http://127.0.0.1:9170", "http://127.0.0.1:9170/"),
            (" https://host/crons ", "https://host/crons/"),
            ("http://host/a/", "http://host/a/"),
        ] {
            assert_eq!(base_url(written).unwrap().as_str(), base);
        }
    }
}
