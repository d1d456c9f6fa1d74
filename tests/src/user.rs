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

    /// A call of another program that knows the user's home.
    pub fn call(&self, program: impl Into<PathBuf>) -> Call {
        self.clean(Call::new(program))
            .env("APPLE_K8S_HOME", self.home())
            .env("TMPDIR", self.folder().join("tmp"))
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
    pub fn kubeconfig_text(&self) -> Option<String> {
        fs::read_to_string(self.kubeconfig()).ok()
    }

    /// All files that the product may make, with their contents: in its home, in the folder for
    /// temporary files, beside the kubeconfig.
    pub fn files(&self) -> BTreeMap<PathBuf, String> {
        let mut files = BTreeMap::new();
        for folder in [self.home(), self.folder().join("tmp")] {
            collect(&folder, &mut files);
        }
        let beside = fs::read_dir(self.folder()).expect("a folder").flatten();
        for path in beside.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.contains("kubeconfig") && path != self.kubeconfig() {
                files.insert(path.clone(), text_of(&path));
            }
        }
        files
    }

    /// The product may have left no file.
    #[track_caller]
    pub fn assert_no_files(&self) {
        let left: Vec<PathBuf> = self.files().into_keys().collect();
        assert!(left.is_empty(), "files are left: {left:?}");
    }
}

impl Default for User {
    fn default() -> Self {
        Self::new()
    }
}

fn collect(folder: &Path, into: &mut BTreeMap<PathBuf, String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&path, into);
        } else {
            into.insert(path.clone(), text_of(&path));
        }
    }
}

fn text_of(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
