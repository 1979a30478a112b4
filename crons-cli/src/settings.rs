//! The settings of `crons serve`, each parsed from a text: a flag, an environment variable or a value of crons.toml.

use std::error::Error;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use crons_server::{PrivateTargets, Settings, quoted};

use crate::values::whole_number;

/// The keys of crons.toml.
pub(crate) const KEYS: [&str; 14] = [
    "listen",
    "database",
    "key",
    "admin_token",
    "metrics_public",
    "public_url",
    "allow_private_targets",
    "drill",
    "rate_limit",
    "max_monitors",
    "max_environments",
    "retention.success_days",
    "retention.failure_days",
    "retention.check_ins",
];

/// The configuration of `crons serve`.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) settings: Settings,
}

impl Default for Config {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9170)), settings: Settings::default() }
    }
}

impl Config {
    /// Sets the value of a key.
    ///
    /// # Errors
    /// If the key does not exist, or the text is not a value of it. The message begins with the key and never repeats a secret.
    pub(crate) fn set(&mut self, key: &str, text: &str) -> Result<(), Box<dyn Error>> {
        /// The allowed days go up to 100 years: the instant that is so long ago must be in the calendar.
        const DAYS: RangeInclusive<u32> = 1..=36_500;
        /// The least number is the largest threshold, as a threshold counts that many finished runs.
        const RUNS: RangeInclusive<u32> = 720..=u32::MAX;
        let Self { listen, settings } = self;
        match key {
            "listen" => *listen = address(text)?,
            "database" => settings.database = text.parse()?,
            "key" => settings.public_key = Some(text.parse()?),
            "admin_token" => settings.admin_token = Some(text.parse()?),
            "metrics_public" => settings.metrics_public = truth(key, text)?,
            "public_url" => settings.public_url = Some(text.parse()?),
            "allow_private_targets" => settings.allow_private_targets = truth(key, text)?,
            "drill" => settings.drill = text.parse()?,
            "rate_limit" => settings.rate_limit = text.parse()?,
            "max_monitors" => settings.quotas.monitors = number(key, text, 1..=u32::MAX)?,
            "max_environments" => settings.quotas.environments = number(key, text, 1..=u32::MAX)?,
            "retention.success_days" => settings.retention.success_days = number(key, text, DAYS)?,
            "retention.failure_days" => settings.retention.failure_days = number(key, text, DAYS)?,
            "retention.check_ins" => settings.retention.check_ins = number(key, text, RUNS)?,
            unknown => return Err(no_key(unknown).into()),
        }
        Ok(())
    }

    /// Sets the values of keys that come from flags and variables. Returns a fault for each that is wrong.
    pub(crate) fn override_with<'a>(
        &mut self,
        values: impl IntoIterator<Item = (&'a str, Option<String>)>,
    ) -> Vec<String> {
        let mut faults = Vec::new();
        for (key, text) in values {
            if let Some(Err(error)) = text.map(|text| self.set(key, &text)) {
                let (flag, variable) = (key.replace('_', "-"), key.to_ascii_uppercase());
                faults.push(format!("--{flag} or CRONS_{variable}: {error}"));
            }
        }
        faults
    }

    /// The reason why the server refuses to start: other machines can reach its address and no admin token is set. `None` if it
    /// starts.
    pub(crate) fn exposure_error(&self) -> Option<String> {
        if self.is_local() || self.settings.admin_token.is_some() {
            return None;
        }
        Some(format!(
            "listen: other machines can reach {}, and no admin token protects the pages and the API; set --admin-token, \
             CRONS_ADMIN_TOKEN, or admin_token in crons.toml (`openssl rand -hex 32` prints one), or listen on 127.0.0.1 or \
             [::1]",
            self.listen
        ))
    }

    /// Returns the private addresses to which the server sends alerts.
    pub(crate) fn private_targets(&self) -> PrivateTargets {
        match (self.settings.allow_private_targets, self.is_local()) {
            (true, _) => PrivateTargets::Allowed,
            (false, true) => PrivateTargets::Loopback,
            (false, false) => PrivateTargets::Refused,
        }
    }

    /// Returns whether only this machine can reach the address.
    pub(crate) fn is_local(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.replacen("localhost:", "127.0.0.1:", 1);
    numeric.parse().map_err(|_| {
        format!(
            "listen: {} is not an address with a port; write one such as 127.0.0.1:9170 or [::1]:9170",
            quoted(text)
        )
    })
}

fn truth(key: &str, text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("{key}: {} is not valid; write true or false", quoted(text)))
}

fn number(key: &str, text: &str, allowed: RangeInclusive<u32>) -> Result<u32, String> {
    whole_number(text, allowed)
        .map_err(|what| format!("{key}: {} is not valid; {what}, or leave it out", quoted(text)))
}

/// The message about a key that does not exist, with the known key that is most like it.
pub(crate) fn no_key(unknown: &str) -> String {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let written = last(unknown);
    let nearest = KEYS.iter().map(|key| (strsim::levenshtein(&written, &last(key)), *key)).min();
    match nearest {
        // The name is right, but the table is wrong.
        Some((0, meant)) => match meant.rsplit_once('.') {
            Some((table, _)) => format!("`{unknown}` is not a key; did you mean `{meant}`, below [{table}]?"),
            None => format!("`{unknown}` is not a key; did you mean `{meant}`, above the first [table]?"),
        },
        Some((distance, meant)) if distance <= 2 && distance * 2 < written.len() => {
            format!("`{unknown}` is not a key; did you mean `{meant}`?")
        }
        _ => format!("`{unknown}` is not a key; `crons config` prints all keys"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_in_the_list_can_be_set_and_no_other() {
        for key in KEYS {
            let refused = Config::default().set(key, "\n").unwrap_err().to_string();
            assert!(!refused.contains("is not a key"), "{key}: {refused}");
        }
        assert!(Config::default().set("retention", "1").is_err());
    }

    #[test]
    fn an_unknown_key_gets_the_key_that_is_most_like_it() {
        for (unknown, expected) in [
            ("lisen", "did you mean `listen`?"),
            ("admin-token", "did you mean `admin_token`?"),
            ("Database", "did you mean `database`, above the first [table]?"),
            ("retention.succes_days", "did you mean `retention.success_days`?"),
            ("check_ins", "did you mean `retention.check_ins`, below [retention]?"),
            ("retention.listen", "did you mean `listen`, above the first [table]?"),
            ("kex", "did you mean `key`?"),
            ("kxx", "`crons config` prints all keys"),
            ("colour", "`crons config` prints all keys"),
        ] {
            let message = no_key(unknown);
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn only_loopback_may_be_served_without_an_admin_token() {
        for (listen, token, exposed) in [
            ("127.0.0.1:9170", None, false),
            ("localhost:0", None, false),
            ("[::1]:9170", None, false),
            ("[::ffff:127.0.0.1]:9170", None, false),
            ("0.0.0.0:9170", None, true),
            ("[::]:9170", None, true),
            ("10.0.0.7:9170", None, true),
            ("10.0.0.7:9170", Some("open-sesame-0123456789"), false),
        ] {
            let mut config = Config::default();
            config.set("listen", listen).unwrap();
            if let Some(token) = token {
                config.set("admin_token", token).unwrap();
            }
            assert_eq!(config.exposure_error().is_some(), exposed, "{listen} with {token:?}");
        }
    }
}
