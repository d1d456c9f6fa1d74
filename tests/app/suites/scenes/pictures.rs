//! Pictures of what is seen, light and dark.

use std::path::PathBuf;
use std::time::Duration;

use super::{MAIN_WINDOW, SOON, Scene};

/// The views by their key.
const VIEWS: [(char, &str); 9] = [
    ('2', "workloads"),
    ('3', "services"),
    ('4', "images"),
    ('5', "volumes"),
    ('6', "events"),
    ('7', "logs"),
    ('8', "configuration"),
    ('0', "diagnostics"),
    ('1', "overview"),
];

impl Scene {
    /// Every view of a cluster with something in it, by its key.
    pub(crate) async fn every_view(&self) {
        for (key, name) in VIEWS {
            self.window.ctrl(key).await;
            if name == "configuration" {
                // The editor comes after the form.
                self.text_has("kind: Cluster").await;
            }
            self.picture_both(&format!("view-{name}")).await;
        }
        self.window.shows("shop/cart", SOON).await;
        self.window.shows("CrashLoopBackOff", SOON).await;
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
fn folder() -> PathBuf {
    let folder = std::env::var_os("SCREENSHOTS").map_or_else(
        || std::env::temp_dir().join("apple-k8s-pictures"),
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}
