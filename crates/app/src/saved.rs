//! Small files that are replaced at once, and survive what makes them unreadable.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use engine::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a file held.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Loaded<T> {
    /// There is no file.
    Absent,
    /// Its content.
    Read(T),
    /// It could not be understood; it was moved here.
    Corrupt(PathBuf),
}

/// Reads a file of JSON. One that can't be understood is kept beside, so that nothing is lost.
pub(crate) fn load<T: DeserializeOwned>(file: &Path) -> Result<Loaded<T>> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Loaded::Absent),
        Err(error) => return Err(Error::io("read", file, &error)),
    };
    match serde_json::from_slice(&bytes) {
        Ok(content) => Ok(Loaded::Read(content)),
        Err(error) => {
            tracing::warn!(file = %file.display(), %error, "a file can't be understood");
            let aside = free_name(file);
            fs::rename(file, &aside).map_err(|error| Error::io("move aside", file, &error))?;
            Ok(Loaded::Corrupt(aside))
        }
    }
}

/// A name beside a file for what it held: `.bad`, or a further one where that is taken.
fn free_name(file: &Path) -> PathBuf {
    let name = |ending: String| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let further = (2..100).map(|number| name(format!(".bad-{number}")));
    std::iter::once(name(".bad".into()))
        .chain(further)
        .find(|name| !name.exists())
        .unwrap_or_else(|| name(".bad".into()))
}

/// Writes a file of JSON.
pub(crate) fn save<T: Serialize>(file: &Path, content: &T) -> Result<()> {
    let mut text = serde_json::to_string_pretty(content).map_err(|error| {
        Error::new(
            engine::ErrorCode::Internal,
            format!("{} can't be written: {error}", file.display()),
        )
    })?;
    text.push('\n');
    replace(file, &text)
}

/// Makes a folder that is there for the user alone, unless it is there already.
pub(crate) fn folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| Error::io("create the folder", folder, &error))
}

/// Replaces a file in one step, readable by the user alone; its folder is made when missing.
pub(crate) fn replace(file: &Path, text: &str) -> Result<()> {
    if let Some(parent) = file.parent() {
        folder(parent)?;
    }
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
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

/// Removes a file that may be gone already.
pub(crate) fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", file, &error)),
        _ => Ok(()),
    }
}
