//! A server that speaks TLS, and the authority that has signed for it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::posted::{OK, Posted};

/// An authority that only this test knows.
pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }

    /// Signs a certificate for a server of this name, valid until the end of this year.
    pub fn sign(&self, host: &str, last_year: i32) -> Arc<ServerConfig> {
        let mut parameters = CertificateParams::new([host.to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.into()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            );
        Arc::new(config.unwrap())
    }
}

/// Answers 200 to clients that trust its certificate.
pub struct TlsServer {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Posted>>>,
}

impl TlsServer {
    pub fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, to) = (Arc::clone(&config), Arc::clone(&to));
                std::thread::spawn(move || serve(config, stream, &to));
            }
        });
        Self { address, received }
    }

    /// The bodies of what has arrived so far.
    pub fn bodies(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received.iter().map(|posted| String::from_utf8(posted.body.clone()).unwrap()).collect()
    }

    /// The names of all headers so far.
    pub fn headers(&self) -> Vec<String> {
        let received = self.received.lock().unwrap();
        received.iter().flat_map(|posted| posted.headers.iter().map(|(name, _)| name.clone())).collect()
    }
}

fn serve(config: Arc<ServerConfig>, stream: TcpStream, received: &Mutex<Vec<Posted>>) {
    let mut stream = BufReader::new(StreamOwned::new(ServerConnection::new(config).unwrap(), stream));
    while let Some(posted) = Posted::read(&mut stream) {
        received.lock().unwrap().push(posted);
        // A client that is gone cannot be answered.
        if stream.get_mut().write_all(OK.as_bytes()).is_err() {
            return;
        }
    }
}
