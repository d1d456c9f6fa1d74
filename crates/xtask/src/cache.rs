//! Where developer tasks keep what is costly to make: outside the clone.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// A folder of the cache, made when it is missing.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    let root = match std::env::var_os("CACHE").filter(|root| !root.is_empty()) {
        Some(root) => PathBuf::from(root),
        None => std::env::home_dir()
            .context("no home folder is known")?
            .join(".cache/apple-k8s"),
    };
    let folder = root.join(name);
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    Ok(folder)
}
