//! A user of the product with nothing of their own yet: an empty home, no kubeconfig.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Call, Programs};

/// A user, with a folder that goes when the test ends.
#[derive(Debug)]
pub struct User {
    folder: TempDir,
    programs: &'static Programs,
}

impl User {
    /// A user who can run clusters: the service is started, the node image is there.
    pub fn new() -> Self {
        Self::over(Programs::with_nodes())
    }

    /// A user of programs that need not be ready for clusters.
    pub fn over(programs: &'static Programs) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("tmp")).expect("a folder for temporary files");
        Self { folder, programs }
    }

    /// The user's own folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What `APPLE_K8S_HOME` names; made by the product.
    pub fn home(&self) -> PathBuf {
        self.folder().join("home")
    }

    /// What `KUBECONFIG` names; does not exist at first.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder().join("kubeconfig")
    }

    /// Writes a file into the user's folder and gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a folder");
        }
        fs::write(&path, content).expect("a file");
        path
    }

    /// A call of `apple-k8s`; a minute or two is plenty for any command on a small cluster.
    pub fn apple_k8s<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Call {
        self.clean(Call::new(&self.programs.apple_k8s))
            .env("APPLE_K8S_HOME", self.home())
            .env("APPLE_K8S_CONTAINER", &self.programs.container)
            .env("TMPDIR", self.folder().join("tmp"))
            .args(arguments)
            .seconds(240)
    }

    /// A call of `container`.
    pub fn container<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Call {
        self.clean(Call::new(&self.programs.container))
            .args(arguments)
    }

    /// A call of the unmodified kubectl, which sees the user's kubeconfig.
    pub fn kubectl<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Call {
        self.clean(Call::new(&self.programs.kubectl))
            .args(arguments)
    }

    /// A call of the unmodified Helm.
    pub fn helm<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Call {
        self.clean(Call::new(&self.programs.helm))
            .env("HELM_CACHE_HOME", self.folder().join("helm/cache"))
            .env("HELM_CONFIG_HOME", self.folder().join("helm/config"))
            .env("HELM_DATA_HOME", self.folder().join("helm/data"))
            .args(arguments)
    }

    fn clean(&self, call: Call) -> Call {
        let names = [
            "APPLE_K8S_CLUSTER_NAME",
            "RUST_LOG",
            "http_proxy",
            "https_proxy",
        ];
        names
            .into_iter()
            .fold(call, Call::without_env)
            .env("KUBECONFIG", self.kubeconfig())
            .in_folder(self.folder())
    }

    /// Contents of the kubeconfig; none when there is no such file.
    pub fn kubeconfig_text(&self) -> Option<Vec<u8>> {
        fs::read(self.kubeconfig()).ok()
    }

    /// All files of the product's home and of the folder for temporary files, with contents.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for folder in [self.home(), self.folder().join("tmp")] {
            collect(&folder, &mut files);
        }
        files
    }
}

impl Default for User {
    fn default() -> Self {
        Self::new()
    }
}

fn collect(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, into);
        } else {
            into.insert(path.clone(), fs::read(&path).unwrap_or_default());
        }
    }
}
