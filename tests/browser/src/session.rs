//! A test: a server, a browser on it, and their end, whether the test passes or not.

use std::sync::Arc;

use crons_server::Settings;
use tokio::sync::Semaphore;

use crate::browser::{Browser, Look};
use crate::driver::Driver;
use crate::site::{Site, TOKEN};

/// Browsers that run at the same time: each keeps about one core busy.
static BROWSERS: Semaphore = Semaphore::const_new(2);

/// A browser and the server whose pages it shows.
#[derive(Debug, Clone)]
pub struct Session {
    /// The server.
    pub site: Arc<Site>,
    /// The browser.
    pub browser: Browser,
}

impl Session {
    /// The settings of a server with the admin token [`TOKEN`].
    pub fn guarded() -> Settings {
        Settings { admin_token: Some(TOKEN.parse().unwrap()), ..Settings::default() }
    }
}

/// Shows a browser the pages of a server that runs already, such as `http://127.0.0.1:9170`.
pub async fn look_at<T>(origin: String, look: Look, show: impl AsyncFnOnce(&Browser) -> T) -> T {
    let driver = Driver::start().await;
    let browser = Browser::open(&driver.url(), origin, look).await;
    let shown = show(&browser).await;
    browser.client.close().await.unwrap();
    driver.stop().await;
    shown
}

/// Runs a test in a browser of its own on a server of its own. At its end the console must be clean.
pub async fn browse<F>(settings: Settings, look: Look, test: impl FnOnce(Session) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let turn = BROWSERS.acquire().await.unwrap();
    let site = Arc::new(Site::start(settings));
    let driver = Driver::start().await;
    let browser = Browser::open(&driver.url(), site.url(""), look).await;
    // The test runs in a task of its own: if it panics, browser and driver are ended all the same.
    let ended = tokio::spawn(test(Session { site: Arc::clone(&site), browser: browser.clone() })).await;
    let console = if ended.is_ok() { browser.console().await } else { Vec::new() };
    let closed = browser.client.close().await;
    driver.stop().await;
    drop(turn);
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
    closed.unwrap();
    assert!(console.is_empty(), "the console has {console:#?}");
    Arc::try_unwrap(site).unwrap().stop().await;
}
