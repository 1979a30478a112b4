//! Connections to PostgreSQL: TLS, passwords, several hosts, and a pooler between.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::cluster::{self, Cluster};
use crate::support::{Server, crons};

/// An authority that only a test knows, with a certificate of it for `localhost`, and the certificate's key, each as PEM.
struct Certificate {
    authority: String,
    signed: String,
    key: String,
}

impl Certificate {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = parameters.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(parameters, key);
        let key = KeyPair::generate().unwrap();
        let signed =
            CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        Self { authority, signed: signed.pem(), key: key.serialize_pem() }
    }
}

fn serve(url: &str) -> Command {
    let mut command = crons(&["serve", "--listen", "127.0.0.1:0", "--rate-limit", "off", "--database", url]);
    command.stderr(Stdio::piped()).env_remove("PGPASSWORD").env("HOME", "/nonexistent");
    command
}

/// The text with which a server refuses to start.
fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{text}");
    text
}

#[test]
fn tls_and_passwords_are_asked_for_as_the_url_says() {
    let (own, stranger) = (Certificate::new(), Certificate::new());
    let Some(cluster) = Cluster::start_on_network(&own.signed, &own.key) else { return };
    cluster.execute("CREATE ROLE jobs LOGIN PASSWORD 'hunter2'");
    cluster.execute("CREATE SCHEMA jobs AUTHORIZATION jobs");
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let (authority, other) = (file("own.pem", &own.authority), file("other.pem", &stranger.authority));
    let port = cluster.port();
    let url = |user: &str, host: &str, more: &str| {
        format!("postgres://{user}@{host}:{port}/postgres?schema=jobs&{more}")
    };
    let verified = |root: &str| format!("sslmode=verify-full&sslrootcert={root}");

    let passfile = file("passfile", &format!("localhost:{port}:*:jobs:hunter2\n"));
    let mut by_variable = serve(&url("jobs", "localhost", &verified(&authority)));
    by_variable.env("PGPASSWORD", "hunter2");
    let hosts = format!(
        "postgres://jobs:hunter2@/postgres?host=localhost,localhost&port=1,{port}&target_session_attrs=read-write&schema=jobs&{}",
        verified(&authority)
    );
    let encrypted = "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'jobs'";
    for (id, mut command) in (1..).zip([
        serve(&url("jobs:hunter2", "localhost", &verified(&authority))),
        serve(&url("jobs:hunter2", "localhost", "sslmode=require")),
        by_variable,
        serve(&url("jobs", "localhost", &format!("passfile={passfile}&sslmode=require"))),
        serve(&hosts),
    ]) {
        command.stderr(Stdio::null());
        let server = Server::spawn(command);
        assert!(server.check_in("job", id));
        assert_eq!(cluster.execute(encrypted), "t");
    }
    let mut plain = serve(&url("jobs:hunter2", "127.0.0.1", "sslmode=disable"));
    plain.stderr(Stdio::null());
    let plain = Server::spawn(plain);
    assert!(plain.check_in("job", 100));
    assert_eq!(cluster.execute(encrypted), "f");
    drop(plain);

    for (mut command, expected) in [
        (serve(&url("jobs:hunter2", "localhost", &verified(&other))), "certificate"),
        (serve(&url("jobs:hunter2", "127.0.0.1", &verified(&authority))), "not valid for name"),
        (serve(&url("jobs:wrong", "localhost", "sslmode=require")), "password authentication failed"),
        (
            serve(&url("jobs", "localhost", "sslmode=require")),
            "the server asks for a password; set PGPASSWORD",
        ),
    ] {
        let text = refused(&mut command);
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("wrong"), "{text}");
    }
}

/// `PgBouncer` on a port of this machine, in front of a cluster. It ends with the test.
struct Pooler {
    process: Child,
    port: u16,
}

impl Pooler {
    /// Starts it in transaction mode; `None` if this machine has none, which is said loudly.
    fn start(cluster: &Cluster, folder: &Path) -> Option<Self> {
        let program =
            ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| Path::new(path).exists());
        let Some(program) = program else {
            cluster::say_missing("PgBouncer", "Debian: pgbouncer");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut config = std::fs::File::create(folder.join("pgbouncer.ini")).unwrap();
        writeln!(
            config,
            "[databases]\npostgres = host={} port={} user=crons\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 200",
            cluster.folder().display(),
            cluster.socket().extension().unwrap().display()
        )
        .unwrap();
        // PgBouncer refuses to run as root, as PostgreSQL does.
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let mut command = Command::new(if is_root { "setpriv" } else { program });
        if is_root {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program]);
            std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        let process = command.arg(folder.join("pgbouncer.ini")).stderr(Stdio::null()).spawn().unwrap();
        let pooler = Self { process, port };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "PgBouncer does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn servers_work_through_a_pooler_in_transaction_mode() {
    let Some(cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let Some(pooler) = Pooler::start(&cluster, folder.path()) else { return };
    let url = format!("postgres://crons@127.0.0.1:{}/postgres?schema=pooled", pooler.port);
    let servers = [1, 2].map(|_| {
        let mut command = serve(&url);
        command.stderr(Stdio::null());
        Server::spawn(command)
    });
    std::thread::scope(|scope| {
        for (place, server) in (0..).zip(&servers) {
            for thread in 0..4 {
                scope.spawn(move || {
                    let ids = (1..=25).map(|id| place * 1_000 + thread * 100 + id);
                    ids.for_each(|id| assert!(server.check_in("job", id)));
                });
            }
        }
    });
    for server in &servers {
        assert_eq!(server.stored("job").len(), 200);
    }
}
