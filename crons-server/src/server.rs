//! A running server: its socket, its clock, its end.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::domain::truncate_to_minute;
use crate::http::{self, Access, App, RefusalLog, Routes, Seldom};
use crate::ids::Ids;
use crate::mask::Mask;
use crate::open_server::{OpenServer, StartError};
use crate::pipeline::{self, Inbox, Judge};
use crate::retention;
use crate::settings::{Retention, Settings};
use crate::store::Reader;

/// How long requests that are under way may take when the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// A server that listens. Dropped, it stops at once; [`shutdown`](Self::shutdown) lets requests finish.
pub struct Server {
    address: SocketAddr,
    dsn: String,
    public_key: String,
    inbox: Arc<Inbox>,
    stop: watch::Sender<bool>,
    http: tokio::task::JoinHandle<std::io::Result<()>>,
    /// Background tasks.
    timers: Vec<tokio::task::JoinHandle<()>>,
    retention: Retention,
    /// Reads for housekeeping, so that pages do not wait for it.
    sweeper: Arc<Reader>,
    alerts: tokio::task::JoinHandle<()>,
    /// `None` once it has been waited for.
    consumer: Option<JoinHandle<()>>,
}

impl Server {
    /// Opens the database on a thread that may wait, before anything listens, so that no client waits for it: its schema is brought
    /// up to date, which the log says, and a file of an old version is rewritten, which may take minutes. [`OpenServer::serve`] then
    /// takes the listener.
    ///
    /// # Errors
    /// If the database cannot be used, or alerts cannot be sent as they are configured.
    pub async fn open(settings: &Settings) -> Result<OpenServer, StartError> {
        let settings = settings.clone();
        let opened = tokio::task::spawn_blocking(move || OpenServer::open(&settings)).await;
        opened.unwrap_or_else(|panicked| Err(StartError::Io(std::io::Error::other(panicked))))
    }

    /// Opens the database and serves on `listener`, in the background of the current tokio runtime. The calling thread waits until
    /// the database is open, as do clients that connect meanwhile: a program that does other things, or whose database may be an
    /// old one, calls [`open`](Self::open) first, and then binds the listener.
    ///
    /// # Errors
    /// If the database cannot be used, or the listener is open to other machines and there is no admin token.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O and time.
    pub fn start(settings: &Settings, listener: TcpListener) -> Result<Self, StartError> {
        refuse_exposed(settings, listener.local_addr()?)?;
        OpenServer::open(settings)?.serve(listener)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients need to send to it; those on this machine, if it listens on all addresses.
    pub fn dsn(&self) -> &str {
        &self.dsn
    }

    /// The key in the DSN.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Moves a [`ManualClock`](crate::ManualClock) to `instant`, judging each minute on the way. Whether all of it is durable.
    ///
    /// On the system's clock it does nothing, as it does for an instant that has passed.
    pub async fn advance_to(&self, instant: Timestamp) -> bool {
        let Clock::Manual(clock) = self.inbox.clock() else { return true };
        let mut durable = true;
        loop {
            let next = next_minute(self.inbox.clock().now());
            if next > instant {
                break;
            }
            clock.set(next);
            durable &= self.inbox.minute().await;
        }
        if instant > self.inbox.clock().now() {
            clock.set(instant);
        }
        self.inbox.alerts().notify_one();
        durable
    }

    /// Deletes now what [`Retention`] says need not be kept; on the system's clock that happens every hour. How many
    /// check-ins that were; `None` if the database failed.
    pub async fn sweep(&self) -> Option<usize> {
        retention::sweep(&self.inbox, &self.sweeper, self.retention).await.ok()
    }

    /// Waits for the end of the thread that owns the database: without it the server takes no more check-ins.
    pub async fn failed(&self) {
        self.inbox.ended().await;
    }

    /// Takes no more connections, lets requests under way finish for a while, and closes the database.
    ///
    /// # Errors
    /// If the socket failed while the server ran.
    pub async fn shutdown(mut self) -> Result<(), StartError> {
        // Nobody listens only if the socket has failed already.
        let _ = self.stop.send(true);
        let served = match tokio::time::timeout(GRACE, &mut self.http).await {
            Ok(finished) => finished.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))),
            Err(_too_slow) => Ok(()),
        };
        // It gives messages that are under way the time that requests had.
        let _ = (&mut self.alerts).await;
        // Until now it has listened.
        self.inbox.time().await;
        self.inbox.stop().await;
        if let Some(consumer) = self.consumer.take() {
            let ended = tokio::task::spawn_blocking(move || consumer.join()).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::error!("the thread that owns the database ended badly");
            }
        }
        served.map_err(StartError::Io)
    }
}

impl OpenServer {
    /// Serves on `listener`, in the background of the current tokio runtime.
    ///
    /// # Errors
    /// If the database cannot be used, or the listener is open to other machines and there is no admin token.
    ///
    /// # Panics
    /// Outside of a tokio runtime with I/O and time.
    pub fn serve(self, listener: TcpListener) -> Result<Server, StartError> {
        let Self { settings, store, reader, probe, sweeper, public_key, sender, has_deleted } = self;
        let address = listener.local_addr()?;
        refuse_exposed(&settings, address)?;
        let dsn = format!("http://{public_key}@{}/{}", reachable(address), crate::PROJECT);
        let mut ids = Ids::default();
        let mask = Mask::new(&public_key);
        let mut judge = Judge::new(&settings, move || ids.next());
        judge.mask = mask.clone();
        let (inbox, consumer) = pipeline::start(Box::new(store), judge, settings.clock.clone())?;
        let inbox = Arc::new(inbox);
        let (stop, stopped) = watch::channel(false);
        let app = App {
            inbox: Arc::clone(&inbox),
            reader: Arc::new(reader),
            probe: Arc::new(probe),
            public_key: public_key.as_str().into(),
            dsn: dsn.as_str().into(),
            mask,
        };
        let alerts = tokio::spawn(sender.run(Arc::new(app.clone()), stopped.clone()));
        let refusals = Arc::new(RefusalLog::default());
        let access = Access::new(settings.admin_token.clone());
        let serve = http::serve(
            listener,
            Routes::new(app, access, Arc::clone(&refusals)),
            settings.connection_limits.clone(),
            until(stopped),
        );
        let http = tokio::spawn(serve);
        let retention = settings.retention;
        let sweeper = Arc::new(sweeper);
        let mut timers = vec![tokio::spawn(retention::purge(Arc::clone(&inbox)))];
        timers.push(tokio::spawn(async move { refusals.log_counts().await }));
        if has_deleted {
            inbox.deleted().notify_one();
        }
        if let Clock::System = settings.clock {
            timers.push(tokio::spawn(tick(Arc::clone(&inbox))));
            timers.push(tokio::spawn(retention::keep(Arc::clone(&inbox), Arc::clone(&sweeper), retention)));
        }
        let consumer = Some(consumer);
        Ok(Server {
            address,
            dsn,
            public_key,
            inbox,
            stop,
            http,
            timers,
            retention,
            sweeper,
            alerts,
            consumer,
        })
    }
}

/// Refuses an address that other machines reach, if there is no admin token to keep strangers out.
fn refuse_exposed(settings: &Settings, address: SocketAddr) -> Result<(), StartError> {
    if settings.admin_token.is_none() && !address.ip().to_canonical().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    Ok(())
}

/// Without the key.
impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.abort();
        self.alerts.abort();
        // They hold the inbox, and the thread that owns the database ends with the last of these.
        self.timers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Where this machine reaches an address to listen on: `0.0.0.0` is none to send to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender is gone if the server was dropped: that is an end, too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// How often the consumer hears what time it is, at least: so that it is known until when it listened, and when a machine
/// has slept.
const PULSE: Duration = Duration::from_secs(20);

/// Has each minute judged as it begins.
async fn tick(inbox: Arc<Inbox>) {
    let (mut latest, mut set_back) = (Timestamp::MIN, Seldom::default());
    loop {
        let now = inbox.clock().now();
        if latest.duration_since(now) > SignedDuration::from_mins(1) && set_back.is_due() {
            tracing::error!(%now, until = %latest, "the clock was set back: until then time stands still here, nothing is \
                missed, and jobs soon reach their rate limit; restart the server to go on from now");
        }
        latest = latest.max(now);
        let wait = next_minute(now).duration_since(now);
        tokio::time::sleep(wait.unsigned_abs().min(PULSE)).await;
        inbox.time().await;
    }
}

fn next_minute(now: Timestamp) -> Timestamp {
    truncate_to_minute(now).saturating_add(SignedDuration::from_mins(1)).unwrap_or(Timestamp::MAX)
}
