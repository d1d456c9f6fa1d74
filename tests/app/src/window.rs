//! A window of the app, driven through `WebKit`'s own driver.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
pub use fantoccini::key::Key;
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

    /// Waits for the element that an `XPath` names.
    pub async fn at(&self, path: &str) -> Element {
        self.located(Locator::XPath(path), Duration::from_secs(20))
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

    /// Waits until the page shows this text nowhere.
    pub async fn hides(&self, text: &str, limit: Duration) {
        let end = Instant::now() + limit;
        while self.text().await.contains(text) {
            assert!(Instant::now() < end, "the page still shows \"{text}\"");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Writes into the field with this label, in place of what is there.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.click().await.expect("a field that can be reached");
        self.ctrl('a').await;
        self.keys(text).await;
    }

    /// Waits until the field with this label holds this.
    pub async fn holds(&self, label: &str, text: &str, limit: Duration) {
        let end = Instant::now() + limit;
        loop {
            let value = self
                .field(label)
                .await
                .prop("value")
                .await
                .expect("a value");
            if value.as_deref() == Some(text) {
                return;
            }
            assert!(
                Instant::now() < end,
                "\"{label}\" never held \"{text}\", but {value:?}"
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn field(&self, label: &str) -> Element {
        self.element(&format!("input[aria-label=\"{label}\"]"))
            .await
    }

    /// Types on the keyboard, whatever has the focus.
    pub async fn keys(&self, keys: &str) {
        self.strike(&[], keys).await;
    }

    /// Strikes a key while Ctrl is held.
    pub async fn ctrl(&self, key: impl Into<char>) {
        self.strike(&[Key::Control.into()], &key.into().to_string())
            .await;
    }

    async fn strike(&self, held: &[char], keys: &str) {
        let down = |value: char| KeyAction::Down { value };
        let up = |value: char| KeyAction::Up { value };
        let strokes = held
            .iter()
            .copied()
            .map(down)
            .chain(keys.chars().flat_map(|key| [down(key), up(key)]))
            .chain(held.iter().copied().map(up))
            .fold(KeyActions::new("keyboard".into()), KeyActions::then);
        self.client.perform_actions(strokes).await.expect("keys");
    }

    /// What a script on the page answers.
    pub async fn asked(&self, script: &str) -> Value {
        self.client
            .execute(script, vec![])
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
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
