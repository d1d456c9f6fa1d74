//! Material for the tests.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kubeconfig::{CurrentContext, Entry, Error, Files};

/// Base64 of PEM that holds no key.
pub(crate) fn pem(label: &str, content: &str) -> String {
    let content = BASE64.encode(content);
    BASE64.encode(format!(
        "-----BEGIN {label}-----\n{content}\n-----END {label}-----\n"
    ))
}

/// What kubeadm writes as `admin.conf`.
pub(crate) fn admin() -> String {
    format!(
        "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {}
    server: https://172.30.0.2:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: {}
    client-key-data: {}
",
        pem("CERTIFICATE", "authority"),
        pem("CERTIFICATE", "client"),
        pem("EC PRIVATE KEY", "no key at all"),
    )
}

pub(crate) fn entry(name: &str) -> Entry {
    Entry::from_admin(&admin(), name, "https://127.0.0.1:6443").expect("a good admin.conf")
}

/// The files of the corpus, with their texts.
pub(crate) fn corpus() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the corpus")
        .map(|file| file.expect("a file").path())
        .filter(|path: &PathBuf| path.extension().is_some())
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(path).expect("UTF-8"))
        })
        .collect();
    files.sort();
    assert!(files.len() >= 20, "the corpus is not all there");
    files
}

/// Unmodified kubectl: `$APPLE_K8S_KUBECTL`, else what `xtask tools` fetched, else that of `$PATH`.
pub(crate) fn kubectl() -> PathBuf {
    let named = std::env::var_os("APPLE_K8S_KUBECTL").map(PathBuf::from);
    let cache = std::env::var_os("CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| Some(std::env::home_dir()?.join(".cache/apple-k8s")));
    let fetched = cache.map(|cache| cache.join("tools/kubectl"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&path).map(|folder| folder.join("kubectl"));
    named
        .or(fetched.filter(|kubectl| kubectl.is_file()))
        .or_else(|| installed.into_iter().find(|kubectl| kubectl.is_file()))
        .expect("no kubectl: run `cargo run -p xtask -- tools`, or set APPLE_K8S_KUBECTL to one")
}

/// A kubeconfig with little in it.
pub(crate) const TEXT: &str = "# mine\napiVersion: v1\nkind: Config\nclusters: []\n";

/// A folder for one test.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The names in the folder, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The one file.
pub(crate) fn files(path: &Path) -> Files {
    Files::from_env(Some(path)).unwrap()
}

/// Adds the entry `demo` and makes its context current.
pub(crate) fn add(path: &Path) -> Result<kubeconfig::Added, Error> {
    files(path).add(&entry("demo"), CurrentContext::Set)
}
