//! Files dropped on the window: an image, manifests that run it.

use system_tests::{Archive, Compression, Form};

use super::{SOON, Scene, architecture, until};

/// A small shop whose every pod needs the dropped image: nothing else knows it.
const SHOP: &str = include_str!("shop.yaml");

/// Where each node of the cluster serves the shop.
pub(super) const NODE_PORT: u16 = 30_080;

impl Scene {
    /// An archive let go over the window is recognised by what it holds, and is in the node.
    pub(crate) async fn image_dropped(&self) {
        let archive = Archive {
            reference: "docker.io/library/dropped:1",
            architecture: architecture(),
            form: Form::Oci,
            compression: Compression::Gzip,
        }
        .write(&self.user, "anything.bin");
        let other = Archive {
            reference: "docker.io/library/along:1",
            architecture: architecture(),
            form: Form::Docker,
            compression: Compression::Zstd,
        }
        .write(&self.user, "along.tar");
        self.drop_files(&[&archive, &other]);
        self.window.shows("dropped:1", SOON).await;
        until("the images are not in the node", SOON, || {
            let images = self.user.apple_k8s(["get", "images", "dev"]).ok();
            ["dropped", "along"]
                .iter()
                .all(|name| images.text().contains(name))
        })
        .await;
    }

    /// Manifests are previewed, applied on a click, and their pods run the dropped image.
    pub(crate) async fn manifests_dropped(&self) {
        let file = self.user.file("shop.yaml", SHOP);
        self.drop_file(&file);
        self.window.shows("Apply 8 objects to “dev”?", SOON).await;
        self.window.shows("8 new, in 1 namespace", SOON).await;
        self.picture_both("manifests").await;
        let namespaces = self.kubectl(["get", "namespaces"]).ok();
        assert!(
            !namespaces.text().contains("shop"),
            "applied before anybody said so"
        );
        self.window.press("Apply to “dev”").await;
        self.window.shows("8 objects applied to “dev”", SOON).await;
        self.window.press("Dismiss").await;
        let ready = ["wait", "--for=condition=Ready", "--timeout=60s"];
        let pods = ["--namespace=shop", "pod", "--selector=runs=well"];
        self.kubectl(ready).args(pods).seconds(90).ok();
    }
}
