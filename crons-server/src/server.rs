//! A running server: start, clock and shutdown of its parts.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::digest::Digester;
use crate::domain::next_minute;
use crate::http::{self, Access, AppState, Live, RefusalLog, Routes};
use crate::ids::Ids;
use crate::log_throttle::LogThrottle;
use crate::mask::Mask;
use crate::open_server::{OpenServer, StartError};
use crate::other_servers;
use crate::pipeline::{self, Inbox, Processor};
use crate::pulse;
use crate::retention;
use crate::settings::{Retention, Settings};
use crate::store::{OpenDatabase, Queries};

/// The time that requests in progress have to finish at a shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// A server that listens. Its drop stops it at once; [`shutdown`](Self::shutdown) lets requests finish.
pub struct Server {
    address: SocketAddr,
    dsn: String,
    public_key: String,
    inbox: Arc<Inbox>,
    stop: watch::Sender<bool>,
    http: tokio::task::JoinHandle<std::io::Result<()>>,
    /// `None` if there are no digests.
    digester: Option<Arc<Digester>>,
    /// Background tasks.
    timers: Vec<tokio::task::JoinHandle<()>>,
    retention: Retention,
    /// Reads of retention and digests, for which pages do not wait.
    sweeper: Arc<dyn Queries>,
    alerts: tokio::task::JoinHandle<()>,
    /// The thread that writes to the database; `None` once `shutdown` has joined it.
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

    /// The address of the listener.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The DSN for clients; on a server that listens on all addresses, that for clients on this machine.
    pub fn dsn(&self) -> &str {
        &self.dsn
    }

    /// The public key, which is part of the DSN.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// Moves a [`ManualClock`](crate::ManualClock) to `instant`, evaluates the deadlines of each minute on the way, and sends digests. Returns
    /// whether the deadlines are durable.
    ///
    /// Does nothing for an instant that has passed, or on the system's clock.
    pub async fn advance_to(&self, instant: Timestamp) -> bool {
        let Clock::Manual(clock) = self.inbox.clock() else { return true };
        let mut durable = true;
        loop {
            let next = next_minute(self.inbox.clock().now());
            if next > instant {
                break;
            }
            clock.set(next);
            durable &= self.inbox.tick_and_wait().await;
            if let Some(digester) = &self.digester {
                digester.send_if_due().await;
            }
        }
        if instant > self.inbox.clock().now() {
            clock.set(instant);
        }
        self.inbox.alerts().notify_one();
        durable
    }

    /// Deletes now what [`Retention`] does not keep, as the server does every hour on the system's clock. Returns the number of
    /// deleted check-ins; `None` if the database failed.
    pub async fn sweep(&self) -> Option<usize> {
        retention::sweep(&self.inbox, &self.sweeper, self.retention).await.ok()
    }

    /// Waits until the thread that writes to the database has ended; without it the server takes no more check-ins. Before a
    /// [`shutdown`](Self::shutdown) that is a failure, which the log explains.
    pub async fn closed(&self) {
        self.inbox.closed().await;
    }

    /// Takes no more connections, lets requests under way finish for a while, and closes the database.
    ///
    /// # Errors
    /// If the socket failed while the server ran.
    pub async fn shutdown(mut self) -> Result<(), StartError> {
        // The receiver is gone only if the socket has failed already.
        let _ = self.stop.send(true);
        let served = match tokio::time::timeout(GRACE, &mut self.http).await {
            Ok(finished) => finished.unwrap_or_else(|panicked| Err(std::io::Error::other(panicked))),
            Err(_too_slow) => Ok(()),
        };
        // The dispatcher gives alerts that are in flight the time that requests had.
        let _ = (&mut self.alerts).await;
        // The server was receiving until now.
        self.inbox.tick().await;
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
        let Self {
            settings,
            database,
            public_key,
            sender,
            pulse,
            badge_secret,
            response_keys,
            has_deleted,
            last_delivered,
            last_drill,
            digest_times,
            last_proof,
            targets,
        } = self;
        let OpenDatabase { store, queries, probe, sweeper } = database;
        let group = store.group();
        let address = listener.local_addr()?;
        refuse_exposed(&settings, address)?;
        if address.ip().to_canonical().is_loopback() {
            sender.allow_loopback();
        }
        let dsn = format!("http://{public_key}@{}/{}", reachable(address), crate::PROJECT);
        let mut ids = Ids::default();
        let mask = Mask::new(&public_key);
        let mut processor = Processor::new(&settings, move || ids.next());
        processor.mask = mask.clone();
        processor.last_drill = last_drill;
        processor.alerts.sign_links(response_keys.clone());
        let (inbox, consumer) = pipeline::start(store, processor, settings.clock.clone())?;
        inbox.vitals().restore(settings.clock.now(), last_delivered, targets);
        inbox.vitals().proved(last_proof);
        let inbox = Arc::new(inbox);
        let (stop, stopped) = watch::channel(false);
        let state = AppState {
            inbox: Arc::clone(&inbox),
            queries,
            probe,
            public_key: public_key.as_str().into(),
            dsn: dsn.as_str().into(),
            badge_secret: badge_secret.as_str().into(),
            response_keys,
            metrics_public: settings.metrics_public,
            access: Access::new(settings.admin_token.clone(), settings.clock.clone()),
            maintenance: settings.maintenance.as_slice().into(),
            leasing: Arc::default(),
            group: group.clone(),
            live: Arc::new(Live::new(settings.connection_limits.most_streams(), stopped.clone())),
            mask,
        };
        let alerts = tokio::spawn(sender.run(Arc::new(state.clone()), stopped.clone()));
        let mut timers = vec![tokio::spawn(retention::purge_deleted(Arc::clone(&inbox)))];
        if let Some(client) = pulse {
            timers.push(tokio::spawn(pulse::run(client, Arc::new(state.clone()), stopped.clone())));
        }
        let followed = state.clone();
        let refusals = Arc::new(RefusalLog::default());
        let frames = http::send_frames(state.clone());
        let routes = Routes::new(state, Arc::clone(&refusals));
        let handler = move |request| routes.clone().answer(request);
        let serve = http::serve(listener, handler, settings.connection_limits.clone(), until(stopped));
        let http = tokio::spawn(serve);
        let retention = settings.retention;
        timers.push(tokio::spawn(async move { refusals.log_counts().await }));
        timers.push(tokio::spawn(frames));
        if has_deleted {
            inbox.deleted().notify_one();
        }
        let digester = settings.alerts.digest().zip(digest_times).map(|(digest, times)| {
            let windows = settings.maintenance.as_slice().into();
            let (inbox, queries) = (Arc::clone(&inbox), Arc::clone(&sweeper));
            Arc::new(Digester::new(digest.clone(), inbox, queries, windows, times, group.clone()))
        });
        if group.is_shared() {
            timers.push(tokio::spawn(other_servers::follow(followed, settings.clock.runs())));
        }
        if settings.clock.runs() {
            timers.push(tokio::spawn(tick(Arc::clone(&inbox))));
            timers.extend(digester.clone().map(|digester| tokio::spawn(digester.run())));
            let sweeps = retention::sweep_hourly(Arc::clone(&inbox), Arc::clone(&sweeper), retention, group);
            timers.push(tokio::spawn(sweeps));
        }
        let consumer = Some(consumer);
        Ok(Server {
            address,
            dsn,
            public_key,
            inbox,
            stop,
            http,
            digester,
            timers,
            retention,
            sweeper,
            alerts,
            consumer,
        })
    }
}

/// Refuses a listener that other machines reach without an admin token.
fn refuse_exposed(settings: &Settings, address: SocketAddr) -> Result<(), StartError> {
    if settings.admin_token.is_none() && !address.ip().to_canonical().is_loopback() {
        return Err(StartError::NotLoopback(address));
    }
    Ok(())
}

/// Leaves the key out.
impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.abort();
        self.alerts.abort();
        // The timers hold the inbox, and the thread that writes to the database ends with the last holder.
        self.timers.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// The address under which clients on this machine reach a listener: `0.0.0.0` and `::` are no destinations.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // The sender is gone if the server was dropped, which stops it as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// The longest time between two ticks, by which the watermark knows until when the server was receiving, and when a machine slept.
const TICK_INTERVAL: Duration = Duration::from_secs(20);

/// Ticks at the beginning of each minute, whose deadlines are then evaluated, and every [`TICK_INTERVAL`].
async fn tick(inbox: Arc<Inbox>) {
    let (mut latest, mut set_back) = (Timestamp::MIN, LogThrottle::default());
    loop {
        let now = inbox.clock().now();
        if latest.duration_since(now) > SignedDuration::from_mins(1) && set_back.is_due() {
            tracing::error!(%now, until = %latest, "the clock was set back: until then time stands still here, and nothing is \
                missed; restart the server to go on from now");
        }
        latest = latest.max(now);
        let wait = next_minute(now).duration_since(now);
        tokio::time::sleep(wait.unsigned_abs().min(TICK_INTERVAL)).await;
        inbox.tick().await;
    }
}
