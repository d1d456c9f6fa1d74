//! The kubeconfig files in kubectl's order of precedence.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::{Entry, Error};

/// What to do with the current context when an entry is added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CurrentContext {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Make the added context current only when none is.
    SetIfUnset,
    /// Make the added context current.
    Set,
}

/// What an [`Files::add`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The file that holds the entry.
    pub file: PathBuf,
    /// Whether the entry's context is the current one now.
    pub current: bool,
    /// Whether an entry of that name was there before.
    pub replaced: bool,
}

/// What a [`Files::remove`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The files that held something of that name and were changed.
    pub files: Vec<PathBuf>,
    /// Whether the removed context was the current one (no context is current now).
    pub was_current: bool,
}

/// One context, as kubectl would see it over all files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Name of the context.
    pub name: String,
    /// Name of its cluster; empty where none is given.
    pub cluster: String,
    /// Name of its user; empty where none is given.
    pub user: String,
    /// Its namespace; `None` means `default`.
    pub namespace: Option<String>,
    /// Address of its cluster's API server, where the cluster is known.
    pub server: Option<String>,
    /// Whether it is the current context.
    pub current: bool,
    /// The file it stands in.
    pub file: PathBuf,
}

/// The kubeconfig files in use, in kubectl's order of precedence (client-go's loading rules).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    paths: Vec<PathBuf>,
}

impl Files {
    /// The files that kubectl would use in this process's environment: `explicit` alone if given;
    /// else every file of `$KUBECONFIG` (empty parts and repeats dropped); else `~/.kube/config`.
    ///
    /// # Errors
    /// [`Error::NoHome`].
    pub fn from_env(explicit: Option<&Path>) -> Result<Self, Error> {
        Self::resolve(
            explicit,
            std::env::var_os("KUBECONFIG").as_deref(),
            std::env::home_dir().as_deref(),
        )
    }

    /// As [`Files::from_env`], with the environment handed in.
    ///
    /// # Errors
    /// [`Error::NoHome`].
    pub fn resolve(
        explicit: Option<&Path>,
        kubeconfig: Option<&OsStr>,
        home: Option<&Path>,
    ) -> Result<Self, Error> {
        let _ = (explicit, kubeconfig, home);
        todo!()
    }

    /// The files, first wins. Never empty; a file need not exist.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Where a new entry goes: the first file that exists, else the last one.
    pub fn target(&self) -> &Path {
        todo!()
    }

    /// Adds `entry`, replacing cluster, user and context of that name in place.
    ///
    /// The current context is written to the file that holds one already, else to [`Files::target`].
    ///
    /// # Errors
    /// Any but [`Error::Guest`], [`Error::NoContext`]; the files are unchanged then.
    pub fn add(&self, entry: &Entry, current: CurrentContext) -> Result<Added, Error> {
        let _ = (entry, current);
        todo!()
    }

    /// Removes context, cluster and user called `name` from all files. What is not there is no
    /// error. The current context is cleared where it was `name`.
    ///
    /// # Errors
    /// The first problem met; files before it in order may be changed already, and calling again
    /// does the rest.
    pub fn remove(&self, name: &str) -> Result<Removed, Error> {
        let _ = name;
        todo!()
    }

    /// All contexts as kubectl sees them: of two with one name, the first counts.
    ///
    /// # Errors
    /// The first file that can't be read or understood.
    pub fn contexts(&self) -> Result<Vec<Context>, Error> {
        todo!()
    }

    /// Makes `name` the current context and returns the file that was changed.
    ///
    /// # Errors
    /// [`Error::NoContext`], or why the file can't be changed.
    pub fn use_context(&self, name: &str) -> Result<PathBuf, Error> {
        let _ = name;
        todo!()
    }
}
