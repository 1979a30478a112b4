//! A proxy that leads every name to one server, and remembers the requests.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::posted::Posted;

pub struct Proxy {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Posted>>>,
}

impl Proxy {
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let to = Arc::clone(&to);
                // A client that is gone cannot be answered.
                std::thread::spawn(move || drop(serve(&stream, server, &to)));
            }
        });
        Self { address, asked }
    }

    /// Returns the lines of all requests so far, each with the credentials that it sent.
    pub fn asked(&self) -> Vec<(String, Option<String>)> {
        let asked = self.asked.lock().unwrap();
        let who = |posted: &Posted| posted.header("proxy-authorization").map(str::to_owned);
        asked.iter().map(|posted| (posted.line.clone(), who(posted))).collect()
    }
}

fn serve(client: &TcpStream, server: SocketAddr, asked: &Mutex<Vec<Posted>>) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let Some(request) = Posted::read(&mut reader) else { return Ok(()) };
    let upstream = TcpStream::connect(server)?;
    if request.line.starts_with("CONNECT ") {
        asked.lock().unwrap().push(request);
        writeln!(&mut &*client, "HTTP/1.1 200 Connection established\r\n\r")?;
        let (mut from, mut to) = (client.try_clone()?, upstream.try_clone()?);
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            to.shutdown(Shutdown::Write)
        });
    } else {
        forward(&request, &upstream)?;
        asked.lock().unwrap().push(request);
    }
    io::copy(&mut &upstream, &mut &*client)?;
    client.shutdown(Shutdown::Both)
}

/// Serves a single request of a connection, and closes it.
fn forward(request: &Posted, mut server: &TcpStream) -> io::Result<()> {
    write!(server, "{}\r\nConnection: close\r\n", request.line)?;
    for (name, value) in &request.headers {
        if !name.starts_with("proxy-") && name != "connection" {
            write!(server, "{name}: {value}\r\n")?;
        }
    }
    server.write_all(b"\r\n")?;
    server.write_all(&request.body)?;
    server.shutdown(Shutdown::Write)
}
