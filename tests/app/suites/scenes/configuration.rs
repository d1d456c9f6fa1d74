//! The configurator: form and text edit each other; what comes of it is applied, or made.

use app_tests::Key;
use system_tests::free_port;

use super::drops::NODE_PORT;
use super::{CLUSTER, READY, SOON, Scene, until};

/// A cluster whose creation is cancelled.
pub(super) const CANCELLED: &str = "short";

/// Lines of the editor, which lives in a tree of its own.
const EDITOR: &str = "document.querySelector('.editor')?.shadowRoot?.querySelector('.cm-content')";

impl Scene {
    /// A worker added in the form, its label in the text: applied after the plan was seen.
    pub(crate) async fn configured(&self) {
        self.window.ctrl('8').await;
        self.window.press("Add worker").await;
        self.text_has("- role: worker").await;
        let port = free_port();
        let published =
            format!("extraPortMappings: [{{containerPort: {NODE_PORT}, hostPort: {port}}}]");
        self.write_below("- role: worker", &published).await;
        self.write_below("- role: worker", "labels: {tier: front}")
            .await;
        self.text_has("    labels: {tier: front}").await;
        self.window.press("Labels 1").await;
        self.window
            .holds("Label 1 of worker, key", "tier", SOON)
            .await;
        self.window
            .fill("Label tier of worker, value", "back")
            .await;
        self.text_has("labels: {tier: back}").await;
        self.window.shows("2 changes", SOON).await;
        self.picture_both("configuration").await;
        self.window.press("Apply…").await;
        self.window.shows("Apply 2 changes to “dev”?", SOON).await;
        self.window.shows("dev-worker", SOON).await;
        self.picture_both("plan").await;
        self.window.press("Apply 2 changes").await;
        self.tray
            .wait("two nodes", READY, |menu| {
                menu.rows[0].text.contains("Running · 2 nodes")
            })
            .await;
        let nodes = self
            .kubectl(["get", "nodes", "--selector", "tier=back"])
            .ok();
        let worker = nodes.text().contains("dev-worker") && nodes.text().contains(" Ready ");
        assert!(worker, "{}", nodes.text());
    }

    /// A creation from the configurator ends at a click, and nothing of it is left.
    pub(crate) async fn creation_cancelled(&self) {
        let kubeconfig = self.user.kubeconfig_text();
        self.tray.click("New cluster…").await;
        self.window
            .holds("Name of the cluster", "dev-2", SOON)
            .await;
        self.window.fill("Name of the cluster", CANCELLED).await;
        self.text_has("name: short").await;
        self.window.press("Create").await;
        // Asked at the first cluster that is made in the window.
        self.window.shows("Let kubectl use “short”?", SOON).await;
        self.window.press("Keep “work”").await;
        self.window.shows("Creating short", SOON).await;
        let nodes = ["list", "--all", "--format", "json"];
        until("no node was begun", SOON, || {
            let listed = self.user.container(nodes).ok();
            listed.text().contains("short-control-plane")
        })
        .await;
        self.quit_asked().await;
        self.window.press("Cancel").await;
        let told = "Cancelled. Everything made for “short” was removed.";
        self.window.shows(told, SOON).await;
        self.picture("cancelled-light");
        let listed = self.user.container(nodes).ok();
        assert!(
            !listed.text().contains("short-control-plane"),
            "a node is left: {}",
            listed.text()
        );
        assert_eq!(self.user.kubeconfig_text(), kubeconfig);
        self.window.press("Close").await;
        // Back to the cluster that there is.
        let other = format!("[data-cluster={CLUSTER}]");
        let other = self.window.element(&other).await;
        other.click().await.expect("the other cluster");
    }

    /// Waits until the editor holds a line like this.
    pub(super) async fn text_has(&self, wanted: &str) {
        let end = std::time::Instant::now() + SOON;
        loop {
            let script = format!("return {EDITOR}?.innerText ?? ''");
            let text = self.window.asked(&script).await;
            let text = text.as_str().unwrap_or_default().to_owned();
            if text.contains(wanted) {
                return;
            }
            assert!(
                std::time::Instant::now() < end,
                "the text never had \"{wanted}\", but:\n{text}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// Types a line of its own below the line that is this.
    async fn write_below(&self, above: &str, line: &str) {
        let at = format!(
            "const place = {EDITOR}; place.focus();
             return [...place.querySelectorAll('.cm-line')].findIndex((line) => line.innerText.trim() === '{above}')"
        );
        let at = self.window.asked(&at).await.as_u64();
        let at = at.unwrap_or_else(|| panic!("no line \"{above}\""));
        self.window.ctrl(Key::Home).await;
        let down = char::from(Key::Down).to_string();
        let down = down.repeat(usize::try_from(at).expect("a line"));
        let [end, enter] = [Key::End, Key::Enter].map(char::from);
        self.window.keys(&format!("{down}{end}{enter}{line}")).await;
    }
}
