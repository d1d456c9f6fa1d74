//! What goes wrong around the app: settings that can't be read, a service that is stopped, a
//! `container` that hangs, an app that is started twice.

use std::path::PathBuf;
use std::time::Duration;

use app_tests::{Desktop, Screen};
use container_script::{Act, Script, Stand};
use system_tests::{Call, Output, Programs, User};

use super::{MAIN_WINDOW, OTHERS, QUIT, SOON, Scene, app_folder, app_program, until};

/// Settings that a crash, or somebody's editor, cut short.
const HALF: &str = "{\"version\": 1, \"notify\": fal";

/// A person waits this long before they wonder.
const AT_ONCE: Duration = Duration::from_secs(5);

/// By then a `container` that hangs has been given up, and its processes ended.
const GIVEN_UP: Duration = Duration::from_mins(1);

/// A cluster that is known, though no node of it is there.
const KNOWN: &str = "\
apiVersion: apple-k8s.dev/v1alpha1
kind: Cluster
metadata:
  name: known
spec:
  nodes:
  - role: control-plane
";

/// A `container` with a root of its own: stopping its service stops nobody else's nodes.
struct OwnService<'u> {
    user: &'u User,
}

impl OwnService<'_> {
    fn root(user: &User) -> PathBuf {
        user.folder().join("containers")
    }

    fn call<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        let call = self.user.container(arguments);
        call.env("CONTAINER_APP_ROOT", Self::root(self.user)).run()
    }
}

impl Drop for OwnService<'_> {
    fn drop(&mut self) {
        self.call(["system", "stop"]);
    }
}

pub(crate) async fn service_and_settings() {
    let user = User::over(Programs::get());
    user.file("kubeconfig", OTHERS);
    let desktop = Desktop::start();
    let folder = app_folder(&desktop);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("settings.json"), HALF).expect("settings");
    let more = [("CONTAINER_APP_ROOT", OwnService::root(&user))];
    let scene = Scene::on(desktop, user, &more).await;
    let service = OwnService { user: &scene.user };

    scene.settings_kept_aside().await;
    scene.service_started().await;
    scene.service_stopped(&service).await;
    scene.started_again(&more).await;
    drop(service);
}

pub(crate) async fn hanging() {
    let user = User::over(Programs::get());
    user.file("kubeconfig", OTHERS);
    // Longer than anybody waits for it, but not for ever: nobody ends what the app leaves.
    let hanging = Script::new().on(&[], [Act::Wait(45_000), Act::Exit(1)]);
    let stand = Stand::new(&hanging);
    let more = [("APPLE_K8S_CONTAINER", stand.program())];
    let scene = Scene::begin(user, &more).await;
    scene.usable_while_it_hangs().await;
    scene.window.ctrl('0').await;
    scene
        .window
        .shows("did not finish within 15 s", GIVEN_UP)
        .await;
    scene
        .window
        .shows("run `container system stop`", SOON)
        .await;
    scene.picture_both("container-hangs").await;
    scene
        .tray
        .wait("that container can't be used", SOON, |menu| {
            menu.rows[0].text == "container can't be used"
        })
        .await;
    scene.tray.click(QUIT).await;
    let screen = Screen::of(scene.desktop.display());
    screen.wait(MAIN_WINDOW, false, AT_ONCE).await;
    until("the app ends what hangs", AT_ONCE, || stand.alive() == 0).await;
}

impl Scene {
    /// Settings that can't be read are kept, told of once, and are no reason not to start.
    async fn settings_kept_aside(&self) {
        let told = "Settings could not be read, so defaults are in use. The old file is kept as settings.json.bad.";
        self.window.shows(told, SOON).await;
        let kept = app_folder(&self.desktop).join("settings.json.bad");
        assert_eq!(std::fs::read_to_string(kept).ok().as_deref(), Some(HALF));
        self.picture_both("settings-kept-aside").await;
        self.window.press("Dismiss").await;
        self.window.hides(told, SOON).await;
    }

    /// What is missing for the first cluster is put right by one click.
    async fn service_started(&self) {
        self.tray
            .wait("that the service is stopped", SOON, |menu| {
                menu.rows[0].text == "container is not running"
                    && menu.find("Start service").is_some_and(|row| row.enabled)
            })
            .await;
        let attention = self.tray.picture().await;
        self.window.press("Start the service").await;
        self.tray
            .wait("that the service runs", SOON, |menu| {
                menu.rows[0].text == "No cluster yet"
            })
            .await;
        assert_ne!(self.tray.picture().await, attention, "all seems well");
    }

    /// A service that is stopped under the app is told within moments, with what to do.
    async fn service_stopped(&self, service: &OwnService<'_>) {
        let known = self.user.home().join("clusters/known");
        std::fs::create_dir_all(&known).expect("a folder");
        std::fs::write(known.join("cluster.yaml"), KNOWN).expect("a cluster");
        service.call(["system", "stop"]).ok();
        let told = "The container service is not running. Clusters can't start without it; nothing is lost.";
        self.window.shows(told, SOON).await;
        self.tray
            .wait("that the service is stopped", SOON, |menu| {
                menu.find("Start service").is_some_and(|row| row.enabled)
            })
            .await;
        self.picture_both("service-stopped").await;
        self.tray.click("Start service").await;
        self.window.hides(told, SOON).await;
    }

    /// Started once more, the app that runs comes forward; without a window it opens one.
    async fn started_again(&self, more: &[(&'static str, PathBuf)]) {
        let screen = Screen::of(self.desktop.display());
        screen.in_front(MAIN_WINDOW, SOON).await;
        screen.cover();
        self.start_once_more(more);
        screen.in_front(MAIN_WINDOW, AT_ONCE).await;
        screen.close(MAIN_WINDOW);
        screen.wait(MAIN_WINDOW, false, AT_ONCE).await;
        let menu = self.tray.menu().await;
        assert!(
            menu.find("Open apple-k8s").is_some(),
            "the tray went with the window"
        );
        self.start_once_more(more);
        screen.wait(MAIN_WINDOW, true, AT_ONCE).await;
        self.tray.click(QUIT).await;
        screen.wait(MAIN_WINDOW, false, AT_ONCE).await;
    }

    fn start_once_more(&self, more: &[(&'static str, PathBuf)]) {
        let environment = self.desktop.environment();
        let own = environment.into_iter();
        let own = own.chain(super::environment(&self.user, &self.desktop));
        own.chain(more.iter().cloned())
            .fold(Call::new(app_program()), |call, (name, value)| {
                call.env(name, value)
            })
            .limit(AT_ONCE)
            .ok();
    }

    /// All that needs no answer of `container` goes on.
    async fn usable_while_it_hangs(&self) {
        self.tray.click("play").await;
        let switched = OTHERS.replace("current-context: work #", "current-context: play #");
        until("the context was not switched", AT_ONCE, || {
            self.user.kubeconfig_text().as_deref() == Some(&*switched)
        })
        .await;
        self.tray.click("New cluster…").await;
        self.window
            .holds("Name of the cluster", "dev", AT_ONCE)
            .await;
        self.window.fill("Name of the cluster", "Not a name").await;
        let wrong = "is no name for a cluster";
        self.window.shows(wrong, AT_ONCE).await;
        self.window.fill("Name of the cluster", "shop").await;
        self.window.hides(wrong, AT_ONCE).await;
    }
}
