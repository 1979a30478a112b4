//! The URL of a PostgreSQL database: libpq's keys, and the schema.

use std::borrow::Cow;
use std::path::PathBuf;

use super::invalid::InvalidSetting;
use crate::quote::quoted;

/// The keys that are handed to the driver, which checks their values.
const OF_DRIVER: [&str; 16] = [
    "user",
    "password",
    "dbname",
    "application_name",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "target_session_attrs",
    "channel_binding",
    "load_balance_hosts",
];
/// The keys that are read here.
const OWN: [&str; 5] = ["schema", "sslmode", "sslrootcert", "passfile", "prepared"];

/// The schema of a URL that names none.
const SCHEMA: &str = "crons";
/// Bytes of a name in PostgreSQL, at most; longer ones are cut.
const MAX_NAME: usize = 63;

/// A database of PostgreSQL: how to reach it, and the schema with our tables.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PostgresUrl {
    /// The URL as the driver takes it, with a password if there was one.
    pub(crate) for_driver: String,
    pub(crate) schema: String,
    pub(crate) tls: TlsMode,
    /// The file with the authorities that may have signed the certificate of the server.
    pub(crate) root_certificates: Option<PathBuf>,
    /// The file with passwords, instead of `PGPASSFILE` and `~/.pgpass`.
    pub(crate) password_file: Option<PathBuf>,
    /// Whether statements are prepared once for each connection, which a pooler in transaction mode may not allow.
    pub(crate) prepared: bool,
}

/// Whether a connection is encrypted, and whether the certificate of the server is checked: libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsMode {
    Disable,
    /// Encrypted if the server can. The certificate is not checked.
    Prefer,
    /// Encrypted. The certificate is checked only if the URL names authorities, as in libpq.
    Require,
    /// Encrypted, and the certificate and the name of the server are checked. `verify-ca` is the same: a check of the authority alone
    /// lets any server pass that has a certificate of it.
    Verify,
}

impl PostgresUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// If a key is unknown, is there twice, or has a value that is not allowed.
    pub(super) fn parse(url: &str) -> Result<Self, InvalidSetting> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        if query.contains('@') {
            // The text is not repeated, as it may be the end of a password.
            return Err(refused(
                "in the URL, write a ? of the user or the password as %3F, and an @ of a key as %40",
            ));
        }
        // As in libpq, a `+` is no space.
        let query = query.replace('+', "%2B");
        let mut rest = form_urlencoded::Serializer::new(String::new());
        let mut own: [Option<String>; 5] = Default::default();
        let mut seen = Vec::new();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if seen.contains(&key) {
                return Err(refused(&format!("the key {} is there twice; write it once", quoted(&key))));
            }
            if let Some(place) = OWN.iter().position(|own| *own == key) {
                own[place] = Some(value.into_owned());
            } else if key == "host" {
                // The driver takes several hosts by several keys only.
                for host in value.split(',') {
                    rest.append_pair("host", host);
                }
            } else if OF_DRIVER.contains(&&*key) {
                rest.append_pair(&key, &value);
            } else {
                let known = [&OWN[..], &OF_DRIVER[..]].concat().join(", ");
                if seen.contains(&Cow::Borrowed("password")) {
                    return Err(refused(&format!(
                        "behind the password is a key that the URL does not have; write an & of the password as %26; the keys are {known}"
                    )));
                }
                return Err(refused(&format!("{} is no key of the URL; the keys are {known}", quoted(&key))));
            }
            seen.push(key);
        }
        let [schema, mode, root_certificates, password_file, prepared] = own;
        let rest = rest.finish().replace('+', "%20");
        let for_driver = if rest.is_empty() { base.to_owned() } else { format!("{base}?{rest}") };
        Ok(Self {
            for_driver,
            schema: schema.map_or(Ok(SCHEMA.to_owned()), checked_schema)?,
            tls: mode.as_deref().map_or(Ok(TlsMode::Prefer), tls_mode)?,
            root_certificates: root_certificates.map(PathBuf::from),
            password_file: password_file.map(PathBuf::from),
            prepared: prepared.as_deref().map_or(Ok(false), is_prepared)?,
        })
    }

    /// The URL without its password and its keys, except the schema.
    pub(crate) fn shown(&self) -> String {
        let base = self.for_driver.split_once('?').map_or(&*self.for_driver, |(base, _)| base);
        let (scheme, rest) = base.split_once("://").unwrap_or(("postgres", base));
        let shown = match rest.rsplit_once('@') {
            Some((credentials, hosts)) => {
                let user = credentials.split_once(':').map_or(credentials, |(user, _)| user);
                format!("{scheme}://{user}@{hosts}")
            }
            None => format!("{scheme}://{rest}"),
        };
        if self.schema == SCHEMA { shown } else { format!("{shown}?schema={}", self.schema) }
    }
}

/// Leaves the password out.
impl std::fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PostgresUrl").field(&self.shown()).finish()
    }
}

fn checked_schema(name: String) -> Result<String, InvalidSetting> {
    let is_plain = !name.is_empty()
        && name.len() <= MAX_NAME
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with("pg_");
    if is_plain {
        return Ok(name);
    }
    Err(refused(&format!(
        "the schema {} is not allowed; use at most {MAX_NAME} characters of a-z, 0-9 and _, not beginning with pg_",
        quoted(&name)
    )))
}

fn tls_mode(text: &str) -> Result<TlsMode, InvalidSetting> {
    match text {
        "disable" => Ok(TlsMode::Disable),
        "allow" | "prefer" => Ok(TlsMode::Prefer),
        "require" => Ok(TlsMode::Require),
        "verify-ca" | "verify-full" => Ok(TlsMode::Verify),
        other => Err(refused(&format!(
            "sslmode is {}; it is disable, prefer, require or verify-full",
            quoted(other)
        ))),
    }
}

fn is_prepared(text: &str) -> Result<bool, InvalidSetting> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(refused(&format!(
            "prepared is {}; it is true without a pooler such as PgBouncer in between, else false",
            quoted(other)
        ))),
    }
}

fn refused(why: &str) -> InvalidSetting {
    InvalidSetting::new(format!("database: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_key_by_key() {
        let url = "postgres://crons:hunter2@a,b:5433/jobs?target_session_attrs=read-write&schema=other&sslmode=verify-full\
                   &sslrootcert=/etc/ca.pem&prepared=true";
        let read = PostgresUrl::parse(url).unwrap();
        assert_eq!(read.for_driver, "postgres://crons:hunter2@a,b:5433/jobs?target_session_attrs=read-write");
        assert_eq!((read.schema.as_str(), read.tls), ("other", TlsMode::Verify));
        assert_eq!((read.root_certificates.clone(), read.prepared), (Some("/etc/ca.pem".into()), true));
        assert_eq!(read.shown(), "postgres://crons@a,b:5433/jobs?schema=other");
        assert_eq!(format!("{read:?}"), r#"PostgresUrl("postgres://crons@a,b:5433/jobs?schema=other")"#);
        let plain = PostgresUrl::parse("postgresql://db/jobs?password=hunter2").unwrap();
        assert_eq!((plain.schema.as_str(), plain.tls, plain.prepared), ("crons", TlsMode::Prefer, false));
        assert_eq!(plain.shown(), "postgresql://db/jobs");
    }

    #[test]
    fn spaces_and_plus_signs_reach_the_driver_as_they_are_meant() {
        let read = PostgresUrl::parse("postgres://h/d?password=a%20b+c&sslrootcert=/a+b.pem").unwrap();
        let driver: tokio_postgres::Config = read.for_driver.parse().unwrap();
        assert_eq!(driver.get_password(), Some(&b"a b+c"[..]));
        assert_eq!(read.root_certificates, Some("/a+b.pem".into()));
    }

    #[test]
    fn several_hosts_are_read_as_libpq_reads_them() {
        for url in
            ["postgres://a:1,b:2/d", "postgres:///d?host=a,b&port=1,2", "postgres:///d?host=a%2Cb&port=1%2C2"]
        {
            let driver: tokio_postgres::Config = PostgresUrl::parse(url).unwrap().for_driver.parse().unwrap();
            let hosts = ["a", "b"].map(|host| tokio_postgres::config::Host::Tcp(host.to_owned()));
            assert_eq!((driver.get_hosts(), driver.get_ports()), (&hosts[..], &[1, 2][..]), "{url}");
        }
    }

    #[test]
    fn the_end_of_a_password_is_not_repeated() {
        for (url, advice) in [
            ("postgres://crons:hun?ter2@db/jobs", "%3F"),
            ("postgres://a@b:hun?ter2@db/jobs", "%3F"),
            ("postgres://crons:h@un?ter2@db/jobs", "%3F"),
            ("postgres://db/jobs?user=crons&password=hun&ter2", "%26"),
            ("postgres://db/jobs?user=crons&password=hun&ter2=", "%26"),
        ] {
            let refused = PostgresUrl::parse(url).unwrap_err().to_string();
            assert!(refused.contains(advice) && !refused.contains("ter2"), "{refused}");
        }
    }

    #[test]
    fn a_wrong_key_or_value_is_refused_by_its_name() {
        for (query, text) in [
            ("sslmod=require", "\"sslmod\" is no key of the URL; the keys are schema, sslmode"),
            ("sslmode=on", "sslmode is \"on\"; it is disable, prefer, require or verify-full"),
            (
                "prepared=yes",
                "prepared is \"yes\"; it is true without a pooler such as PgBouncer in between, else false",
            ),
            ("schema=a&schema=b", "the key \"schema\" is there twice; write it once"),
            (
                "schema=Main",
                "the schema \"Main\" is not allowed; use at most 63 characters of a-z, 0-9 and _",
            ),
            ("schema=pg_temp", "the schema \"pg_temp\" is not allowed"),
            ("schema=", "the schema \"\" is not allowed"),
        ] {
            let refused = PostgresUrl::parse(&format!("postgres://db/jobs?{query}")).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("database: {text}")), "{refused}");
        }
    }
}
