//! A window of the app, driven through `WebKit`'s own driver.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use system_tests::free_port;

use crate::Desktop;

/// A pause between two looks at a page that can't tell when it changes.
const LOOK: Duration = Duration::from_millis(100);

/// The app with its windows; both end with this value.
#[derive(Debug)]
pub struct Window {
    client: Client,
    driver: Child,
}

impl Window {
    /// Starts the app by the driver. It must open a window.
    pub async fn of_app(desktop: &Desktop, app: &Path, more: &[(&str, PathBuf)]) -> Self {
        let port = free_port();
        let driver = Command::new("WebKitWebDriver")
            .arg(format!("--port={port}"))
            .envs(desktop.environment())
            .envs(more.iter().map(|(name, value)| (*name, value)))
            // Lets the toolkit take part in automation.
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("webkit2gtk-driver is installed");
        listening(port);
        let options = json!({ "binary": app, "args": [] });
        let capabilities = json!({ "webkitgtk:browserOptions": options });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("written as an object")
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a session with the app");
        Self { client, driver }
    }

    /// The driver's client, for what is not here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Waits for the element that a CSS selector names.
    pub async fn element(&self, selector: &str) -> Element {
        self.located(Locator::Css(selector), Duration::from_secs(20))
            .await
    }

    /// Waits for an element with this role and accessible text, as a person would look for it.
    pub async fn named(&self, tag: &str, text: &str) -> Element {
        let path = with_text(tag, text);
        self.located(Locator::XPath(&path), Duration::from_secs(20))
            .await
    }

    /// Clicks the button with this text.
    pub async fn press(&self, text: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            match self.named("button", text).await.click().await {
                Ok(()) => return,
                // Drawn anew, or still covered.
                Err(error) => assert!(Instant::now() < end, "\"{text}\" can't be pressed: {error}"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the page shows this text somewhere.
    pub async fn shows(&self, text: &str, limit: Duration) {
        let end = Instant::now() + limit;
        loop {
            let seen = self.text().await;
            if seen.contains(text) {
                return;
            }
            assert!(
                Instant::now() < end,
                "the page never showed \"{text}\", but:\n{seen}"
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// All text that the page shows.
    pub async fn text(&self) -> String {
        let script = "return document.body.innerText";
        match self.client.execute(script, vec![]).await {
            Ok(Value::String(text)) => text,
            other => panic!("no text of the page: {other:?}"),
        }
    }

    /// Sends keys to what has the focus.
    pub async fn keys(&self, keys: &str) {
        let element = self.client.active_element().await.expect("a focus");
        element.send_keys(keys).await.expect("keys");
    }

    /// Saves a picture of the page.
    pub async fn picture(&self, path: &Path) {
        let picture = self.client.screenshot().await.expect("a picture");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a folder");
        }
        fs::write(path, picture).expect("a picture");
    }

    async fn located(&self, locator: Locator<'_>, limit: Duration) -> Element {
        self.client
            .wait()
            .at_most(limit)
            .every(LOOK)
            .for_element(locator)
            .await
            .unwrap_or_else(|error| panic!("{locator:?} never appeared: {error}"))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Path of the elements whose text or label is this.
fn with_text(tag: &str, text: &str) -> String {
    assert!(!text.contains('"'), "a text without quotation marks");
    format!("//{tag}[normalize-space(.)=\"{text}\" or @aria-label=\"{text}\"]")
}

fn listening(port: u16) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(_) => return,
            Err(error) => {
                let starts = error.kind() == ErrorKind::ConnectionRefused && Instant::now() < end;
                assert!(starts, "the driver does not listen: {error}");
            }
        }
        std::thread::sleep(LOOK);
    }
}
