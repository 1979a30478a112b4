//! A mail server on a port of its own, which can be told to refuse, to greylist, to say nothing, or to want TLS.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The answers that differ from those of a server that takes everything: to a command that begins with the key.
pub type Answers = Vec<(&'static str, &'static str)>;

/// A mail as it came.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
    pub encrypted: bool,
    /// The parameter of the sign-in; empty without one.
    pub auth: String,
}

impl Mail {
    /// The value of a header on one line.
    pub fn header(&self, name: &str) -> &str {
        let begin = format!("{name}: ");
        self.data.lines().find_map(|line| line.strip_prefix(&begin)).unwrap_or_default()
    }
}

/// Mails whose text has come and is not answered yet.
#[derive(Default)]
struct Hold {
    holds: bool,
    waiting: usize,
}

#[derive(Clone, Default)]
struct Shared {
    answers: Arc<Mutex<Answers>>,
    silent: Arc<Mutex<bool>>,
    hold: Arc<(Mutex<Hold>, Condvar)>,
    connections: Arc<Mutex<usize>>,
    mails: Arc<Mutex<Vec<Mail>>>,
    tls: Option<Arc<ServerConfig>>,
    /// Whether TLS begins with the first byte, and not with STARTTLS.
    implicit_tls: bool,
}

pub struct MailServer {
    pub address: SocketAddr,
    shared: Shared,
}

impl MailServer {
    /// A server that is down until it is [up](Self::up).
    pub fn down() -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { address, shared: Shared::default() }
    }

    pub fn start() -> Self {
        let server = Self::down();
        server.up();
        server
    }

    /// A server that offers STARTTLS.
    pub fn with_tls(config: Arc<ServerConfig>) -> Self {
        let mut server = Self::down();
        server.shared.tls = Some(config);
        server.up();
        server
    }

    /// A server that speaks TLS from the first byte.
    pub fn with_implicit_tls(config: Arc<ServerConfig>) -> Self {
        let mut server = Self::down();
        (server.shared.tls, server.shared.implicit_tls) = (Some(config), true);
        server.up();
        server
    }

    pub fn up(&self) {
        let listener = TcpListener::bind(self.address).unwrap();
        let shared = self.shared.clone();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                *shared.connections.lock().unwrap() += 1;
                let shared = shared.clone();
                // A client that ends the connection ends the thread.
                std::thread::spawn(move || serve(socket, &shared));
            }
        });
    }

    /// Answers commands that begin with a key so from now on.
    pub fn answer(&self, answers: Answers) {
        *self.shared.answers.lock().unwrap() = answers;
    }

    /// Says nothing to connections from now on, or speaks again.
    pub fn be_silent(&self, silent: bool) {
        *self.shared.silent.lock().unwrap() = silent;
    }

    /// Answers no text of a mail from now on, or all that wait.
    pub fn hold(&self, holds: bool) {
        self.shared.hold.0.lock().unwrap().holds = holds;
        self.shared.hold.1.notify_all();
    }

    /// The number of mails that wait for the answer to their text.
    pub fn held(&self) -> usize {
        self.shared.hold.0.lock().unwrap().waiting
    }

    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().unwrap()
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.shared.mails.lock().unwrap().clone()
    }
}

fn serve(mut socket: TcpStream, shared: &Shared) -> Option<()> {
    if *shared.silent.lock().unwrap() {
        let mut end = [0; 1];
        return socket.read(&mut end).ok().map(drop);
    }
    let mut mail = Mail { encrypted: shared.implicit_tls, ..Mail::default() };
    if shared.implicit_tls {
        let (mut reader, mut writer) = encrypt(socket, shared)?;
        answer(&mut writer, shared, "", "220 mail.example ready")?;
        converse(&mut reader, &mut writer, shared, &mut mail)?;
        return Some(());
    }
    answer(&mut socket, shared, "", "220 mail.example ready")?;
    let upgraded = converse(&mut BufReader::new(socket.try_clone().ok()?), &mut socket, shared, &mut mail)?;
    if upgraded {
        mail.encrypted = true;
        let (mut reader, mut writer) = encrypt(socket, shared)?;
        converse(&mut reader, &mut writer, shared, &mut mail)?;
    }
    Some(())
}

/// Speaks TLS from here on. Returns the two halves of the connection.
fn encrypt(socket: TcpStream, shared: &Shared) -> Option<(BufReader<Half>, Half)> {
    let connection = ServerConnection::new(Arc::clone(shared.tls.as_ref()?)).unwrap();
    let stream = Arc::new(Mutex::new(StreamOwned::new(connection, socket)));
    Some((BufReader::new(Half(Arc::clone(&stream))), Half(stream)))
}

/// A shared handle of an encrypted connection, so that its reader and its writer are on one thread.
struct Half(Arc<Mutex<StreamOwned<ServerConnection, TcpStream>>>);

impl Read for Half {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().read(buffer)
    }
}

impl Write for Half {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.lock().unwrap().flush()
    }
}

/// Answers commands. Returns whether the connection is now to be encrypted; `None` at its end.
fn converse(
    reader: &mut impl BufRead,
    writer: &mut impl Write,
    shared: &Shared,
    mail: &mut Mail,
) -> Option<bool> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let command = line.trim_end();
        let argument =
            |begin: &str| command.strip_prefix(begin).map(|rest| rest.trim_matches(['<', '>']).to_owned());
        if command.starts_with("EHLO") {
            let offers = if shared.tls.is_some() && !mail.encrypted { "250-STARTTLS\r\n" } else { "" };
            answer(writer, shared, command, &format!("250-mail.example\r\n{offers}250 AUTH PLAIN LOGIN"))?;
        } else if command == "STARTTLS" {
            answer(writer, shared, command, "220 go on")?;
            return Some(true);
        } else if command.starts_with("AUTH") {
            command.clone_into(&mut mail.auth);
            answer(writer, shared, command, "235 welcome")?;
        } else if let Some(from) = argument("MAIL FROM:") {
            mail.from = from;
            answer(writer, shared, command, "250 ok")?;
        } else if let Some(recipient) = argument("RCPT TO:") {
            if answer(writer, shared, command, "250 ok")? {
                mail.to.push(recipient);
            }
        } else if command == "DATA" {
            if answer(writer, shared, command, "354 go on")? {
                mail.data.clear();
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).ok()?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                let (hold, changed) = &*shared.hold;
                let mut hold = hold.lock().unwrap();
                hold.waiting += 1;
                hold = changed.wait_while(hold, |hold| hold.holds).unwrap();
                hold.waiting -= 1;
                drop(hold);
                if answer(writer, shared, ".", "250 taken")? {
                    shared.mails.lock().unwrap().push(mail.clone());
                }
            }
        } else {
            answer(writer, shared, command, "221 bye")?;
        }
    }
}

/// Writes the answer to a command. Returns whether it is a positive one.
fn answer(writer: &mut impl Write, shared: &Shared, command: &str, usual: &str) -> Option<bool> {
    let answers = shared.answers.lock().unwrap();
    let chosen = answers
        .iter()
        .find(|(begin, _)| if begin.is_empty() { command.is_empty() } else { command.starts_with(begin) });
    let text = chosen.map_or(usual, |(_, answer)| answer);
    writer.write_all(format!("{text}\r\n").as_bytes()).ok()?;
    writer.flush().ok()?;
    Some(text.starts_with(['2', '3']))
}
