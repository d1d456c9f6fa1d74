//! What reaches the pages is listened to: no secret may be among it.

use app_tests::Screen;

use super::settings::{PANES, SETTINGS};
use super::{CLUSTER, MAIN_WINDOW, SOON, Scene};

/// From now on keeps everything that the app tells the page: answers, events, lines of logs all
/// come through one map of callbacks.
const LISTEN: &str = "
    const { callbacks } = window.__TAURI_INTERNALS__;
    const told = (window.told = []);
    const heard = (callback) => (data) => {
        told.push(data instanceof ArrayBuffer ? new TextDecoder().decode(data) : JSON.stringify(data) ?? '');
        return callback(data);
    };
    const set = callbacks.set.bind(callbacks);
    for (const [id, callback] of [...callbacks]) set(id, heard(callback));
    callbacks.set = (id, callback) => set(id, heard(callback));";

impl Scene {
    /// Begins to listen.
    pub(crate) async fn listened_to(&self) {
        self.window.shows("Start a cluster", SOON).await;
        self.window.asked(LISTEN).await;
    }

    /// Of all that was told, nothing was a secret.
    pub(crate) async fn no_secret_was_told(&self) {
        self.window.ctrl('0').await;
        self.window.press("Save bundle…").await;
        self.window.shows("settings.json", SOON).await;
        self.picture_both("bundle").await;
        self.window.press("Cancel").await;
        // The view is still there, the listening with it.
        let secrets = self.secrets();
        let heard = [
            "dev-worker",
            "apple-k8s-dev",
            "orders-db",
            "no connection to payments",
            "settings.json",
            "cpuCores",
            "extraPortMappings",
        ];
        self.was_told_none_of(&secrets, &heard).await;

        let windows = self.open_settings().await;
        self.window.asked(LISTEN).await;
        for (pane, word) in PANES {
            self.window.press(pane).await;
            self.window.shows(word, SOON).await;
            if pane == "Advanced" {
                self.window.press("Save bundle…").await;
                self.window.shows("settings.json", SOON).await;
                self.window.press("Cancel").await;
            }
        }
        self.was_told_none_of(&secrets, &["settings.json"]).await;
        let screen = Screen::of(self.desktop.display());
        screen.close(SETTINGS);
        screen.wait(SETTINGS, false, SOON).await;
        screen.focus(MAIN_WINDOW);
        self.switch_to(&windows.main).await;
    }

    /// Of these secrets the page has heard none, though it has heard the rest.
    async fn was_told_none_of(&self, secrets: &[String], heard: &[&str]) {
        for text in heard {
            let told = self.was_told(text).await;
            assert!(told.is_some(), "\"{text}\" was never heard");
        }
        for secret in secrets {
            let told = self.was_told(secret).await;
            assert!(told.is_none(), "{secret} was told to the page: {told:?}");
        }
    }

    /// The beginning of what was told with this in it.
    async fn was_told(&self, text: &str) -> Option<String> {
        let text = serde_json::to_string(text).expect("a text");
        let script = format!(
            "return window.told.find((one) => one.includes({text}))?.slice(0, 400) ?? null"
        );
        self.window.asked(&script).await.as_str().map(str::to_owned)
    }

    /// All that nobody but the user, the shop and the cluster may know.
    fn secrets(&self) -> Vec<String> {
        let known = [
            "known-to-me-alone",
            "known-to-the-shop-alone",
            "PRIVATE KEY",
            "client-key-data",
        ];
        let mut secrets: Vec<String> = known.map(str::to_owned).into();
        // The shop's password as the API has it.
        secrets.push("a25vd24tdG8tdGhlLXNob3AtYWxvbmU=".to_owned());
        let kubeconfig = self
            .user
            .home()
            .join("clusters")
            .join(CLUSTER)
            .join("kubeconfig");
        let kubeconfig = std::fs::read_to_string(kubeconfig).expect("the cluster's kubeconfig");
        let key = kubeconfig
            .lines()
            .find_map(|line| line.trim().strip_prefix("client-key-data: "));
        secrets.push(key.expect("a key").to_owned());
        let template = r#"--output=go-template={{range .items}}{{index .data "token-secret" | base64decode}}{{"\n"}}{{end}}"#;
        let tokens = ["get", "secrets", "--namespace=kube-system", template];
        let kind = "--field-selector=type=bootstrap.kubernetes.io/token";
        let tokens = self.kubectl(tokens).args([kind]).ok();
        secrets.extend(tokens.text().lines().map(str::to_owned));
        secrets
    }
}
