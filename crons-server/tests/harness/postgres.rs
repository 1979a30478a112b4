//! A PostgreSQL of the test: a temporary cluster on a Unix socket, usually one for the whole process, with a schema for each database.
//!
//! A shell watches over it: when the test ends, however it ends, the shell's standard input is closed, and it ends the cluster and removes its
//! folder.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, or says why it is skipped"
)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Makes the cluster in `$1` as the user `$2` (`-`: this one), by the programs in `$3`, on the port `$4` with the options `$5`, and ends it at
/// the end of the input. PostgreSQL is started again when it ends before. The cluster is a copy of `CRONS_TEST_POSTGRES_TEMPLATE` if that is set, which takes
/// less time.
const WATCH: &str = r#"
as=; [ "$2" = - ] || as="setpriv --reuid=$2 --regid=$2 --clear-groups"
{ [ "$2" = - ] || chown -R "$2" "$1"; } &&
if [ -n "$CRONS_TEST_POSTGRES_TEMPLATE" ]; then
    $as cp -r "$CRONS_TEST_POSTGRES_TEMPLATE" "$1/data"
else
    $as "$3/initdb" -D "$1/data" -U crons -A trust --no-sync --no-locale -E UTF8
fi >"$1/log" 2>&1 ||
    { cat "$1/log"; echo failed; exit; }
{ while ! [ -e "$1/over" ]; do
    while [ -e "$1/held" ]; do sleep 0.05; done
    $as "$3/postgres" -D "$1/data" -k "$1" -p "$4" -c max_connections=300 $5 \
        >>"$1/log" 2>&1 </dev/null
    touch "$1/ended"
done; } >/dev/null &
until "$3/pg_isready" -q -h "$1" -p "$4" -U crons; do
    [ -e "$1/ended" ] && { cat "$1/log"; echo failed; break; }
    sleep 0.05
done
echo ready
cat >/dev/null
touch "$1/over"
kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")"
wait
rm -rf "$1"
"#;

/// The port of clusters that listen on their socket only, which has it in its name.
const SOCKET_PORT: u16 = 5_432;

/// A running cluster.
pub struct Cluster {
    /// The folder, which has the socket, too.
    folder: PathBuf,
    programs: PathBuf,
    /// The port, which is part of the name of the socket, too.
    port: u16,
}

/// The URL of a new database, empty, in the cluster of this process; `None` if this machine has no PostgreSQL, which is said loudly.
///
/// # Panics
/// If there is none and `CRONS_POSTGRES_REQUIRED` is set, or if it does not start.
pub fn new_database() -> Option<String> {
    shared().map(Cluster::new_database)
}

/// The cluster of this process; `None` if this machine has no PostgreSQL.
///
/// # Panics
/// In the cases of [`new_database`].
pub fn shared() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start).as_ref()
}

impl Cluster {
    /// Starts a cluster that ends with this process; `None` if this machine has no PostgreSQL, which is said loudly.
    ///
    /// # Panics
    /// In the cases of [`new_database`].
    pub fn start() -> Option<Self> {
        Self::start_with(SOCKET_PORT, "-c listen_addresses= -c fsync=off -c full_page_writes=off", &[])
    }

    /// Starts a cluster whose commits survive a loss of power.
    pub fn start_durable() -> Option<Self> {
        Self::start_with(SOCKET_PORT, "-c listen_addresses=", &[])
    }

    /// Starts a cluster that also listens on a port of this machine, with a certificate and its key, and asks for passwords there.
    pub fn start_on_network(certificate: &str, key: &str) -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let files = [
            ("certificate.pem", certificate),
            ("key.pem", key),
            ("hba.conf", "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"),
        ];
        let options = "-c fsync=off -c listen_addresses=127.0.0.1 -c ssl=on -c ssl_cert_file=../certificate.pem \
                       -c ssl_key_file=../key.pem -c hba_file=FOLDER/hba.conf";
        Self::start_with(port, options, &files)
    }

    fn start_with(port: u16, options: &str, files: &[(&str, &str)]) -> Option<Self> {
        let Some(programs) = programs() else {
            say_missing("PostgreSQL", "no `initdb` in PATH or /usr/lib/postgresql; Debian: postgresql");
            return None;
        };
        // The folder outlives this value: the shell removes it.
        let folder = tempfile::Builder::new().prefix("crons-postgres-").tempdir().unwrap().keep();
        for (name, content) in files {
            let path = folder.join(name);
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let id = Command::new("id").arg("-u").output().unwrap();
        // PostgreSQL refuses to run as root.
        let user = if id.stdout == b"0\n" { "postgres" } else { "-" };
        let mut watch = Command::new("sh")
            .args(["-c", WATCH, "watch"])
            .arg(&folder)
            .arg(user)
            .arg(&programs)
            .arg(port.to_string())
            .arg(options.replace("FOLDER", &folder.display().to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map_while(Result::ok);
        let printed: Vec<String> = lines.by_ref().take_while(|line| line != "ready").collect();
        let failed = printed.iter().any(|line| line == "failed");
        assert!(!failed, "PostgreSQL does not start: {}", printed.join("\n"));
        // The input stays open until this process ends.
        std::mem::forget(watch);
        Some(Self { folder, programs, port })
    }

    /// The URL of a new database, empty: a schema of its own.
    pub fn new_database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (folder, port) = (self.folder.display(), self.port);
        format!("postgres:///postgres?host={folder}&port={port}&user=crons&schema=test_{number}")
    }

    /// The Unix socket on which the cluster listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(format!(".s.PGSQL.{}", self.port))
    }

    /// The port of [`start_on_network`](Self::start_on_network).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Executes a statement. Returns the value that it prints.
    pub fn execute(&self, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-U",
            "crons",
            "-d",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
            "-h",
        ]);
        let output = psql.arg(&self.folder).args(["-p", &self.port.to_string()]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Ends PostgreSQL as a crash does, until [`go_on`](Self::go_on).
    pub fn hold(&self) {
        std::fs::write(self.folder.join("held"), "").unwrap();
        self.crash();
    }

    pub fn go_on(&self) {
        std::fs::remove_file(self.folder.join("held")).unwrap();
    }

    /// Ends PostgreSQL as a crash does. The shell starts it again.
    pub fn crash(&self) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let killed = Command::new("kill").args(["-QUIT", pid.lines().next().unwrap()]).status().unwrap();
        assert!(killed.success());
    }
}

/// Says loudly that a test is skipped, as this machine lacks something.
///
/// # Panics
/// If `CRONS_POSTGRES_REQUIRED` is set.
pub fn say_missing(what: &str, where_from: &str) {
    assert!(std::env::var_os("CRONS_POSTGRES_REQUIRED").is_none(), "there is no {what}: {where_from}");
    println!("SKIPPED: NO {} ON THIS MACHINE ({where_from})", what.to_uppercase());
}

/// The folder with `initdb`, `postgres` and `pg_isready`: of several versions the newest.
fn programs() -> Option<PathBuf> {
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&in_path).collect();
    let mut installed: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort();
    folders.extend(installed.into_iter().rev());
    let needed = ["initdb", "postgres", "pg_isready"];
    folders.into_iter().find(|folder| needed.iter().all(|program| folder.join(program).exists()))
}
