//! Where the app keeps its own files.

use std::path::{Path, PathBuf};

use engine::{AppFolders, Result};

/// The app's own folders. The clusters' are the engine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    config: PathBuf,
    logs: PathBuf,
}

impl Place {
    /// The user's own, as [`AppFolders::of_user`] says.
    pub fn of_user() -> Result<Self> {
        AppFolders::of_user().map(Self::from)
    }

    /// All in one folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self::from(AppFolders::at(folder))
    }

    /// Folder of settings, drafts and what is remembered.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Folder of the app's own logs.
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// The settings.
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("settings.json")
    }

    /// What the app remembers by itself.
    pub(crate) fn memory_file(&self) -> PathBuf {
        self.config.join("memory.json")
    }

    /// Folder of unfinished Cluster YAMLs.
    pub(crate) fn drafts(&self) -> PathBuf {
        self.config.join("drafts")
    }
}

impl From<AppFolders> for Place {
    fn from(AppFolders { config, logs }: AppFolders) -> Self {
        Self { config, logs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written here and not known there would stay behind.
    #[test]
    fn an_uninstall_knows_every_file() {
        let known = include_str!("../../engine/src/uninstall/settings");
        let place = Place::at("/app");
        for path in [place.settings_file(), place.memory_file(), place.drafts()] {
            let name = path.file_name().unwrap().to_str().unwrap();
            let mut lines = known.lines().map(|line| line.trim_end_matches('*'));
            assert!(lines.any(|line| line == name), "{name}");
        }
    }
}
