//! The address and key of a project, in one URL.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// The address of a project: `{scheme}://{public key}@{host}[:{port}][/{path}]/{project id}`.
///
/// The keys appear neither in `Debug` nor in error messages.
///
/// ```
/// use crons_types::Dsn;
///
/// let dsn: Dsn = "https://key@host:8443/prefix/42".parse()?;
/// assert_eq!(dsn.envelope_url(), "https://host:8443/prefix/api/42/envelope/");
/// assert_eq!(dsn.project_id(), "42");
/// assert_eq!(format!("{dsn:?}"), "Dsn(https://***@host:8443/prefix/42)");
/// # Ok::<(), crons_types::InvalidDsn>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dsn {
    scheme: &'static str,
    public_key: Box<str>,
    secret_key: Option<Box<str>>,
    /// The host and, unless it is the scheme's default, the port.
    authority: Box<str>,
    /// Begins with `/` unless empty; never ends with one.
    path: Box<str>,
    project_id: Box<str>,
}

impl Dsn {
    /// The key that a client shows to the server.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The deprecated second key of old projects.
    pub fn secret_key(&self) -> Option<&str> {
        self.secret_key.as_deref()
    }

    /// The project, a number at Sentry.
    pub fn project_id(&self) -> &str {
        &self.project_id
    }

    /// The host and the port as in a URL, such as `localhost:9000` or `[::1]:9000`. The default port of the scheme is left out, and so
    /// are the keys: the text is safe to show.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The DSN with `***` in the place of its keys: the text is safe to show.
    ///
    /// ```
    /// let dsn: crons_types::Dsn = "https://key:secret@host/prefix/42".parse()?;
    /// assert_eq!(dsn.masked(), "https://***@host/prefix/42");
    /// # Ok::<(), crons_types::InvalidDsn>(())
    /// ```
    pub fn masked(&self) -> String {
        let Self { scheme, authority, path, project_id, .. } = self;
        format!("{scheme}://***@{authority}{path}/{project_id}")
    }

    /// The host without its port. An IPv6 address is returned without brackets.
    pub fn host(&self) -> &str {
        let host = self.authority.rsplit_once(':').filter(|(_, port)| !port.contains(']'));
        let host = host.map_or(&*self.authority, |(host, _)| host);
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        let address = host.parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|address| address.to_canonical().is_loopback())
    }

    /// The URL that envelopes are posted to.
    pub fn envelope_url(&self) -> String {
        format!("{}://{}{}/api/{}/envelope/", self.scheme, self.authority, self.path, self.project_id)
    }

    fn parse(text: &str) -> Result<Self, InvalidDsn> {
        // The text may begin with a byte order mark, which some editors put at the start of a file.
        let text = text.trim_start_matches('\u{FEFF}').trim();
        if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
            return Err(InvalidDsn::Quoted);
        }
        let (scheme, default_port, rest) = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", "80", rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", "443", rest),
            Some(_) => return Err(InvalidDsn::Scheme),
            None => return Err(InvalidDsn::NoUrl),
        };
        if is_endpoint(rest) {
            return Err(InvalidDsn::Endpoint);
        }
        if rest.contains(['?', '#']) || rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(InvalidDsn::Character);
        }
        let (keys, place) = rest.split_once('@').ok_or(InvalidDsn::PublicKey)?;
        let (public_key, secret_key) = match keys.split_once(':') {
            Some((public, secret)) => (public, (!secret.is_empty()).then_some(secret)),
            None => (keys, None),
        };
        // Keys go into a header: what would end it there has no place in a key.
        let plain =
            |key: &str| key.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'));
        if public_key.is_empty() || !plain(public_key) {
            return Err(InvalidDsn::PublicKey);
        }
        if !secret_key.is_none_or(plain) {
            return Err(InvalidDsn::SecretKey);
        }
        let (authority, path) = place.split_once('/').ok_or(InvalidDsn::Project)?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if !is_host(host) {
            return Err(InvalidDsn::Host);
        }
        // A port has digits only: `parse` alone would accept a `+`.
        let is_port = |port: &str| {
            port.bytes().all(|c| c.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port > 0)
        };
        if !port.is_none_or(is_port) {
            return Err(InvalidDsn::Port);
        }
        if path.contains(NOT_IN_PATH) {
            return Err(InvalidDsn::Character);
        }
        let path = path.trim_end_matches('/');
        let (path, project_id) = path.rsplit_once('/').unwrap_or(("", path));
        if project_id.is_empty() || !project_id.bytes().all(|c| c.is_ascii_digit()) {
            return Err(InvalidDsn::Project);
        }
        let authority = if port == Some(default_port) { host } else { authority };
        // Empty parts are left out, as repeated slashes are one at Relay.
        let parts = path.split('/').filter(|part| !part.is_empty());
        let prefix: String = parts.flat_map(|part| ["/", part]).collect();
        Ok(Self {
            scheme,
            public_key: public_key.into(),
            secret_key: secret_key.map(Into::into),
            authority: authority.into(),
            path: prefix.into(),
            project_id: project_id.into(),
        })
    }
}

/// The characters that RFC 3986 does not allow in a path: <https://datatracker.ietf.org/doc/html/rfc3986#section-3.3>.
const NOT_IN_PATH: [char; 9] = ['<', '>', '"', '\\', '^', '`', '{', '|', '}'];

/// Quotes that may surround a text that was copied, or that a file keeps as it is.
const QUOTES: [char; 9] = ['"', '\'', '`', '<', '>', '“', '”', '‘', '’'];

/// Returns whether the path is the path of a request, `/api/1/envelope/`, as log files and the settings of other tools have it.
fn is_endpoint(rest: &str) -> bool {
    const ENDPOINTS: [&str; 6] = ["envelope", "store", "cron", "security", "minidump", "unreal"];
    let parts: Vec<&str> = rest.split(['/', '?']).filter(|part| !part.is_empty()).skip(1).collect();
    let is_project = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
    parts.windows(2).any(|pair| is_project(pair[0]) && ENDPOINTS.contains(&pair[1]))
}

/// A name of ASCII labels, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
    };
    // A name that ends in a number is meant to be an address.
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let address = last.bytes().all(|c| c.is_ascii_digit());
    let name = host.strip_suffix('.').unwrap_or(host).split('.').all(label);
    name && (!address || host.parse::<Ipv4Addr>().is_ok())
}

impl FromStr for Dsn {
    type Err = InvalidDsn;

    fn from_str(text: &str) -> Result<Self, InvalidDsn> {
        Self::parse(text)
    }
}

/// Writes the public key, which the header of an envelope needs, and omits the secret one.
impl fmt::Display for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, public_key, authority, path, project_id, .. } = self;
        write!(f, "{scheme}://{public_key}@{authority}{path}/{project_id}")
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dsn({})", self.masked())
    }
}

/// The part of a text that keeps it from being a [`Dsn`]. Never quotes the text, which may hold keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidDsn {
    /// Quotes stand around it.
    Quoted,
    /// The text is the address that a request is sent to, such as `https://host/api/1/envelope/`.
    Endpoint,
    /// The text has no `://`.
    NoUrl,
    /// The scheme is neither `http` nor `https`.
    Scheme,
    /// The text has a blank, a `?`, a `#` or another character that is not allowed.
    Character,
    /// The public key is missing before an `@`, or has characters that no key has.
    PublicKey,
    /// The deprecated secret key, between a `:` and the `@`, has characters that no key has.
    SecretKey,
    /// The host is missing after the `@`, or is neither a name nor an address.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
    /// The last part of the path is no number, but perhaps the project's name.
    Project,
}

impl fmt::Display for InvalidDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self {
            Self::Quoted => {
                "quotes stand around it, which files of variables keep as part of the value; leave them out"
            }
            Self::Endpoint => {
                "it is the address of an endpoint; leave out `/api` and what stands behind the project id"
            }
            Self::NoUrl => "it does not begin with `https://` or `http://`",
            Self::Scheme => "it begins with something else than `https://` or `http://`",
            Self::Character => "there is a blank or one of ? # < > \" \\ ^ ` { | } in it",
            Self::PublicKey => "the public key before the `@` is missing or has characters that no key has",
            Self::SecretKey => {
                "the secret key between `:` and `@` has characters that no key has; leave it out"
            }
            Self::Host => "the host after the `@` is missing or malformed",
            Self::Port => "the port is no number from 1 to 65535",
            Self::Project => {
                "it does not end in the project id, which is a number, not the name of the project"
            }
        };
        write!(
            f,
            "dsn: {part}; write https://<public key>@<host>/<project id>, as the project's settings show it"
        )
    }
}

impl std::error::Error for InvalidDsn {}
