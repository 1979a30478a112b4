//! A real receiver of webhooks, which can be set to be down, slow or wrong.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde_json::Value;
use tokio::sync::watch;

/// The reaction of the receiver to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Answer(u16),
    /// Does not answer until its mode is changed, and then does not answer either.
    Hang,
    Redirect,
    /// Answers 404 with the method, the address and the body of the request, as some frameworks do.
    Repeat,
    /// Answers 400 to a message that contains this text, and 200 to others.
    Poison(&'static str),
    /// Answers 429, and asks for a pause of so many seconds.
    TooMany(u32),
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub query: Option<String>,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
    /// The status of the answer; `None` if there was none.
    pub status: Option<u16>,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Checks it as a receiver does, by a secret with `whsec_`.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let base64 = base64::engine::general_purpose::STANDARD;
        let key = base64.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        let signed =
            format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.text);
        let tag = base64.decode(self.header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
        ring::hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
    }
}

#[derive(Clone)]
struct Shared {
    mode: watch::Sender<Mode>,
    received: Arc<Mutex<Vec<Received>>>,
}

pub struct Receiver {
    runtime: Option<tokio::runtime::Runtime>,
    pub address: SocketAddr,
    shared: Shared,
}

impl Receiver {
    /// Creates a receiver that is down: nothing listens at its address until it is [up](Self::up).
    pub fn down() -> Self {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let shared = Shared { mode: watch::channel(Mode::Answer(200)).0, received: Arc::default() };
        Self { runtime: None, address, shared }
    }

    pub fn in_mode(mode: Mode) -> Self {
        let mut receiver = Self::down();
        receiver.set(mode);
        receiver.up();
        receiver
    }

    pub fn up(&mut self) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(self.address)).unwrap();
        let app = Router::new().fallback(receive).with_state(self.shared.clone());
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        self.runtime = Some(runtime);
    }

    pub fn set(&self, mode: Mode) {
        self.shared.mode.send_replace(mode);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Returns the messages that the receiver has taken, by event.
    pub fn taken(&self) -> Vec<String> {
        let taken = self.received().into_iter().filter(|message| message.status == Some(200));
        taken.map(|message| message.body["event"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn receive(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    text: String,
) -> Response {
    let Shared { mode, received } = shared;
    let mut changes = mode.subscribe();
    let mode = match *changes.borrow_and_update() {
        Mode::Poison(poison) => Mode::Answer(if text.contains(poison) { 400 } else { 200 }),
        mode => mode,
    };
    let status = if let Mode::Answer(status) = mode { Some(status) } else { None };
    // A pulse has no body.
    let repeated = format!("Cannot {method} {uri}: {:?} {text}", headers.get("authorization"));
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
    let (method, path) = (method.to_string(), uri.path().to_owned());
    let query = uri.query().map(str::to_owned);
    received.lock().unwrap().push(Received { method, path, query, headers, text, body, status });
    match mode {
        Mode::Answer(_) | Mode::Poison(_) => {
            let status = status.unwrap();
            (StatusCode::from_u16(status).unwrap(), "the receiver's own words").into_response()
        }
        Mode::Hang => {
            changes.changed().await.unwrap();
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Mode::TooMany(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
        }
        Mode::Repeat => (StatusCode::NOT_FOUND, repeated).into_response(),
        Mode::Redirect => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response()
        }
    }
}

/// Waits until a condition holds, for as long as a slow machine may need.
#[track_caller]
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
