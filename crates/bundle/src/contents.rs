//! What a bundle holds before it is signed: files by path, the same for the same inputs.

use std::collections::BTreeMap;
use std::fs::{self, File, FileTimes};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};

/// The bundle's property list.
pub(crate) const INFORMATION: &str = "Contents/Info.plist";
/// Type and creator, for whoever does not read the property list.
pub(crate) const PACKAGE: &str = "Contents/PkgInfo";
/// Programs.
pub(crate) const PROGRAMS: &str = "Contents/MacOS";
/// Everything else.
pub(crate) const RESOURCES: &str = "Contents/Resources";
/// The seal of resources.
pub(crate) const CODE_RESOURCES: &str = "Contents/_CodeSignature/CodeResources";
/// Apple's ticket of notarization, once it is stapled.
pub(crate) const TICKET: &str = "Contents/CodeResources";

/// How a file may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Read.
    Document,
    /// Started.
    Program,
}

impl Mode {
    /// The bits of it.
    pub(crate) const fn bits(self) -> u32 {
        match self {
            Self::Document => 0o644,
            Self::Program => 0o755,
        }
    }
}

/// The files of a bundle.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    files: BTreeMap<String, (Mode, Vec<u8>)>,
}

impl Contents {
    /// Adds a file; its path begins in the bundle's folder.
    pub(crate) fn add(&mut self, path: String, mode: Mode, content: Vec<u8>) -> Result<()> {
        let plain = path
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.'));
        ensure!(plain, "{path} is no path in a bundle");
        match self.files.insert(path, (mode, content)) {
            None => Ok(()),
            Some(_) => bail!("two files of the bundle have the same path"),
        }
    }

    /// Writes them into a new folder, every file with the same time.
    pub(crate) fn write(&self, folder: &Path, time: SystemTime) -> Result<()> {
        fs::create_dir(folder).with_context(|| format!("making {}", folder.display()))?;
        for (path, (mode, content)) in &self.files {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, content)
                .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(mode.bits())))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        set_times(folder, time)
    }
}

/// Gives all files and folders the same time, folders after what is in them.
pub(crate) fn set_times(path: &Path, time: SystemTime) -> Result<()> {
    let kind = fs::symlink_metadata(path)?;
    if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            set_times(&entry?.path(), time)?;
        }
    }
    if !kind.is_symlink() {
        let times = FileTimes::new().set_modified(time).set_accessed(time);
        File::open(path)
            .and_then(|file| file.set_times(times))
            .with_context(|| format!("setting the time of {}", path.display()))?;
    }
    Ok(())
}
