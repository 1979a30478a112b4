//! A server that misbehaves.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::books::Books;
use crate::Result;
use crate::sink::{CheckIn, read_request};

/// The interval at which a listener checks whether to stop.
const POLL: Duration = Duration::from_millis(2);

/// The reactions to a request. The weights add up to 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Treatment {
    Store,
    /// Stores the check-in and answers after more time than a request may take.
    StoreAndDawdle,
    StoreAndHangUp,
    StoreAndHalfAnswer,
    HangUp,
    Refuse,
    TooOften,
    /// Stores the check-in, and sets a limit for later ones.
    Limit,
}

const WEIGHTS: [(Treatment, u32); 8] = [
    (Treatment::Store, 898),
    (Treatment::StoreAndDawdle, 20),
    (Treatment::StoreAndHangUp, 20),
    (Treatment::StoreAndHalfAnswer, 20),
    (Treatment::HangUp, 20),
    (Treatment::Refuse, 20),
    // Limits are rare, as each silences the client for a second.
    (Treatment::TooOften, 1),
    (Treatment::Limit, 1),
];

pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    books: Arc<Books>,
    dice: Mutex<StdRng>,
    behaves: AtomicBool,
    /// Whether the server refuses connections and drops those that are open.
    away: AtomicBool,
    treated: Mutex<BTreeMap<Treatment, u64>>,
}

impl Server {
    pub fn start(books: Arc<Books>, seed: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            books,
            dice: Mutex::new(StdRng::seed_from_u64(seed.rotate_left(32))),
            behaves: AtomicBool::new(false),
            away: AtomicBool::new(false),
            treated: Mutex::default(),
        });
        let days = Arc::clone(&shared);
        // The thread may fail to listen at the address again; then the books do not balance.
        std::thread::spawn(move || days.listen(listener, address));
        Ok(Self { shared, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets the server store and answer everything from now on.
    pub fn behave(&self) {
        self.shared.behaves.store(true, Ordering::SeqCst);
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let treated = self.shared.treated.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "the server: {treated:?}")
    }
}

impl Shared {
    fn random(&self, range: std::ops::Range<u64>) -> u64 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(range)
    }

    /// Listens for some seconds, is away for some more, and so on.
    fn listen(self: Arc<Self>, mut listener: TcpListener, address: SocketAddr) -> Result<()> {
        loop {
            let leaves = Instant::now() + Duration::from_millis(self.random(2_000..8_000));
            listener.set_nonblocking(true)?;
            while Instant::now() < leaves || self.behaves.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let shared = Arc::clone(&self);
                        std::thread::spawn(move || shared.converse(&stream));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(POLL),
                    Err(error) => return Err(error.into()),
                }
            }
            drop(listener);
            self.away.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(self.random(200..1_500)));
            self.away.store(false, Ordering::SeqCst);
            listener = loop {
                match TcpListener::bind(address) {
                    Ok(listener) => break listener,
                    // The address is still in use while the system takes down its connections.
                    Err(_) => std::thread::sleep(POLL),
                }
            };
        }
    }

    fn converse(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nonblocking(false)?;
        let mut reader = BufReader::new(stream);
        let (mut line, mut body) = (Vec::new(), Vec::new());
        while read_request(&mut reader, &mut line, &mut body)? && !self.away.load(Ordering::SeqCst) {
            let treatment = self.choose();
            *self.treated.lock().unwrap_or_else(PoisonError::into_inner).entry(treatment).or_default() += 1;
            std::thread::sleep(Duration::from_millis(self.random(0..30)));
            self.treat(treatment, &body, stream)?;
        }
        Ok(())
    }

    fn choose(&self) -> Treatment {
        if self.behaves.load(Ordering::SeqCst) {
            return Treatment::Store;
        }
        let mut left = self.random(0..1_000);
        for (treatment, weight) in WEIGHTS {
            match left.checked_sub(weight.into()) {
                Some(rest) => left = rest,
                None => return treatment,
            }
        }
        Treatment::Store
    }

    fn treat(&self, treatment: Treatment, body: &[u8], mut stream: &TcpStream) -> std::io::Result<()> {
        let refused = matches!(treatment, Treatment::HangUp | Treatment::Refuse | Treatment::TooOften);
        if !refused && let Some(check_in) = CheckIn::of(body) {
            self.books.note_stored(check_in.monitor_slug, check_in.status);
        }
        match treatment {
            Treatment::Store => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
            Treatment::StoreAndDawdle => {
                std::thread::sleep(Duration::from_millis(self.random(300..900)));
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            }
            Treatment::StoreAndHalfAnswer => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nConte")?;
                Err(ErrorKind::ConnectionReset.into())
            }
            Treatment::StoreAndHangUp | Treatment::HangUp => Err(ErrorKind::ConnectionReset.into()),
            Treatment::Refuse => stream.write_all(b"HTTP/1.1 500 Trouble\r\nContent-Length: 0\r\n\r\n"),
            Treatment::TooOften => {
                stream.write_all(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
            }
            Treatment::Limit => stream.write_all(
                b"HTTP/1.1 200 OK\r\nX-Sentry-Rate-Limits: 1:monitor:organization\r\nContent-Length: 2\r\n\r\n{}",
            ),
        }
    }
}
