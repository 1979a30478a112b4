//! The way to the database: addresses, password, TLS, and pools of connections.

use std::error::Error;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::password_file;
use super::tls;
use crate::alerts::chain;
use crate::settings::{PostgresUrl, TlsMode};
use crate::store::error::StoreError;

/// The time for a new connection, name and TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The name by which PostgreSQL lists the connections, unless the URL has one.
const APPLICATION: &str = "crons";

/// A database that connections can be made to.
#[derive(Clone)]
pub(super) struct Connector {
    config: tokio_postgres::Config,
    /// `None` if no connection is encrypted.
    tls: Option<MakeRustlsConnect>,
    pub(super) schema: String,
    /// Whether statements of writes are prepared once for each connection.
    pub(super) prepared: bool,
}

impl Connector {
    /// Reads the URL, and the files that it names. Nothing is connected.
    ///
    /// # Errors
    /// If the URL or a file cannot be read. No text has the password.
    pub(super) fn new(url: &PostgresUrl) -> Result<Self, StoreError> {
        let config: Result<tokio_postgres::Config, _> = url.for_driver.parse();
        let mut config = config
            .map_err(|error| StoreError::refused(format!("the URL cannot be read: {}", chain(&error))))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(StoreError::refused("the URL names no host; write postgres://USER@HOST/DATABASE"));
        }
        config.ssl_mode(match url.tls {
            TlsMode::Disable => SslMode::Disable,
            TlsMode::Prefer => SslMode::Prefer,
            TlsMode::Require | TlsMode::Verify => SslMode::Require,
        });
        if config.get_application_name().is_none() {
            config.application_name(APPLICATION);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_LIMIT);
        }
        if config.get_password().is_none()
            && let Some(password) = password_file::password(&config, url.password_file.as_deref())?
        {
            config.password(password);
        }
        let tls = match url.tls {
            TlsMode::Disable => None,
            _ => Some(MakeRustlsConnect::new(tls::config(url)?)),
        };
        Ok(Self { config, tls, schema: url.schema.clone(), prepared: url.prepared })
    }

    /// A pool of at most `size` connections, each made when it is first asked for, and anew when it is broken.
    ///
    /// # Errors
    /// If the pool cannot be made.
    pub(super) fn pool(&self, size: usize) -> Result<Pool, StoreError> {
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &self.tls {
            Some(tls) => Manager::from_config(self.config.clone(), tls.clone(), how),
            None => Manager::from_config(self.config.clone(), NoTls, how),
        };
        let pool = Pool::builder(manager)
            .max_size(size)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_LIMIT))
            .create_timeout(Some(CONNECT_LIMIT * 2))
            .build();
        pool.map_err(StoreError::unavailable)
    }
}

/// A connection of a pool.
///
/// # Errors
/// If none can be made.
pub(super) async fn connection(pool: &Pool) -> Result<Object, StoreError> {
    pool.get()
        .await
        .map_err(|error| StoreError::unavailable(format!("no connection to PostgreSQL: {}", reason(&error))))
}

/// The reason why there is no connection, without the words of the libraries in between.
fn reason(error: &PoolError) -> String {
    let PoolError::Backend(error) = error else { return chain(error) };
    if let Some(answer) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", answer.message(), answer.code().code());
    }
    let cause = error.source().map_or_else(|| error.to_string(), chain);
    if cause.contains("password missing") {
        return "the server asks for a password; set PGPASSWORD, or name a file by passfile or PGPASSFILE"
            .to_owned();
    }
    cause
}

#[cfg(test)]
mod tests {
    use crate::conformance::cluster;
    use crate::settings::{Backend, Database};
    use crate::store::postgres::PostgresStore;

    #[test]
    fn the_reason_why_there_is_no_connection_is_that_of_the_server() {
        let Some(url) = cluster::new_database() else { return };
        for (change, expected) in [
            (
                ("user=crons", "user=nobody"),
                "no connection to PostgreSQL: role \"nobody\" does not exist (SQLSTATE 28000)",
            ),
            (
                ("/postgres?", "/nothing?"),
                "no connection to PostgreSQL: database \"nothing\" does not exist (SQLSTATE 3D000)",
            ),
        ] {
            let wrong = url.replace(change.0, change.1);
            assert_ne!(wrong, url);
            let database: Database = wrong.parse().unwrap();
            let Backend::Postgres(url) = database.backend() else {
                panic!("{database} is not of PostgreSQL")
            };
            let error = PostgresStore::open(url).err().unwrap().to_string();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}
