//! Scenes of the life of the app, each on a stage that is set once.

mod configuration;
mod drops;
pub(crate) mod faults;
mod images;
mod life;
mod outside;
mod pictures;
mod quit;
mod secrets;
pub(crate) mod settings;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use app_tests::{Desktop, Notices, Row, Screen, Tray, UserPrograms, Window};
use system_tests::{Call, Programs, User};

/// A cluster is ready in this time on a slow machine.
const READY: Duration = Duration::from_mins(3);

/// Everything else takes at most this long.
const SOON: Duration = Duration::from_secs(30);

/// The cluster that one click makes.
const CLUSTER: &str = "dev";

/// What a kubeconfig of somebody who works with other clusters too looks like.
pub(crate) const OTHERS: &str = "\
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
- {name: me, user: {token: known-to-me-alone}}
";

/// The app on a desktop of its own, and the user whose clusters it shows.
pub(crate) struct Scene {
    user: User,
    desktop: Desktop,
    window: Window,
    tray: Tray,
    notices: Notices,
    programs: UserPrograms,
}

impl Drop for Scene {
    /// A test that failed half way leaves a picture, and no nodes.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let test = std::thread::current();
            self.picture_of_desktop(&format!("failed-{}", test.name().unwrap_or("test")));
            eprintln!("{}", self.log());
            self.keep_logs_of_failures();
        }
        for cluster in [CLUSTER, configuration::CANCELLED] {
            let there = self.user.home().join("clusters").join(cluster).exists();
            if there {
                let _ = self.user.apple_k8s(["delete", "cluster", cluster]).run();
            }
        }
    }
}

impl Scene {
    /// Opens the app on a new desktop, with more variables than it needs for itself.
    pub(crate) async fn begin(user: User, more: &[(&'static str, PathBuf)]) -> Self {
        Self::on(Desktop::start(), user, more).await
    }

    async fn on(desktop: Desktop, user: User, more: &[(&'static str, PathBuf)]) -> Self {
        let notices = Notices::on(desktop.bus_address()).await;
        let programs = UserPrograms::within(desktop.home());
        let mut environment = environment(&user, &desktop);
        environment.extend(programs.environment());
        environment.extend(more.iter().cloned());
        let window = Window::of_app(&desktop, &app_program(), &environment).await;
        let tray = Tray::find(desktop.bus_address()).await;
        Self {
            user,
            desktop,
            window,
            tray,
            notices,
            programs,
        }
    }

    /// Starts the app anew, once the one that was there is gone.
    async fn started_anew(&mut self) {
        self.tray.gone(SOON).await;
        let mut environment = environment(&self.user, &self.desktop);
        environment.extend(self.programs.environment());
        self.window = Window::of_app(&self.desktop, &app_program(), &environment).await;
        self.tray = Tray::find(self.desktop.bus_address()).await;
    }

    /// Closes the main window; the app goes on.
    async fn closed(&self) {
        let screen = Screen::of(self.desktop.display());
        screen.close(MAIN_WINDOW);
        screen.wait(MAIN_WINDOW, false, SOON).await;
    }

    /// Opens the main window from the tray.
    async fn opened(&self) {
        self.tray.click("Open apple-k8s").await;
        let client = self.window.client();
        let end = Instant::now() + SOON;
        loop {
            let windows = client.windows().await.expect("windows");
            if let Some(window) = windows.into_iter().next() {
                let switched = client.switch_to_window(window).await;
                return switched.expect("a window that is there");
            }
            assert!(Instant::now() < end, "no window was opened");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ends the app.
    pub(crate) async fn end(self) {
        let client = self.window.client().clone();
        client.close().await.expect("the app ends");
    }

    /// What the app wrote into its log.
    fn log(&self) -> String {
        let files = std::fs::read_dir(app_folder(&self.desktop).join("logs"));
        files
            .into_iter()
            .flatten()
            .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
            .collect()
    }

    /// What nodes said would go with them, and with the user's home.
    fn keep_logs_of_failures(&self) {
        let kept = pictures::folder().join("failed-logs");
        let now = kept.join(CLUSTER);
        let of_nodes = self.user.apple_k8s(["export", "logs"]).arg(&now);
        let of_nodes = of_nodes.args(["--name", CLUSTER]).run();
        let of_creations = Call::new("cp")
            .arg("--recursive")
            .args([self.user.home().join("logs"), kept])
            .run();
        eprintln!("logs of failures: {of_nodes:?}, {of_creations:?}");
    }

    /// Drops a file on the middle of the window.
    fn drop_file(&self, file: &Path) {
        self.drop_files(&[file]);
    }

    /// Drops files on the middle of the window, all at once.
    fn drop_files(&self, files: &[&Path]) {
        let display = self.desktop.display();
        app_tests::drop_files(display, MAIN_WINDOW, (700, 500), files, || {});
    }

    /// Drops a file on a place in the window.
    fn drop_file_at(&self, place: (i16, i16), file: &Path) {
        let display = self.desktop.display();
        app_tests::drop_files(display, MAIN_WINDOW, place, &[file], || {});
    }
}

/// The tray's last row.
const QUIT: &str = "Quit (clusters keep running)";

/// Title of the main window.
const MAIN_WINDOW: &str = "apple-k8s";

/// All of a test, however slow the machine; what hangs fails by it.
const WHOLE: Duration = Duration::from_mins(8);

/// Runs a test to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(async { tokio::time::timeout(WHOLE, work).await })
        .expect("something hangs")
}

/// Waits for something that nobody tells.
async fn until(what: &str, limit: Duration, mut fits: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !fits() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn runs(menu: &Row) -> bool {
    menu.rows[0].text.starts_with("dev · Running")
}

/// This machine's architecture, as images name it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
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

/// The app's own folder.
fn app_folder(desktop: &Desktop) -> PathBuf {
    desktop.home().join("app")
}

fn environment(user: &User, desktop: &Desktop) -> Vec<(&'static str, PathBuf)> {
    vec![
        ("APPLE_K8S_HOME", user.home()),
        ("APPLE_K8S_CONFIG", app_folder(desktop)),
        ("APPLE_K8S_CONTAINER", Programs::get().container.clone()),
        ("KUBECONFIG", user.kubeconfig()),
        // `container` on Linux keeps its images there.
        ("HOME", std::env::home_dir().expect("a home folder")),
    ]
}
