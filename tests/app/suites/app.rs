//! The real app on a screen without a monitor, over a real cluster: from an empty home to a
//! deleted cluster, by tray, window and drops.
//!
//! `SCREENSHOTS` names a folder that gets pictures of what was seen.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::PathBuf;
use std::time::Duration;

use app_tests::{Desktop, Tray, Window, drop_files};
use system_tests::{Archive, Compression, Form, Programs, User};

/// A cluster is ready in this time on a slow machine.
const READY: Duration = Duration::from_mins(3);

/// Everything else takes at most this long.
const SOON: Duration = Duration::from_secs(30);

/// What a kubeconfig of somebody who works with other clusters too looks like.
const OTHERS: &str = "\
# mine
apiVersion: v1
kind: Config
current-context: work # the usual one
contexts:
- {name: work, context: {cluster: work, user: me}}
- name: play
  context:
    cluster: play
    user: me
clusters:
- {name: work, cluster: {server: 'https://127.0.0.1:1'}}
- {name: play, cluster: {server: 'https://127.0.0.1:2'}}
users:
- {name: me, user: {}}
";

#[test]
fn from_an_empty_home_to_a_deleted_cluster() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(whole_life());
}

async fn whole_life() {
    let user = User::new();
    user.file("kubeconfig", OTHERS);
    let desktop = Desktop::start();
    let window = Window::of_app(&desktop, &app_program(), &environment(&user, &desktop)).await;
    let tray = Tray::find(desktop.bus_address()).await;
    let scene = Scene {
        user,
        desktop,
        window,
        tray,
    };
    scene.first_run().await;
    scene.one_click().await;
    scene.image_dropped().await;
    scene.context_switched().await;
    scene.stopped_and_started().await;
    scene.deleted().await;
    scene
        .window
        .client()
        .clone()
        .close()
        .await
        .expect("the app ends");
}

struct Scene {
    user: User,
    desktop: Desktop,
    window: Window,
    tray: Tray,
}

impl Drop for Scene {
    /// A test that failed half way leaves no nodes.
    fn drop(&mut self) {
        let _ = self.user.apple_k8s(["delete", "cluster", "dev"]).run();
    }
}

impl Scene {
    async fn first_run(&self) {
        self.tray
            .wait("that there is no cluster", SOON, |menu| {
                menu.find("No cluster yet").is_some()
            })
            .await;
        self.window.shows("Start a cluster", SOON).await;
        self.picture("first-run").await;
        self.desktop.picture(&pictures().join("desktop.png"));
    }

    /// From the tray's row to a cluster that is ready.
    async fn one_click(&self) {
        self.tray.click("Start a cluster").await;
        self.tray
            .wait("that the cluster starts", SOON, |menu| {
                menu.rows[0].text.starts_with("dev · ")
            })
            .await;
        self.picture("starting").await;
        self.tray.wait("that the cluster runs", READY, runs).await;
        let nodes = self
            .user
            .kubectl(["--context", "apple-k8s-dev", "get", "nodes"])
            .ok();
        assert!(nodes.text().contains(" Ready "), "{}", nodes.text());
        self.window.shows("The node is ready", SOON).await;
        self.picture("overview").await;
    }

    /// An archive let go over the window is in the node, and runs.
    async fn image_dropped(&self) {
        let archive = Archive {
            reference: "docker.io/library/dropped:1",
            architecture: architecture(),
            form: Form::Oci,
            compression: Compression::Gzip,
        }
        .write(&self.user, "anything.bin");
        drop_files(
            self.desktop.display(),
            "apple-k8s",
            (700, 400),
            &[&archive],
            || {},
        );
        self.window.shows("dropped:1", SOON).await;
        self.picture("image-dropped").await;
        let end = std::time::Instant::now() + SOON;
        while !self
            .user
            .apple_k8s(["get", "images", "dev"])
            .ok()
            .text()
            .contains("dropped")
        {
            assert!(
                std::time::Instant::now() < end,
                "the image is not in the node"
            );
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// A switch changes one value of the file and nothing else.
    async fn context_switched(&self) {
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
        let ticked = count_ticks(&self.tray.menu().await);
        assert_eq!(ticked, 1, "one context is the current one");
    }

    async fn stopped_and_started(&self) {
        self.tray.click("Stop “dev”").await;
        self.tray
            .wait("that the cluster stopped", SOON, |menu| {
                menu.rows[0].text == "dev · Stopped"
            })
            .await;
        self.picture("stopped").await;
        // What the command line does shows in the app.
        self.user.apple_k8s(["start", "cluster", "dev"]).ok();
        self.tray.wait("that the cluster runs", SOON, runs).await;
    }

    /// Deleting asks, and takes the entry of the kubeconfig with it.
    async fn deleted(&self) {
        self.tray.click("Delete…").await;
        self.window.shows("Delete “dev”?", SOON).await;
        self.picture("delete").await;
        self.window.press("Delete “dev”").await;
        self.tray
            .wait("that the cluster is gone", SOON, |menu| {
                menu.find("No cluster yet").is_some()
            })
            .await;
        let expected = OTHERS.replace("current-context: work #", "current-context: play #");
        assert_eq!(self.user.kubeconfig_text().as_deref(), Some(&*expected));
    }

    async fn picture(&self, name: &str) {
        self.window
            .picture(&pictures().join(format!("{name}.png")))
            .await;
    }
}

fn runs(menu: &app_tests::Row) -> bool {
    menu.rows[0].text.starts_with("dev · Running")
}

fn count_ticks(row: &app_tests::Row) -> usize {
    usize::from(row.ticked == Some(true)) + row.rows.iter().map(count_ticks).sum::<usize>()
}

/// This machine's architecture, as images name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Where pictures go.
fn pictures() -> PathBuf {
    let folder = std::env::var_os("SCREENSHOTS").map_or_else(
        || std::env::temp_dir().join("apple-k8s-pictures"),
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    folder
}

/// The built app, beside the other programs.
fn app_program() -> PathBuf {
    let program = Programs::get().apple_k8s.with_file_name("apple-k8s-app");
    assert!(
        program.is_file(),
        "the app is missing: build it with `make build-app`"
    );
    program
}

fn environment(user: &User, desktop: &Desktop) -> Vec<(&'static str, PathBuf)> {
    vec![
        ("APPLE_K8S_HOME", user.home()),
        ("APPLE_K8S_CONFIG", desktop.home().join("app")),
        ("APPLE_K8S_CONTAINER", Programs::get().container.clone()),
        ("KUBECONFIG", user.kubeconfig()),
        // `container` on Linux keeps its images there.
        ("HOME", std::env::home_dir().expect("a home folder")),
    ]
}
