//! The end of the app while it works, and what of it is there when it is started again.

use std::time::{Duration, Instant};

use app_tests::{Row, Screen};

use super::{MAIN_WINDOW, QUIT, READY, SOON, Scene, runs};

/// A size that no window has at first.
const SIZE: (u16, u16) = (1_010, 690);

impl Scene {
    /// While a cluster is made, quitting asks; the answer can be to go on.
    pub(super) async fn quit_asked(&self) {
        self.tray.click(QUIT).await;
        let told = "“short” is still being created.";
        self.window.shows(told, SOON).await;
        self.window.shows("Quit when done", SOON).await;
        self.picture_both("quit").await;
        self.window.press("Keep working").await;
        self.window.hides(told, SOON).await;
        self.tray.click(QUIT).await;
        self.window.press("Quit when done").await;
        self.window.press("Stay open").await;
        self.window
            .hides("The app quits when this is done", SOON)
            .await;
        self.window.shows("Creating short", SOON).await;
    }

    /// Quitting at once leaves a cluster that the next start finishes, and windows of the size
    /// that they had.
    pub(crate) async fn quit_at_once(&mut self) {
        let screen = Screen::of(self.desktop.display());
        screen.resize(MAIN_WINDOW, SIZE);
        screen.sized(MAIN_WINDOW, SIZE, SOON).await;
        self.tray.click("Restart “dev”").await;
        let restarts = |menu: &Row| menu.rows[0].text.starts_with("dev · Restarting");
        self.tray.wait("the restart", SOON, restarts).await;
        self.tray.click(QUIT).await;
        self.window.shows("“dev” is still starting.", SOON).await;
        let quit = self.window.named("button", "Quit now").await;
        // The driver may lose the page before it can answer.
        let _ = quit.click().await;
        screen.wait(MAIN_WINDOW, false, SOON).await;
        self.started_anew().await;
        screen.sized(MAIN_WINDOW, SIZE, SOON).await;
        let finishes = |menu: &Row| {
            ["Start “dev”", "Repair “dev”"]
                .into_iter()
                .find(|text| menu.find(text).is_some_and(|row| row.enabled))
        };
        let ready = [
            "wait",
            "--for=condition=Ready",
            "--timeout=60s",
            "node",
            "--all",
        ];
        let end = Instant::now() + READY;
        loop {
            let menu = self
                .tray
                .wait("that the cluster runs or can be started", READY, |menu| {
                    finishes(menu).is_some() || runs(menu)
                })
                .await;
            if let Some(text) = finishes(&menu) {
                self.tray.click(text).await;
                self.tray.wait("that the cluster runs", READY, runs).await;
            }
            // A node that was told to stop when the app quit runs for a moment longer.
            let answer = self.kubectl(ready).seconds(90).run();
            if answer.success() {
                return;
            }
            assert!(Instant::now() < end, "{}", answer.report());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
