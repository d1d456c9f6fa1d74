//! Replacing a file at once: whoever reads sees the old text or the new one, also after a crash.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What the new text's file is called.
const NEW: &str = "new";

/// The step that failed, and the system's word for it.
type Failed = (&'static str, io::Error);

/// The new text beside the file, ready to take its place. Dropped, it goes.
pub(super) struct Replacement {
    target: PathBuf,
    temporary: Option<PathBuf>,
}

impl Replacement {
    /// Writes `text` to a file beside `target`, with the owner and mode of `target`.
    pub(super) fn prepare(target: &Path, text: &str) -> Result<Self, Failed> {
        let old = match fs::symlink_metadata(target) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(("looking at it", error)),
        };
        if let Some(old) = &old {
            check_replaceable(target, old)?;
        }
        // What a killed writer left; under the lock, no other writer of ours is at work here.
        for left in siblings(target, NEW) {
            let _ = fs::remove_file(left);
        }
        let temporary = beside(target, NEW);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(|error| ("writing to its folder", error))?;
        let ready = Self {
            target: target.to_owned(),
            temporary: Some(temporary),
        };
        file.write_all(text.as_bytes())
            .map_err(|error| ("writing the new text", error))?;
        if let Some(old) = &old {
            keep_owner(&file, old)?;
            let mode = fs::Permissions::from_mode(old.mode() & 0o7777);
            file.set_permissions(mode)
                .map_err(|error| ("keeping its mode", error))?;
        }
        file.sync_all()
            .map_err(|error| ("writing the new text to disk", error))?;
        Ok(ready)
    }

    /// Puts the new text in the place of the file.
    pub(super) fn commit(mut self) -> Result<(), Failed> {
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.target).map_err(|error| ("replacing it", error))?;
            self.temporary = None;
        }
        self.sync_folder();
        Ok(())
    }

    /// Removes the file, if there is one, instead of replacing it.
    pub(super) fn remove(self, exists: bool) -> Result<(), Failed> {
        if exists {
            fs::remove_file(&self.target).map_err(|error| ("removing it", error))?;
            self.sync_folder();
        }
        Ok(())
    }

    /// Makes the change outlive a power failure. It is made by now; a folder that can't be synced
    /// (some network file systems) is no reason to report failure.
    fn sync_folder(&self) {
        if let Ok(folder) = File::open(folder_of(&self.target)) {
            let _ = folder.sync_all();
        }
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}

fn check_replaceable(target: &Path, old: &fs::Metadata) -> Result<(), Failed> {
    if !old.is_file() {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
        return Err(("looking at it", error));
    }
    if old.nlink() > 1 {
        let error = io::Error::other(format!(
            "it has {} hard links, and replacing it would part them; use a symbolic link instead",
            old.nlink()
        ));
        return Err(("looking at its links", error));
    }
    // Renaming over a read-only file works, but is not what its owner asked for.
    rustix::fs::access(target, rustix::fs::Access::WRITE_OK)
        .map_err(|error| ("asking for write permission", error.into()))?;
    if old.mode() & 0o222 == 0 {
        // The superuser may write to anything; a file that nobody may write to is meant to stay.
        let error = io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only");
        return Err(("asking for write permission", error));
    }
    Ok(())
}

fn keep_owner(file: &File, old: &fs::Metadata) -> Result<(), Failed> {
    let new = file
        .metadata()
        .map_err(|error| ("keeping its owner", error))?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))
        .map_err(|error| ("keeping its owner", error))
}

/// A name beside `target` that no other process or thread uses.
pub(super) fn beside(target: &Path, what: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = prefix(target, what);
    name.push(format!("{}-{count}", std::process::id()));
    folder_of(target).join(name)
}

/// The files that [`beside`] named, by whomever they were made.
pub(super) fn siblings(target: &Path, what: &str) -> impl Iterator<Item = PathBuf> {
    let prefix = prefix(target, what);
    let entries = fs::read_dir(folder_of(target))
        .into_iter()
        .flatten()
        .flatten();
    entries.map(|entry| entry.path()).filter(move |path| {
        let name = path.file_name().unwrap_or_default();
        name.as_encoded_bytes()
            .starts_with(prefix.as_encoded_bytes())
    })
}

fn prefix(target: &Path, what: &str) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(target.file_name().unwrap_or_default());
    prefix.push(format!(".apple-k8s-{what}-"));
    prefix
}

/// The folder a path is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Makes a folder, for its owner alone, with those above it.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
