//! The password of a URL that has none: the variable `PGPASSWORD`, or a line of a password file, as libpq reads them.

use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::store::error::StoreError;

/// The port of a host that has none.
const PORT: u16 = 5432;

/// The password for a database; `None` if there is none.
///
/// # Errors
/// If the file that `given` names cannot be read.
pub(super) fn password(config: &Config, given: Option<&Path>) -> Result<Option<String>, StoreError> {
    if let Some(password) = std::env::var("PGPASSWORD").ok().filter(|password| !password.is_empty()) {
        return Ok(Some(password));
    }
    let named = given.map(Path::to_owned).or_else(|| std::env::var_os("PGPASSFILE").map(PathBuf::from));
    let is_named = named.is_some();
    let Some(file) = named.or_else(|| std::env::home_dir().map(|home| home.join(".pgpass"))) else {
        return Ok(None);
    };
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(find(&text, config)),
        Err(error) if is_named => {
            Err(StoreError::refused(format!("the password file {} cannot be read: {error}", file.display())))
        }
        Err(_) => Ok(None),
    }
}

/// The password of the first line whose host, port, database and user fit.
fn find(text: &str, config: &Config) -> Option<String> {
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(_) => "localhost".to_owned(),
        })
        .collect();
    let ports = config.get_ports();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let [host, port, of_database, of_user, password] = <[String; 5]>::try_from(fields(line)).ok()?;
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        let is_at = hosts.iter().enumerate().any(|(index, name)| {
            let of_host = ports.get(index).or(ports.first()).copied().unwrap_or(PORT);
            fits(&host, name) && fits(&port, &of_host.to_string())
        });
        (is_at && fits(&of_database, database) && fits(&of_user, user)).then_some(password)
    })
}

/// The fields of a line. A backslash takes the meaning from a colon or a backslash after it.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let is_last = fields.len() == 5;
        let Some(field) = fields.last_mut() else { break };
        match character {
            ':' if !is_last => fields.push(String::new()),
            '\\' => field.extend(characters.next()),
            character => field.push(character),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let text = "# comment:*:*:*:no\nother:*:*:*:no\ndb:5432:jobs:crons:a\\:b\\\\c\n*:*:*:*:rest";
        for (url, password) in [
            ("postgres://crons@db/jobs", "a:b\\c"),
            ("postgres://crons@x,db/jobs", "a:b\\c"),
            ("postgres://crons@db:5433/jobs", "rest"),
            ("postgres://someone@db/jobs", "rest"),
            ("postgres://crons@other/jobs", "no"),
        ] {
            assert_eq!(find(text, &url.parse().unwrap()).as_deref(), Some(password), "{url}");
        }
        assert_eq!(find("db:5432:jobs", &"postgres://crons@db/jobs".parse().unwrap()), None);
    }
}
