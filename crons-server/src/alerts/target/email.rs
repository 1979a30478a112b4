//! A target that gets e-mail: its table, and the mail with a message.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Message as Mail;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use reqwest::Url;
use serde::Deserialize;

use super::keys::{SecretKey, timeout_of};
use crate::alerts::error::InvalidAlerts;
use crate::alerts::escape::Markup;
use crate::alerts::payload::Message;
use crate::alerts::text;
use crate::quote::quoted;

/// The number of bytes of a mail's text at most.
const LIMIT: usize = 8_000;

/// A target of alerts that gets e-mail by SMTP: a table `[email.NAME]`. `Debug` hides the password.
#[derive(Clone, Deserialize)]
#[serde(try_from = "EmailTable")]
pub struct EmailTarget {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) credentials: Option<Credentials>,
    pub(super) from: Mailbox,
    /// The recipients, at least one.
    pub(super) to: Vec<Mailbox>,
    pub(super) timeout: Duration,
}

/// The protection of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// TLS from the start.
    Tls,
    /// Plain at first; a server that offers no STARTTLS gets no mail.
    StartTls,
    /// No TLS, and no sign-in.
    Plain,
}

impl EmailTarget {
    /// Returns the address of the mail server, with the scheme `smtps` for TLS from the start.
    pub fn origin(&self) -> String {
        let scheme = if self.security == Security::Tls { "smtps" } else { "smtp" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }

    /// Returns the mail with a message. A repetition of the message has the same `Message-ID`; the mails about an incident are one
    /// conversation.
    ///
    /// # Errors
    /// If the parts are no mail.
    pub(super) fn mail(&self, message: &Message, now: Timestamp) -> Result<Mail, lettre::error::Error> {
        let domain = self.from.email.domain();
        let mut mail = Mail::builder()
            .from(self.from.clone())
            .subject(text::headline(message, Markup::Verbatim))
            .date(SystemTime::from(now))
            .message_id(Some(format!("<{}@{domain}>", message.id)))
            .references(format!("<incident.{}@{domain}>", message.incident.id))
            // Neither auto-replies nor mailing lists answer (RFC 3834).
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN);
        for recipient in &self.to {
            mail = mail.to(recipient.clone());
        }
        let headline = text::headline(message, Markup::Verbatim);
        mail.body(format!("{headline}\n{}\n", text::details(message, Markup::Verbatim, "\n", LIMIT)))
    }
}

impl fmt::Debug for EmailTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailTarget")
            .field("url", &self.origin())
            .field("from", &self.from.to_string())
            .field("to", &self.to.iter().map(ToString::to_string).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// A target as it is written in TOML or JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with url, from and to")]
struct EmailTable {
    url: String,
    starttls: Option<bool>,
    username: Option<String>,
    password: Option<String>,
    password_file: Option<String>,
    password_env: Option<String>,
    from: String,
    to: Vec<String>,
    timeout: Option<String>,
}

impl TryFrom<EmailTable> for EmailTarget {
    type Error = InvalidAlerts;

    fn try_from(table: EmailTable) -> Result<Self, InvalidAlerts> {
        let EmailTable { url, starttls, username, password, password_file, password_env, from, to, timeout } =
            table;
        let (host, port, security) = server(&url, starttls)?;
        let password = SecretKey { written: password, file: password_file, variable: password_env };
        let password = password.read("password")?;
        let credentials = match (username, password) {
            (None, None) => None,
            (Some(_), Some(_)) if security == Security::Plain => {
                return Err(InvalidAlerts(
                    "username: sign-in data is sent over TLS only; leave `starttls = false` out, or write `smtps:` in `url`, or \
                     leave `username` and `password` out"
                        .to_owned(),
                ));
            }
            (Some(name), Some(password)) => Some(Credentials::new(name, password)),
            (Some(_), None) => {
                return Err(InvalidAlerts(
                    "password: `username` needs a password; write `password`, `password_file` or `password_env`".to_owned(),
                ));
            }
            (None, Some(_)) => {
                return Err(InvalidAlerts(
                    "username: `password` needs a user name; write `username`".to_owned(),
                ));
            }
        };
        if to.is_empty() {
            return Err(InvalidAlerts("to: it is empty; write one or more addresses".to_owned()));
        }
        Ok(Self {
            host,
            port,
            security,
            credentials,
            from: mailbox("from", &from)?,
            to: to.iter().map(|address| mailbox("to", address)).collect::<Result<_, _>>()?,
            timeout: timeout_of(timeout.as_deref())?,
        })
    }
}

/// Reads the address of a mail server: its host, port and protection.
fn server(url: &str, starttls: Option<bool>) -> Result<(String, u16, Security), InvalidAlerts> {
    // The message does not repeat the address, since a wrong one may hold a password.
    let refuse = |why: &str| {
        InvalidAlerts(format!(
            "url: {why}; write smtps://mail.example.com for TLS from the start, or smtp://mail.example.com:587 for STARTTLS"
        ))
    };
    let parsed = Url::parse(url).map_err(|error| refuse(&format!("it is not a URL ({error})")))?;
    let (security, port) = match (parsed.scheme(), starttls) {
        ("smtps", None) => (Security::Tls, 465),
        ("smtps", Some(_)) => {
            return Err(InvalidAlerts(
                "starttls: `smtps:` has TLS from the start; leave `starttls` out".to_owned(),
            ));
        }
        ("smtp", None | Some(true)) => (Security::StartTls, 587),
        ("smtp", Some(false)) => (Security::Plain, 25),
        (scheme, _) => return Err(refuse(&format!("`{scheme}:` is neither smtps: nor smtp:"))),
    };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(refuse("it has a user name or a password; write them as `username` and `password`"));
    }
    if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(refuse("it has more than a host and a port"));
    }
    let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refuse("it has no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((host, parsed.port().unwrap_or(port), security))
}

/// Reads an address, perhaps with a name: `Operations <ops@example.com>`.
fn mailbox(key: &str, text: &str) -> Result<Mailbox, InvalidAlerts> {
    let parsed =
        text.parse::<Mailbox>().ok().filter(|mailbox| AsRef::<str>::as_ref(&mailbox.email).is_ascii());
    parsed.ok_or_else(|| {
        InvalidAlerts(format!(
            "{key}: {} is not an address of ASCII characters; write one such as ops@example.com or \"Operations <ops@example.com>\"",
            quoted(text)
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(change: &Value) -> Result<EmailTarget, String> {
        let mut table =
            json!({"url": "smtp://mail.example", "from": "crons@a.example", "to": ["ops@b.example"]});
        for (key, value) in change.as_object().unwrap() {
            table[key] = value.clone();
        }
        serde_json::from_value(table).map_err(|error| error.to_string())
    }

    #[test]
    fn the_scheme_chooses_protection_and_port() {
        for (change, origin, security) in [
            (json!({}), "smtp://mail.example:587", Security::StartTls),
            (json!({"url": "smtps://mail.example"}), "smtps://mail.example:465", Security::Tls),
            (json!({"starttls": false}), "smtp://mail.example:25", Security::Plain),
            (json!({"url": "smtp://127.0.0.1:2525/"}), "smtp://127.0.0.1:2525", Security::StartTls),
        ] {
            let target = read(&change).unwrap();
            assert_eq!((target.origin().as_str(), target.security), (origin, security));
        }
    }

    #[test]
    fn a_mistake_is_named_without_secrets() {
        for (change, expected) in [
            (
                json!({"starttls": false, "username": "crons", "password": "hunter2"}),
                "username: sign-in data is sent over TLS only",
            ),
            (json!({"username": "crons"}), "password: `username` needs a password"),
            (json!({"password": "hunter2"}), "username: `password` needs a user name"),
            (json!({"url": "smtp://crons:hunter2@mail.example"}), "url: it has a user name or a password"),
            (json!({"url": "https://mail.example"}), "url: `https:` is neither smtps: nor smtp:"),
            (
                json!({"url": "smtps://mail.example", "starttls": true}),
                "starttls: `smtps:` has TLS from the start",
            ),
            (json!({"url": "smtp:///x"}), "url: "),
            (json!({"to": []}), "to: it is empty"),
            (json!({"to": ["ops"]}), "to: \"ops\" is not an address"),
            (json!({"from": "a@b.example\nBcc: c@d.example"}), "from: "),
        ] {
            let refused = read(&change).unwrap_err();
            assert!(refused.contains(expected) && !refused.contains("hunter2"), "{refused}");
        }
        let target = read(&json!({"username": "crons", "password": "hunter2"})).unwrap();
        assert!(!format!("{target:?}").contains("hunter2"));
    }
}
