//! Where the programs under test and the unmodified tools are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::Call;
use crate::cluster::node_image;

/// Building a node image from nothing takes this long at most, in seconds.
const IMAGE_BUILD: u64 = 60 * 60;

/// The programs that tests run.
#[derive(Debug)]
pub struct Programs {
    /// `apple-k8s` itself.
    pub apple_k8s: PathBuf,
    /// `container`: on Linux our own, on a Mac Apple's.
    pub container: PathBuf,
    /// The developer tasks.
    pub xtask: PathBuf,
    /// Unmodified kubectl.
    pub kubectl: PathBuf,
    /// Unmodified Helm.
    pub helm: PathBuf,
}

impl Programs {
    /// The programs; found once.
    pub fn get() -> &'static Self {
        static PROGRAMS: OnceLock<Programs> = OnceLock::new();
        PROGRAMS.get_or_init(Self::find)
    }

    /// The programs, with the service started and the node image there: all that a cluster needs.
    pub fn with_nodes() -> &'static Self {
        static READY: OnceLock<()> = OnceLock::new();
        let programs = Self::get();
        READY.get_or_init(|| programs.prepare());
        programs
    }

    fn find() -> Self {
        let folder =
            std::env::var_os("APPLE_K8S_BIN_DIR").map_or_else(beside_this_test, PathBuf::from);
        let built = |name: &str| {
            let program = folder.join(name);
            assert!(
                program.is_file(),
                "{} is missing: build it with `make build`, or set APPLE_K8S_BIN_DIR",
                program.display()
            );
            program
        };
        let xtask = built("xtask");
        let tools = Tools::find(&xtask);
        Self {
            apple_k8s: built("apple-k8s"),
            container: if cfg!(target_os = "macos") {
                "container".into()
            } else {
                built("container")
            },
            xtask,
            kubectl: tools.kubectl,
            helm: tools.helm,
        }
    }

    fn prepare(&self) {
        Call::new(&self.container)
            .args(["system", "start", "--enable-kernel-install"])
            .seconds(300)
            .ok();
        let image = node_image();
        let there = Call::new(&self.container)
            .args(["image", "inspect", &image])
            .run();
        if !there.success() {
            eprintln!("building {image}, which takes a while");
            Call::new(&self.apple_k8s)
                .args(["build", "node-image"])
                .env("APPLE_K8S_CONTAINER", &self.container)
                .seconds(IMAGE_BUILD)
                .ok();
        }
    }
}

/// kubectl and Helm, as `xtask tools` puts them into the cache.
struct Tools {
    kubectl: PathBuf,
    helm: PathBuf,
}

impl Tools {
    fn find(xtask: &Path) -> Self {
        let folder = PathBuf::from(Call::new(xtask).arg("tools").seconds(300).ok().word());
        let tools = Self {
            kubectl: folder.join("kubectl"),
            helm: folder.join("helm"),
        };
        for tool in [&tools.kubectl, &tools.helm] {
            assert!(tool.is_file(), "`xtask tools` gave no {}", tool.display());
        }
        tools
    }
}

/// `…/target/debug`, where the test `…/target/debug/deps/suite-0123` comes from.
fn beside_this_test() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    test.ancestors()
        .skip(1)
        .find(|folder| !folder.ends_with("deps"))
        .expect("the target folder")
        .to_owned()
}
