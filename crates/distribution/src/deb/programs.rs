//! The programs that are packed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Profile;
use crate::clone_folder;

/// Packages of the workspace with a program that is shipped.
const PACKAGES: [&str; 3] = ["cli", "linux-container", "apple-k8s-app"];

/// Built programs.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `apple-k8s`.
    pub apple_k8s: PathBuf,
    /// `container`.
    pub container: PathBuf,
    /// The app.
    pub app: PathBuf,
}

impl Programs {
    /// Builds them, where they are not built already.
    ///
    /// # Errors
    /// When the pages of the windows are missing, and when cargo fails.
    pub fn build(profile: Profile) -> Result<Self> {
        let pages = clone_folder().join("ui/dist/index.html");
        ensure!(
            pages.is_file(),
            "the pages of the windows are not built: run `make pages`"
        );
        let mut folder = target_folder()?;
        let mut cargo = Command::new("cargo");
        cargo
            .args(["build", "--locked", "--quiet"])
            .current_dir(clone_folder());
        for package in PACKAGES {
            cargo.args(["--package", package]);
        }
        if profile == Profile::Release {
            // A folder of its own: other flags would have everything else built anew.
            folder = folder.join("package");
            cargo
                .arg("--release")
                .arg("--target-dir")
                .arg(&folder)
                .env("CARGO_ENCODED_RUSTFLAGS", without_paths()?);
        }
        let status = cargo.status().context("running cargo")?;
        ensure!(
            status.success(),
            "the programs could not be built: {status}"
        );
        Ok(Self::in_folder(&folder.join(match profile {
            Profile::Release => "release",
            Profile::Dev => "debug",
        })))
    }

    /// Those of a folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            apple_k8s: folder.join("apple-k8s"),
            container: folder.join("container"),
            app: folder.join("apple-k8s-app"),
        }
    }
}

/// Flags with which no program tells where it was compiled: the same bytes from every folder.
fn without_paths() -> Result<String> {
    let clone = clone_folder().canonicalize()?;
    let cargo = match std::env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => std::env::home_dir()
            .context("no home folder is known")?
            .join(".cargo"),
    };
    let flag = |path: &Path, name: &str| format!("--remap-path-prefix={}={name}", path.display());
    Ok([flag(&clone, "apple-k8s"), flag(&cargo, "cargo")].join("\u{1f}"))
}

fn target_folder() -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(clone_folder().join("Cargo.toml"))
        .no_deps()
        .exec()?;
    Ok(metadata.target_directory.into())
}
