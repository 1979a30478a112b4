//! A browser: navigation, elements, and what it shows.

use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::commands::Extension;

/// The time that a page has to show what a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The zone of the reader.
const ZONE: &str = "America/New_York";

/// The way in which a browser shows pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether the reader prefers a dark scheme.
    pub dark: bool,
    /// The width of the window in CSS pixels.
    pub width: u32,
    /// Whether scripts of pages run.
    pub scripts: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self::LIGHT
    }
}

impl Look {
    /// A wide window in a light scheme.
    pub const LIGHT: Self = Self { dark: false, width: 1_280, scripts: true };
    /// A dark scheme.
    pub const DARK: Self = Self { dark: true, width: 1_280, scripts: true };
    /// The width of a small phone.
    pub const PHONE: Self = Self { dark: false, width: 360, scripts: true };
    /// The look without scripts.
    pub const PLAIN: Self = Self { dark: false, width: 1_280, scripts: false };
    /// The looks in which pages must work.
    pub const ALL: [Self; 4] = [Self::LIGHT, Self::DARK, Self::PHONE, Self::PLAIN];
}

/// A browser on the pages of one server.
#[derive(Debug, Clone)]
pub struct Browser {
    pub(crate) client: Client,
    pub(crate) look: Look,
    origin: String,
}

impl Browser {
    pub(crate) async fn open(driver: &str, origin: String, look: Look) -> Self {
        let options = json!({
            "args": [
                "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                "--disable-background-networking", "--disable-component-update", "--no-first-run",
                // Tests send to this machine only.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            ],
        });
        let Value::Object(capabilities) =
            json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}})
        else {
            unreachable!()
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(driver).await;
        let client = client.unwrap_or_else(|error| panic!("Chromium does not start: {error}"));
        let browser = Self { client, look, origin };
        browser.show(look).await;
        browser
    }

    /// Sets how pages are shown, from the next one on.
    async fn show(&self, look: Look) {
        let scheme = if look.dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &media).await;
        let (width, phone) = (look.width, look.width < 600);
        let metrics = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": phone});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics).await;
        self.devtools("Emulation.setTimezoneOverride", &json!({"timezoneId": ZONE})).await;
        self.run_scripts(look.scripts).await;
    }

    /// Turns scripts on or off; those of a page that is already loaded do not run any more.
    pub(crate) async fn run_scripts(&self, on: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({"value": !on})).await;
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.client.issue_cmd(Extension::devtools(command, parameters)).await.unwrap()
    }

    /// Opens the page at this path of the server.
    pub async fn open_page(&self, path: &str) {
        self.open_url(&format!("{}{path}", self.origin)).await;
    }

    /// Opens the page at this address.
    pub async fn open_url(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The path of the page, with its query.
    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
    }

    /// The visible text of the page.
    pub async fn text(&self) -> String {
        self.client.find(Locator::Css("body")).await.unwrap().text().await.unwrap()
    }

    /// Waits for an element that this CSS selector finds.
    pub async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{css} is not on {}: {error}\n{}", self.path().await, self.text().await),
        }
    }

    /// The number of elements that this CSS selector finds now.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// Clicks on the link or button that this CSS selector finds.
    pub async fn click(&self, css: &str) {
        self.act(css, None).await;
    }

    /// Replaces the text of an input.
    pub async fn fill(&self, css: &str, text: &str) {
        self.act(css, Some(text)).await;
    }

    /// Clicks on an element, or replaces its text; again if a change of the page has replaced the element meanwhile.
    async fn act(&self, css: &str, text: Option<&str>) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let element = self.find(css).await;
            let done = match text {
                None => element.click().await,
                Some(text) => match element.clear().await {
                    Ok(()) => element.send_keys(text).await,
                    failed => failed,
                },
            };
            match done {
                Ok(()) => return,
                Err(error)
                    if error.is_stale_element_reference() && tokio::time::Instant::now() < deadline => {}
                Err(error) => panic!("{css} on {}: {error}", self.path().await),
            }
        }
    }

    /// Waits until the visible text of the page contains `part`.
    pub async fn wait_for_text(&self, part: &str) {
        self.wait_until(part, |text| text.contains(part)).await;
    }

    /// Waits until the visible text of the page does not contain `part`.
    pub async fn wait_without_text(&self, part: &str) {
        self.wait_until(&format!("no {part}"), |text| !text.contains(part)).await;
    }

    async fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            // A page that is being replaced has no body for a moment.
            let body = self.client.find(Locator::Css("body")).await;
            let text = match body {
                Ok(body) => body.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if holds(&text) {
                return;
            }
            assert!(
                tokio::time::Instant::now() < deadline,
                "{} does not show {what}:\n{text}",
                self.path().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Evaluates JavaScript of the test in the page, which `return`s a value.
    pub async fn evaluate(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The picture of the window, or of the whole page, as a PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }

    /// The text that the page has copied.
    pub async fn clipboard(&self) -> String {
        self.devtools("Browser.grantPermissions", &json!({"permissions": ["clipboardReadWrite"]})).await;
        let text = self.evaluate("return navigator.clipboard.readText()").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Takes the lines of the console about an answer of this status, which a test has provoked; asserts that there are no others.
    pub async fn expect_status(&self, status: u16) {
        let console = self.console().await;
        let expected = |line: &String| line.contains(&format!("status of {status} "));
        assert!(
            !console.is_empty() && console.iter().all(expected),
            "{status} is expected, not {console:#?}"
        );
    }

    /// The errors and warnings of the console since the last call: failed requests, exceptions, violations of the content-security
    /// policy.
    pub async fn console(&self) -> Vec<String> {
        let lines = self.client.issue_cmd(Extension::console()).await.unwrap();
        let lines = lines.as_array().cloned().unwrap_or_default();
        let is_fault = |line: &&Value| matches!(line["level"].as_str(), Some("SEVERE" | "WARNING"));
        lines
            .iter()
            .filter(is_fault)
            .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}
