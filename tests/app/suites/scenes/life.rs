//! From the first look to the last: made, stopped, started, deleted.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use app_tests::{Notice, Row};

use super::{CLUSTER, OTHERS, READY, SOON, Scene, runs};

/// What the command line does shows within a second, on a busy machine a little later: by the
/// clusters' locks, and not by looking now and then.
const TOLD: Duration = Duration::from_secs(3);

impl Scene {
    pub(crate) async fn first_run(&self) {
        self.tray
            .wait("that there is no cluster", SOON, |menu| {
                menu.rows[0].text == "No cluster yet"
            })
            .await;
        self.window.shows("Start a cluster", SOON).await;
        self.picture_both("first-run").await;
        self.picture_of_desktop("desktop");
    }

    /// From the tray's row to a cluster that is ready.
    pub(crate) async fn one_click(&self) {
        let nothing = self.tray.picture().await;
        self.tray.click("Start a cluster").await;
        self.tray
            .wait("that the cluster starts", SOON, |menu| {
                menu.rows[0].text.starts_with("dev · ")
            })
            .await;
        let busy = self.tray.picture().await;
        self.window.shows("Log of this operation", SOON).await;
        self.picture("creating-light");
        self.tray.wait("that the cluster runs", READY, runs).await;
        let titles = |menu: &Row| {
            let titles = ["Context: work", "dev · Running"];
            titles.iter().all(|title| menu.find(title).is_some())
        };
        self.tray.wait("titles of now", SOON, titles).await;
        let running = self.tray.picture().await;
        let pictures = BTreeSet::from([nothing, busy, running]);
        assert_eq!(pictures.len(), 3, "icons of two states are the same");
        let nodes = self.kubectl(["get", "nodes"]).ok();
        assert!(nodes.text().contains(" Ready "), "{}", nodes.text());
        self.window.shows("The node is ready", SOON).await;
    }

    /// A switch changes one value of the file and nothing else.
    pub(crate) async fn context_switched(&self) {
        let before = self.user.kubeconfig_text().expect("the kubeconfig");
        assert!(before.contains("current-context: work # the usual one"));
        self.tray.click("play").await;
        self.tray
            .wait("the switch", SOON, |menu| {
                menu.find("play")
                    .is_some_and(|row| row.ticked == Some(true))
            })
            .await;
        let expected = before.replace("current-context: work #", "current-context: play #");
        assert_eq!(self.user.kubeconfig_text().as_deref(), Some(&*expected));
        let title = |menu: &Row| menu.find("Context: play").is_some();
        self.tray.wait("the title of now", SOON, title).await;
        let ticked = count_ticks(&self.tray.menu().await);
        assert_eq!(ticked, 1, "one context is the current one");
    }

    pub(crate) async fn stopped_and_started(&self) {
        self.window.ctrl('1').await;
        self.tray.click("Stop “dev”").await;
        self.tray
            .wait("that the cluster stopped", SOON, |menu| {
                menu.rows[0].text == "dev · Stopped"
            })
            .await;
        self.window.shows("Stopped. Last run just now.", SOON).await;
        let text = self.window.text().await;
        assert!(!text.contains("No answer"), "it is stopped by wish: {text}");
        self.picture_both("stopped").await;
        self.tray.click("Start “dev”").await;
        self.tray.wait("that the cluster runs", READY, runs).await;
        let shown = self.notices.shown();
        assert!(
            shown.is_empty(),
            "told though a window is in front: {shown:?}"
        );
        self.closed().await;
        self.tray.click("Restart “dev”").await;
        self.tray
            .wait("the restart", SOON, |menu| {
                menu.rows[0].text.starts_with("dev · Restarting")
            })
            .await;
        self.tray.wait("that the cluster runs", READY, runs).await;
        let shown = self.notices.wait(1, SOON).await;
        let told = Notice {
            title: CLUSTER.into(),
            text: "“dev” runs again.".into(),
        };
        assert_eq!(shown, [told]);
        self.opened().await;
    }

    /// What the command line does shows in the app, while it is done and when it is done.
    pub(crate) async fn seen_from_the_command_line(&self) {
        for (verb, doing, done) in [
            ("stop", "dev · Stopping", "dev · Stopped"),
            ("start", "dev · Starting", "dev · Running"),
        ] {
            let shows = async |text: &str, since: Instant| {
                let fits = |menu: &Row| menu.rows[0].text.starts_with(text);
                self.tray.wait(text, TOLD, fits).await;
                let after = since.elapsed().as_secs_f64();
                eprintln!("  the tray says \"{text}\" after {after:.1} s");
            };
            let began = Instant::now();
            let running = self.user.apple_k8s([verb, "cluster", CLUSTER]).start();
            shows(doing, began).await;
            let ended = tokio::task::spawn_blocking(|| running.end(READY));
            ended.await.expect("the command line").ok();
            shows(done, Instant::now()).await;
        }
    }

    /// Deleting asks, and takes the entry of the kubeconfig with it.
    pub(crate) async fn deleted(&self) {
        self.tray.click("Delete…").await;
        self.window.shows("Delete “dev”?", SOON).await;
        self.picture_both("delete").await;
        self.window.press("Delete “dev”").await;
        self.tray
            .wait("that the cluster is gone", SOON, |menu| {
                menu.rows[0].text == "No cluster yet"
            })
            .await;
        let expected = OTHERS.replace("current-context: work #", "current-context: play #");
        assert_eq!(self.user.kubeconfig_text().as_deref(), Some(&*expected));
    }

    /// `kubectl` in the context of the cluster.
    pub(super) fn kubectl<'a>(
        &self,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> system_tests::Call {
        let call = self.user.kubectl(["--context", "apple-k8s-dev"]);
        call.args(arguments)
    }
}

fn count_ticks(row: &Row) -> usize {
    usize::from(row.ticked == Some(true)) + row.rows.iter().map(count_ticks).sum::<usize>()
}
