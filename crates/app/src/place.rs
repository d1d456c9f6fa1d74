//! Where the app keeps its own files.

use std::path::{Path, PathBuf};

use engine::{Error, ErrorCode, Result};

/// Environment variable that names the folder of settings and logs.
pub const CONFIG_VARIABLE: &str = "APPLE_K8S_CONFIG";

/// The app's own folders. The clusters' are the engine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    config: PathBuf,
    logs: PathBuf,
}

impl Place {
    /// The user's own: what [`CONFIG_VARIABLE`] names, or the platform's folders
    /// (`~/Library/Application Support` and `~/Library/Logs` on a Mac, `~/.config` and
    /// `~/.local/state` on Linux).
    pub fn of_user() -> Result<Self> {
        if let Some(folder) = std::env::var_os(CONFIG_VARIABLE).filter(|path| !path.is_empty()) {
            return Ok(Self::at(
                std::path::absolute(&folder).unwrap_or_else(|_| folder.into()),
            ));
        }
        let folders = directories::ProjectDirs::from("dev", "apple-k8s", "apple-k8s");
        let (Some(folders), Some(home)) = (folders, std::env::home_dir()) else {
            return Err(Error::new(
                ErrorCode::Internal,
                "the home folder of this user is not known",
            )
            .hint(format!(
                "set HOME, or {CONFIG_VARIABLE} to a folder of your choice"
            )));
        };
        let logs = folders.state_dir().map_or_else(
            || home.join("Library/Logs/apple-k8s"),
            |state| state.join("logs"),
        );
        Ok(Self {
            config: folders.config_dir().to_owned(),
            logs,
        })
    }

    /// All in one folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        let config = folder.into();
        let logs = config.join("logs");
        Self { config, logs }
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
