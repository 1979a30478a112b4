//! Facts about this machine: its zone, its users and the path of this program.

use std::path::Path;

use crons_types::Timezone;

/// The users of this machine whose names are not those of programs.
pub(super) fn users() -> Vec<String> {
    const FOLDERS: [&str; 6] =
        ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"];
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let names = accounts.lines().filter_map(|line| Some(line.split_once(':')?.0));
    let is_program = |name: &str| FOLDERS.iter().any(|folder| Path::new(folder).join(name).exists());
    names.filter(|name| !is_program(name)).map(str::to_owned).collect()
}

/// The zone of this machine by name.
pub(super) fn local_zone() -> Result<Timezone, String> {
    const HELP: &str = "name the zone with --timezone, such as --timezone Europe/Vienna";
    let name = iana_time_zone::get_timezone()
        .map_err(|error| format!("the time zone of this machine cannot be found: {error}; {HELP}"))?;
    // Debian writes `Etc/UTC`, which the server accepts too; `UTC` is its plain name.
    if name == "Etc/UTC" {
        return Ok(Timezone::UTC);
    }
    Timezone::parse(&name).map_err(|error| format!("the time zone of this machine: {error}; {HELP}"))
}

/// The path of this program.
pub(super) fn own_path() -> Result<String, String> {
    const HELP: &str = "name it with --crons PATH";
    let path = std::env::current_exe()
        .map_err(|error| format!("the path of crons cannot be found: {error}; {HELP}"))?;
    path.into_os_string().into_string().map_err(|_| format!("the path of crons is not UTF-8; {HELP}"))
}
