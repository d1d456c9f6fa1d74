//! Where the engine keeps what it must remember.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorCode, Result};

/// The folders of the product: `~/Library/Application Support/dev.apple-k8s.apple-k8s` on a Mac,
/// `~/.local/share/apple-k8s` on Linux, or what `APPLE_K8S_HOME` names.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The user's own home of the product.
    pub fn of_user() -> Result<Self> {
        if let Some(root) = std::env::var_os("APPLE_K8S_HOME").filter(|root| !root.is_empty()) {
            return Ok(Self::at(
                std::path::absolute(&root).unwrap_or_else(|_| root.into()),
            ));
        }
        directories::ProjectDirs::from("dev", "apple-k8s", "apple-k8s")
            .map(|dirs| Self::at(dirs.data_dir()))
            .ok_or_else(|| {
                Error::new(
                    ErrorCode::Internal,
                    "the home folder of this user is not known",
                )
                .hint("set HOME, or APPLE_K8S_HOME to a folder of your choice")
            })
    }

    /// A home in a folder of the caller's choice.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where all files lie.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where logs of failed operations are kept, a folder each.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// The Cluster YAML of a cluster that was completely created, as it is now.
    pub fn cluster_file(&self, name: &str) -> PathBuf {
        self.cluster(name).spec_file()
    }

    /// A kubeconfig with the cluster's context alone, for the user's eyes alone.
    pub fn kubeconfig_file(&self, name: &str) -> PathBuf {
        self.cluster(name).kubeconfig_file()
    }

    /// What is remembered of one cluster.
    pub(crate) fn cluster(&self, name: &str) -> ClusterDir {
        ClusterDir {
            path: self.root.join("clusters").join(name),
        }
    }

    /// Names of the clusters that were completely created, sorted. Asks nobody but this folder.
    pub fn cluster_names(&self) -> Result<Vec<String>> {
        let folder = self.root.join("clusters");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", &folder, &error)),
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| self.cluster(name).spec_file().exists())
            .collect();
        names.sort();
        Ok(names)
    }

    /// Names of all clusters of which anything is remembered, sorted.
    pub(crate) fn known_names(&self) -> Result<Vec<String>> {
        let folder = self.root.join("clusters");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", &folder, &error)),
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| spec::validate_name(name).is_ok())
            .collect();
        names.sort();
        Ok(names)
    }

    /// A new folder for the logs of a failed operation on a cluster.
    pub(crate) fn new_log_folder(&self, cluster: &str) -> Result<PathBuf> {
        let stamp = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
        let folder = self.logs().join(format!("{cluster}-{stamp}"));
        create_private_dir(&folder)?;
        Ok(folder)
    }
}

/// A creation that has not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Creation {
    /// What its containers carry as a label.
    pub(crate) id: String,
    /// Names of all its nodes, made or not.
    pub(crate) nodes: Vec<String>,
}

impl Creation {
    fn parse(text: &str) -> Self {
        let mut lines = text.lines().map(str::to_owned);
        Self {
            id: lines.next().unwrap_or_default(),
            nodes: lines.collect(),
        }
    }

    fn text(&self) -> String {
        let lines = std::iter::once(&self.id).chain(&self.nodes);
        lines.flat_map(|line| [line.as_str(), "\n"]).collect()
    }
}

/// The files of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct ClusterDir {
    path: PathBuf,
}

impl ClusterDir {
    /// The saved Cluster YAML. It exists exactly when the cluster was completely created.
    pub(crate) fn spec_file(&self) -> PathBuf {
        self.path.join("cluster.yaml")
    }

    /// Names the creation under way and its nodes, one a line. A creation that was killed leaves
    /// it behind, and only what belongs to it may then be removed.
    pub(crate) fn creation_file(&self) -> PathBuf {
        self.path.join("creation")
    }

    /// Names the nodes that a change is making, in the form of the creation file. A change that
    /// was killed leaves it behind; none of these nodes belongs to the cluster yet.
    pub(crate) fn change_file(&self) -> PathBuf {
        self.path.join("change")
    }

    /// There while the nodes are being stopped. A stop that was cut short leaves it behind: its
    /// nodes may be on their way down and still count as running.
    pub(crate) fn stop_file(&self) -> PathBuf {
        self.path.join("stop")
    }

    /// Remembers that the nodes are told to stop.
    pub(crate) fn begin_stop(&self) -> Result<()> {
        Self::write(&self.stop_file(), "")
    }

    /// There while the cluster is being deleted. A delete that was killed leaves it behind: what is
    /// left is no cluster any more.
    pub(crate) fn deletion_file(&self) -> PathBuf {
        self.path.join("deletion")
    }

    /// Remembers that the cluster is being deleted.
    pub(crate) fn begin_deletion(&self) -> Result<()> {
        Self::write(&self.deletion_file(), "")
    }

    /// The creations and changes that made its nodes, one a line: what other homes made is told
    /// from them.
    fn creations_file(&self) -> PathBuf {
        self.path.join("creations")
    }

    /// The creations and changes that made its nodes.
    pub(crate) fn creations(&self) -> Result<Vec<String>> {
        let text = Self::read(&self.creations_file())?.unwrap_or_default();
        let mut all: Vec<String> = text.lines().map(str::to_owned).collect();
        // Of a creation that was killed before they were remembered for good.
        all.extend(self.creation()?.map(|creation| creation.id));
        Ok(all)
    }

    /// The creation under way, or the one that was killed.
    pub(crate) fn creation(&self) -> Result<Option<Creation>> {
        Ok(Self::read(&self.creation_file())?.map(|text| Creation::parse(&text)))
    }

    /// The nodes being made by the change under way, or by the one that was killed.
    pub(crate) fn change(&self) -> Result<Option<Creation>> {
        Ok(Self::read(&self.change_file())?.map(|text| Creation::parse(&text)))
    }

    /// Remembers that a creation is under way.
    pub(crate) fn begin_creation(&self, creation: &Creation) -> Result<()> {
        Self::write(&self.creation_file(), &creation.text())?;
        Self::write(&self.creations_file(), &format!("{}\n", creation.id))
    }

    /// Remembers that a change makes nodes.
    pub(crate) fn begin_change(&self, creation: &Creation) -> Result<()> {
        // A cluster of which none is remembered is known by its name alone, and stays so.
        if let Some(mut all) = Self::read(&self.creations_file())? {
            all.push_str(&creation.id);
            all.push('\n');
            Self::write(&self.creations_file(), &all)?;
        }
        Self::write(&self.change_file(), &creation.text())
    }

    /// The engine's own access to the cluster's API.
    pub(crate) fn kubeconfig_file(&self) -> PathBuf {
        self.path.join("kubeconfig")
    }

    /// The user's kubeconfig files that an entry was written to, one path a line.
    pub(crate) fn exports_file(&self) -> PathBuf {
        self.path.join("kubeconfig-files")
    }

    /// Remembers a kubeconfig file that is given an entry, so that a delete finds it from any
    /// folder.
    pub(crate) fn note_export(&self, kubeconfig: &Path) -> Result<()> {
        let target = std::path::absolute(kubeconfig)
            .map_err(|error| Error::io("find", kubeconfig, &error))?
            .display()
            .to_string();
        let mut list = Self::read(&self.exports_file())?.unwrap_or_default();
        if list.lines().any(|line| line == target) {
            return Ok(());
        }
        list.push_str(&target);
        list.push('\n');
        Self::write(&self.exports_file(), &list)
    }

    /// Whether anything of the cluster is remembered.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Makes the folder.
    pub(crate) fn create(&self) -> Result<()> {
        create_private_dir(&self.path)
    }

    /// Reads one of the files; none when it does not exist.
    pub(crate) fn read(file: &Path) -> Result<Option<String>> {
        match fs::read_to_string(file) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", file, &error)),
        }
    }

    /// Replaces one of the files in one step, readable by the user alone.
    pub(crate) fn write(file: &Path, text: &str) -> Result<()> {
        let part = file.with_extension("part");
        let write = || {
            let mut out = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&part)?;
            out.write_all(text.as_bytes())?;
            out.sync_all()?;
            fs::rename(&part, file)
        };
        write().map_err(|error| {
            // Nothing refers to the part; a failure to remove it changes nothing.
            let _ = fs::remove_file(&part);
            Error::io("write", file, &error)
        })
    }

    /// Removes one of the files; it may be gone already.
    pub(crate) fn remove(file: &Path) -> Result<()> {
        match fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", file, &error))
            }
            _ => Ok(()),
        }
    }

    /// Forgets the cluster. Killed meanwhile, it leaves nothing that a creation would stumble over.
    pub(crate) fn remove_all(&self) -> Result<()> {
        Self::remove(&self.spec_file())?;
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", &self.path, &error))
            }
            _ => Ok(()),
        }
    }
}

/// Makes a folder, and those above it, for the user alone.
pub(crate) fn create_private_dir(path: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Error::io("create the folder", path, &error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn exports_are_remembered_once_and_by_their_whole_path() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = Home::at(folder.path()).cluster("dev");
        dir.create().expect("made");
        for _ in 0..2 {
            dir.note_export(Path::new("config")).expect("noted");
        }
        let noted = ClusterDir::read(&dir.exports_file())
            .expect("readable")
            .expect("there");
        let whole = std::path::absolute("config").expect("a path");
        assert_eq!(noted, format!("{}\n", whole.display()));
    }

    #[test]
    fn a_creation_is_remembered_with_its_nodes() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = Home::at(folder.path()).cluster("dev");
        assert_eq!(dir.creation().expect("readable"), None);
        dir.create().expect("made");
        let creation = Creation {
            id: "abc".into(),
            nodes: vec!["dev-control-plane".into(), "dev-worker".into()],
        };
        dir.begin_creation(&creation).expect("written");
        assert_eq!(dir.creation().expect("readable"), Some(creation));
    }

    #[test]
    fn creations_and_changes_are_remembered_for_good() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = Home::at(folder.path()).cluster("dev");
        dir.create().expect("made");
        let made_by = |id: &str| Creation {
            id: id.into(),
            nodes: vec![],
        };
        dir.begin_creation(&made_by("first")).expect("written");
        ClusterDir::remove(&dir.creation_file()).expect("it came to its end");
        dir.begin_change(&made_by("second")).expect("written");
        ClusterDir::remove(&dir.change_file()).expect("it came to its end");
        assert_eq!(dir.creations().expect("readable"), ["first", "second"]);
        dir.begin_creation(&made_by("anew")).expect("written");
        assert_eq!(dir.creations().expect("readable"), ["anew", "anew"]);
    }

    #[test]
    fn files_are_private_and_replaced_in_one_step() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = Home::at(folder.path()).cluster("dev");
        dir.create().expect("made");
        ClusterDir::write(&dir.kubeconfig_file(), "one").expect("written");
        ClusterDir::write(&dir.kubeconfig_file(), "two").expect("replaced");
        let mode = fs::metadata(dir.kubeconfig_file()).expect("there").mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            ClusterDir::read(&dir.kubeconfig_file())
                .expect("readable")
                .as_deref(),
            Some("two")
        );
    }
}
