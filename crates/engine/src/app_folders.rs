//! Where the app keeps its own files. The clusters' are the engine's [`crate::Home`].

use std::path::PathBuf;

use crate::error::{Error, ErrorCode, Result};

/// The app's own folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppFolders {
    /// Settings, drafts and what is remembered.
    pub config: PathBuf,
    /// The app's own logs.
    pub logs: PathBuf,
}

impl AppFolders {
    /// Environment variable that names the folder of settings and logs.
    pub const VARIABLE: &str = "APPLE_K8S_CONFIG";

    /// The user's own: what [`AppFolders::VARIABLE`] names, or the platform's folders
    /// (`~/Library/Application Support` and `~/Library/Logs` on a Mac, `~/.config` and
    /// `~/.local/state` on Linux).
    ///
    /// # Errors
    /// When the user's home folder is not known.
    pub fn of_user() -> Result<Self> {
        if let Some(folder) = std::env::var_os(Self::VARIABLE).filter(|path| !path.is_empty()) {
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
                "set HOME, or {} to a folder of your choice",
                Self::VARIABLE
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
}
