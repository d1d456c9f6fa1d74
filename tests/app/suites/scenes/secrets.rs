//! What reaches the pages is listened to: no secret may be among it.

use super::{CLUSTER, SOON, Scene};

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
        for heard in [
            "dev-worker",
            "apple-k8s-dev",
            "orders-db",
            "no connection to payments",
            "settings.json",
            "cpuCores",
            "extraPortMappings",
        ] {
            assert!(
                self.was_told(heard).await.is_some(),
                "\"{heard}\" was never heard"
            );
        }
        let secrets = self.secrets();
        for secret in &secrets {
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
