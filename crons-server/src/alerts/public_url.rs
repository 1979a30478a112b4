//! The address under which people reach the server, and the links that messages make of it.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;
use uuid::Uuid;

use super::error::InvalidAlerts;

/// The address under which people reach the pages of a server: an `http://` or `https://` URL, perhaps with a path below which a proxy
/// serves them. Alerts link to it.
///
/// ```
/// let address: crons_server::PublicUrl = "https://crons.example.com/".parse()?;
/// assert_eq!(address.to_string(), "https://crons.example.com");
/// # Ok::<(), crons_server::InvalidAlerts>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Returns the address of the page that explains a check-in or an incident.
    pub(super) fn why(&self, id: Uuid) -> String {
        format!("{self}/why/{}", id.simple())
    }

    /// Returns the address of the list of monitors.
    pub(super) fn list(&self) -> String {
        format!("{self}/")
    }

    /// Returns the address of the page of a monitor. A slug needs no encoding.
    pub(super) fn monitor(&self, slug: &str) -> String {
        format!("{self}/monitors/{slug}")
    }

    /// Returns the address of the page on which a person responds to an incident, with the key that opens it.
    pub(super) fn respond(&self, incident: Uuid, key: &str) -> String {
        format!("{self}/incidents/{}/respond?key={key}", incident.simple())
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidAlerts;

    fn from_str(text: &str) -> Result<Self, InvalidAlerts> {
        // The message does not repeat the address, since a wrong one may hold a password.
        let refuse = |why: &str| {
            InvalidAlerts(format!(
                "public_url: {why}; write the address under which people reach the pages, such as https://crons.example.com"
            ))
        };
        let url = Url::parse(text).map_err(|error| refuse(&format!("it is not a URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refuse("it begins with neither https:// nor http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it has a user name or a password before the `@`"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refuse("it has a `?` or a `#`"));
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_below_the_address() {
        let address: PublicUrl = "https://host.example/crons/".parse().unwrap();
        let id = Uuid::from_bytes([4; 16]);
        assert_eq!(address.why(id), "https://host.example/crons/why/04040404040404040404040404040404");
        assert_eq!(address.monitor("job"), "https://host.example/crons/monitors/job");
        assert_eq!(
            address.respond(id, "abc"),
            "https://host.example/crons/incidents/04040404040404040404040404040404/respond?key=abc"
        );
    }

    #[test]
    fn an_address_that_no_page_has_is_refused_and_not_repeated() {
        for (text, why) in [
            ("crons.example", "it is not a URL"),
            ("ftp://crons.example", "neither https:// nor http://"),
            ("https://me:hunter2@crons.example", "before the `@`"),
            ("https://crons.example/?a=hunter2", "it has a `?`"),
        ] {
            let refused = text.parse::<PublicUrl>().unwrap_err().to_string();
            assert!(refused.starts_with("public_url: ") && refused.contains(why), "{refused}");
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
