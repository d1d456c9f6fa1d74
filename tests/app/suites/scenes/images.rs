//! Images that not every node has: loaded into one alone, or only begun.

use app_tests::Row;
use system_tests::{Archive, Compression, Form};

use super::{SOON, Scene, architecture};

/// Takes long enough to be caught half way.
const HEAVY: usize = 64 << 20;

impl Scene {
    /// Let go over a node's row, an image goes into that node alone.
    pub(crate) async fn image_for_one_node(&self) {
        let archive = Archive {
            reference: "docker.io/library/single:1",
            architecture: architecture(),
            form: Form::Docker,
            compression: Compression::Plain,
        }
        .write(&self.user, "single.tar");
        self.window.ctrl('1').await;
        self.window.element("[data-node=dev-worker]").await;
        let place = "const { left, top, width, height } = document.querySelector('[data-node=dev-worker]').getBoundingClientRect();
            return [left + width / 2, top + height / 2].map(Math.round)";
        let place = self.window.asked(place).await;
        let at = |index: usize| {
            let place = place[index].as_i64().expect("a place");
            i16::try_from(place).expect("a place on the screen")
        };
        self.drop_file_at((at(0), at(1)), &archive);
        self.window.shows("single:1 is on 1 node", SOON).await;
        assert!(self.has("dev-worker", "single"));
        assert!(
            !self.has("dev-control-plane", "single"),
            "it was for one node alone"
        );
        self.picture_both("image-on-one-node").await;
    }

    /// What one node has and another lacks goes from node to node at a click.
    pub(crate) async fn image_for_missing_nodes(&self) {
        self.window.ctrl('4').await;
        let missing = "button[aria-label=\"Load to missing: single:1, 1 node\"]";
        let missing = self.window.element(missing).await;
        missing.click().await.expect("a button that can be clicked");
        // With the time that it took in between.
        self.window.shows("single:1 is on 2 nodes, ", SOON).await;
        self.window.shows(" s. One had it already.", SOON).await;
        assert!(self.has("dev-control-plane", "single"));
    }

    /// A load that is cancelled leaves no image on any node; the same archive loads the next time.
    pub(crate) async fn load_cancelled(&self) {
        let archive = Archive {
            reference: "docker.io/library/heavy:1",
            architecture: architecture(),
            form: Form::Oci,
            compression: Compression::Plain,
        }
        .write_heavy(&self.user, "heavy.tar", HEAVY);
        self.window.ctrl('4').await;
        self.drop_file(&archive);
        let cancel = self
            .window
            .element("button[aria-label^=\"Cancel loading\"]")
            .await;
        cancel.click().await.expect("a button that can be clicked");
        self.window.shows("Cancelled.", SOON).await;
        self.picture_both("load-cancelled").await;
        for node in ["dev-control-plane", "dev-worker"] {
            assert!(!self.has(node, "heavy"), "{node} has the image");
        }
        self.drop_file(&archive);
        self.window.shows("heavy:1 is on 2 nodes", SOON).await;
        for node in ["dev-control-plane", "dev-worker"] {
            assert!(self.has(node, "heavy"), "{node} lacks the image");
        }
        std::fs::remove_file(archive).expect("a file");
        // The menu follows the window a moment later.
        let what = "that nothing is worked on";
        let idle = |menu: &Row| menu.find("Delete…").is_some_and(|row| row.enabled);
        self.tray.wait(what, SOON, idle).await;
    }

    /// Whether a node's own runtime knows an image.
    fn has(&self, node: &str, image: &str) -> bool {
        let listed = self.user.container(["exec", node, "crictl", "images"]).ok();
        listed.text().contains(image)
    }
}
