//! The settings: each pane, and what a change does at once, in both windows and in the files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use app_tests::{Desktop, Key, Row, Screen, Tray};
use container_script::{Act, Script, Stand};
use fantoccini::wd::WindowHandle;
use serde_json::{Value, json};
use system_tests::{Programs, User};

use super::{MAIN_WINDOW, OTHERS, QUIT, SOON, Scene, app_folder, until};

/// Title of the settings window.
pub(super) const SETTINGS: &str = "Settings";

/// The panes with a word that only they show.
pub(super) const PANES: [(&str, &str); 6] = [
    ("New clusters", "Memory of a node"),
    ("Runtime", "Kernel for nodes"),
    ("Kubeconfig", "kubectl follows"),
    ("Updates", "This app asks nobody"),
    ("Advanced", "Save bundle…"),
    ("General", "Appearance"),
];

/// The colour that the page has.
const CONTENT: &str = "const probe = document.body.appendChild(document.createElement('i'));
    probe.style.color = 'var(--content)';
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color";
const WHITE: &str = "rgb(255, 255, 255)";
const DARK: &str = "rgb(30, 30, 32)";

pub(crate) async fn apply_at_once() {
    let user = User::over(Programs::get());
    user.file("kubeconfig", OTHERS);
    let script = Script::healthy("1.5.0").on(&["list"], [Act::Stdout("[]".into())]);
    let stand = Stand::new(&script);
    let desktop = Desktop::start();
    let more = [
        ("APPLE_K8S_CONTAINER", stand.program()),
        // What starts at login is written down there, and the link of the command line.
        ("HOME", desktop.home().to_owned()),
        ("PATH", "/usr/bin:/bin".into()),
    ];
    let scene = Scene::on(desktop, user, &more).await;
    scene.window.shows("Start a cluster", SOON).await;
    let windows = scene.open_settings().await;
    scene.every_pane(&stand.program()).await;
    scene.appearance_chosen(&windows).await;
    scene.context_chosen().await;
    scene.new_clusters_described(&windows).await;
    scene.command_line_installed().await;
    let at_login = scene.start_at_login_chosen().await;
    scene.settings_reset(&windows).await;
    scene.tray.click(QUIT).await;
    scene.tray.gone(SOON).await;
    scene.started_at_login(&at_login, &more).await;
}

/// Both windows, as the driver knows them.
pub(super) struct Windows {
    pub(super) main: WindowHandle,
    pub(super) settings: WindowHandle,
}

impl Scene {
    pub(super) async fn open_settings(&self) -> Windows {
        let client = self.window.client();
        let main = client.window().await.expect("the main window");
        self.tray.click("Settings…").await;
        let end = Instant::now() + SOON;
        let settings = loop {
            let all = client.windows().await.expect("windows");
            if let Some(other) = all.into_iter().find(|one| *one != main) {
                break other;
            }
            assert!(Instant::now() < end, "no settings were opened");
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let windows = Windows { main, settings };
        self.switch_to(&windows.settings).await;
        self.window.shows("At login", SOON).await;
        windows
    }

    pub(super) async fn switch_to(&self, window: &WindowHandle) {
        let client = self.window.client();
        let switched = client.switch_to_window(window.clone()).await;
        switched.expect("a window that is there");
    }

    /// Every pane says what is so, in light and in dark.
    async fn every_pane(&self, container: &Path) {
        for (pane, word) in PANES {
            self.window.press(pane).await;
            self.window.shows(word, SOON).await;
            match pane {
                "Runtime" => {
                    self.window.shows("1.5.0", SOON).await;
                    let program = format!("input[placeholder=\"{}\"]", container.display());
                    self.window.element(&program).await;
                }
                "Kubeconfig" => {
                    let file = self.user.kubeconfig();
                    let file = file.to_str().expect("a path of letters");
                    self.window.shows(file, SOON).await;
                }
                "Advanced" => {
                    let folder = app_folder(&self.desktop);
                    let folder = folder.to_str().expect("a path of letters");
                    self.window.shows(folder, SOON).await;
                }
                _ => {}
            }
            let name = pane.to_lowercase().replace(' ', "-");
            self.picture_both_of(SETTINGS, &format!("settings-{name}"))
                .await;
        }
    }

    /// Dark is dark in both windows at once.
    async fn appearance_chosen(&self, windows: &Windows) {
        self.choose("input[value=dark]").await;
        self.saved("/appearance", &json!("dark")).await;
        for window in [&windows.main, &windows.settings] {
            self.switch_to(window).await;
            self.looks(DARK).await;
        }
    }

    /// A context of somebody else's is kubectl's from then on, and nothing else changes.
    async fn context_chosen(&self) {
        self.window.press("Kubeconfig").await;
        self.choose("label:has(bdi[title=play]) input").await;
        let expected = OTHERS.replace("current-context: work #", "current-context: play #");
        until("the context was not switched", SOON, || {
            self.user.kubeconfig_text().as_deref() == Some(&*expected)
        })
        .await;
    }

    /// What new clusters are like, the configurator begins with; nonsense is refused where it is
    /// written.
    async fn new_clusters_described(&self, windows: &Windows) {
        self.window.press("New clusters").await;
        self.enter("Workers", "300").await;
        self.window
            .shows("A whole number from 0 to 200.", SOON)
            .await;
        self.enter("Workers", "2").await;
        self.saved("/newCluster/workers", &json!(2)).await;
        self.enter("Name", "shop").await;
        self.saved("/newCluster/name", &json!("shop")).await;
        self.switch_to(&windows.main).await;
        self.window.press("Customise…").await;
        self.window.holds("Name of the cluster", "shop", SOON).await;
        self.window.holds("Number of worker", "2", SOON).await;
        self.switch_to(&windows.settings).await;
    }

    /// A terminal finds the command line once the user has agreed to a link, which goes as it came.
    async fn command_line_installed(&self) {
        self.window.press("General").await;
        let absent = "A terminal does not find apple-k8s.";
        self.window.shows(absent, SOON).await;
        let link = self.desktop.home().join(".local/bin/apple-k8s");
        self.window.press("Install…").await;
        self.window
            .shows("Use apple-k8s in a terminal?", SOON)
            .await;
        assert!(!link.exists(), "nobody has agreed yet");
        self.window.press("Install").await;
        self.window.shows("A terminal finds apple-k8s", SOON).await;
        let target = std::fs::read_link(&link).expect("a link");
        assert_eq!(target, Programs::get().apple_k8s);
        self.window.press("Remove…").await;
        self.window.press("Remove").await;
        self.window.shows(absent, SOON).await;
        assert!(std::fs::symlink_metadata(&link).is_err(), "the link stays");
    }

    /// The desktop is told to start the app at login; gives the words that it is started by.
    async fn start_at_login_chosen(&self) -> Vec<String> {
        self.window.press("General").await;
        let choice = "//label[contains(normalize-space(.), 'Start apple-k8s, without a window')]";
        let choice = self.window.at(choice).await;
        choice.click().await.expect("a choice that can be clicked");
        self.saved("/startAtLogin", &json!(true)).await;
        until("nothing is started at login", SOON, || {
            self.started_by().is_some()
        })
        .await;
        self.started_by().expect("a command")
    }

    /// The command that the desktop is to run at login.
    fn started_by(&self) -> Option<Vec<String>> {
        let folder = self.desktop.home().join(".config/autostart");
        let file = std::fs::read_dir(folder).ok()?.next()?.ok()?.path();
        let text = std::fs::read_to_string(file).ok()?;
        let command = text.lines().find_map(|line| line.strip_prefix("Exec="))?;
        Some(command.split_whitespace().map(str::to_owned).collect())
    }

    /// Started at login, the app is in the tray without a window, until one is asked for.
    async fn started_at_login(&self, words: &[String], more: &[(&'static str, PathBuf)]) {
        let environment = self.desktop.environment().into_iter();
        let own = environment.chain(super::environment(&self.user, &self.desktop));
        let app = Command::new(&words[0])
            .args(&words[1..])
            .envs(own.chain(more.iter().cloned()))
            .stdin(Stdio::null())
            .spawn();
        let mut app = app.expect("the app");
        let tray = Tray::find(self.desktop.bus_address()).await;
        let fits = |menu: &Row| menu.rows[0].text == "No cluster yet";
        tray.wait("that there is no cluster", SOON, fits).await;
        let screen = Screen::of(self.desktop.display());
        assert!(!screen.shows(MAIN_WINDOW), "a window was opened at login");
        tray.click("Open apple-k8s").await;
        screen.wait(MAIN_WINDOW, true, SOON).await;
        tray.click(QUIT).await;
        tray.gone(SOON).await;
        let ended = app.wait().expect("the app's end");
        assert!(ended.success(), "{ended}");
    }

    /// Everything is as it was at first, also how it looks.
    async fn settings_reset(&self, windows: &Windows) {
        self.window.press("Advanced").await;
        self.window.press("Reset…").await;
        self.window.shows("Reset all settings?", SOON).await;
        self.window.press("Reset settings").await;
        self.saved("/appearance", &json!("system")).await;
        self.saved("/newCluster/workers", &json!(0)).await;
        until("it is still started at login", SOON, || {
            self.started_by().is_none()
        })
        .await;
        for window in [&windows.settings, &windows.main] {
            self.switch_to(window).await;
            self.looks(WHITE).await;
        }
    }

    async fn choose(&self, selector: &str) {
        let choice = self.window.element(selector).await;
        choice.click().await.expect("a choice that can be clicked");
    }

    /// Writes into a field and leaves it by Return.
    async fn enter(&self, label: &str, text: &str) {
        self.window.fill(label, text).await;
        self.window.keys(&char::from(Key::Enter).to_string()).await;
    }

    /// Waits until the file of the settings has this.
    async fn saved(&self, pointer: &str, wanted: &Value) {
        let file = app_folder(&self.desktop).join("settings.json");
        until(&format!("{pointer} was never {wanted}"), SOON, || {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let settings: Value = serde_json::from_str(&text).unwrap_or_default();
            settings.pointer(pointer) == Some(wanted)
        })
        .await;
    }

    async fn looks(&self, colour: &str) {
        let end = Instant::now() + SOON;
        loop {
            let now = self.window.asked(CONTENT).await;
            if now == colour {
                return;
            }
            assert!(Instant::now() < end, "the page is {now}, not {colour}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
