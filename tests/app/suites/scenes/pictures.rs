//! Pictures of what is seen, light and dark.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{MAIN_WINDOW, READY, SOON, Scene};

/// The views by their key, each with a word of what the cluster has there.
const VIEWS: [(char, &str, &str); 9] = [
    ('2', "workloads", "orders-db"),
    ('3', "services", "127.0.0.1:"),
    ('4', "images", "dropped"),
    ('5', "volumes", "data-orders-db-0"),
    ('6', "events", "Back-off restarting"),
    ('7', "logs", "no connection to payments"),
    ('8', "configuration", "Cluster to come"),
    ('0', "diagnostics", "Node image"),
    ('1', "overview", "CrashLoopBackOff"),
];

/// What stands where something is still awaited.
const AWAITED: &str = "return document.querySelector('.skeleton') !== null";

impl Scene {
    /// Every view of a cluster with something in it, by its key.
    pub(crate) async fn every_view(&self) {
        self.window.press("Dismiss").await;
        for (key, name, word) in VIEWS {
            self.window.ctrl(key).await;
            // The kubelet calls a crash a loop only when it looks again.
            self.window.shows(word, READY).await;
            match name {
                // The editor comes after the form.
                "configuration" => self.text_has("kind: Cluster").await,
                "overview" => {
                    let span = self.window.named("label", "5 min").await;
                    span.click().await.expect("a span that can be chosen");
                }
                _ => {}
            }
            let end = Instant::now() + SOON;
            while self.window.asked(AWAITED).await != false {
                assert!(Instant::now() < end, "{name} still waits for something");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            self.picture_both(&format!("view-{name}")).await;
        }
    }

    /// A picture in light and one in dark.
    pub(super) async fn picture_both(&self, name: &str) {
        self.picture_both_of(MAIN_WINDOW, name).await;
    }

    /// The same of the window with this title, which is the one that is looked at.
    pub(super) async fn picture_both_of(&self, title: &str, name: &str) {
        for scheme in ["dark", "light"] {
            self.window
                .asked(&format!(
                    "document.documentElement.dataset.appearance = '{scheme}'"
                ))
                .await;
            tokio::time::sleep(Duration::from_millis(150)).await;
            self.picture_of(title, &format!("{name}-{scheme}"));
        }
        // As the settings say.
        let settings = "delete document.documentElement.dataset.appearance";
        self.window.asked(settings).await;
    }

    pub(super) fn picture(&self, name: &str) {
        self.picture_of(MAIN_WINDOW, name);
    }

    fn picture_of(&self, title: &str, name: &str) {
        let file = folder().join(format!("{name}.png"));
        self.desktop.picture_of(title, &file);
    }

    pub(super) fn picture_of_desktop(&self, name: &str) {
        self.desktop.picture(&folder().join(format!("{name}.png")));
    }
}

/// Where pictures go.
pub(super) fn folder() -> PathBuf {
    let folder = std::env::var_os("SCREENSHOTS").map_or_else(
        || std::env::temp_dir().join("apple-k8s-pictures"),
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}
